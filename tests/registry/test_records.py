"""Records through the real API and pages: kept, changed, checked by a clock, frozen into a bid, private."""

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from ggzy.client.party import Problem
from ggzy.evidence.models import Entry
from ggzy.registry.models import RecordCheck, RecordVersion, RegistryRecord
from tests.journeys.tale import Tale

ID = "110101199003070011"
PERSON = {
    "name": "张负责",
    "id_number": ID,
    "duty": "manager",
    "certificate": "训1370000000000",
    "specialty": "建筑工程",
    "valid_to": "2030-01-01",
}
BASIC = {"legal_form": "limited", "legal_representative": "王法人", "address": "某路1号", "sme": "small"}


def _keep(party: Any, kind: str, values: dict[str, str], record: str = "") -> dict[str, Any]:
    made: dict[str, Any] = party.post("/registry/records", {"kind": kind, "values": values, "record": record})
    return made


def test_a_record_is_kept_at_once_checked_by_a_clock_and_changed_by_versions(platform: Any) -> None:
    jia = platform.demo("jia")
    made = _keep(jia, "person", PERSON)
    [row] = jia.get("/registry/records")["records"]
    assert (row["state"], row["number"]) == ("unverified", 1)
    platform.work()
    [row] = jia.get("/registry/records")["records"]
    assert row["state"] == "verified" and row["checks"][0]["demo"]
    _keep(jia, "person", PERSON | {"certificate": "X-unknown", "id_number": ""}, made["record"])
    platform.work()
    versions = jia.get(f"/registry/records/{made['record']}")["versions"]
    assert [(v["number"], v["state"], v["secrets"]) for v in versions] == [
        (2, "mismatch", ["id_number"]),
        (1, "verified", ["id_number"]),
    ]
    assert Entry.objects.filter(act="registry.kept").count() == 2


def test_refusals_change_nothing(platform: Any) -> None:
    jia, yi = platform.demo("jia"), platform.demo("yi")
    made = _keep(jia, "person", PERSON)
    before = (RecordVersion.objects.count(), Entry.objects.count())
    for party, values, record, code in (
        (jia, PERSON, made["record"], "registry.nothing_changed"),
        (jia, PERSON | {"name": ""}, "", "input.invalid"),
        (yi, PERSON, made["record"], "not_found"),
        (platform.demo("zhongxin"), PERSON, "", "permission.denied"),
    ):
        with pytest.raises(Problem) as no:
            _keep(party, "person", values, record)
        assert no.value.code == code
    assert (RecordVersion.objects.count(), Entry.objects.count()) == before
    jia.post(f"/registry/records/{made['record']}/end")
    with pytest.raises(Problem) as no:
        _keep(jia, "person", PERSON | {"specialty": "市政"}, made["record"])
    assert no.value.code == "registry.record_ended"


def test_versions_and_checks_are_append_only(platform: Any) -> None:
    _keep(platform.demo("jia"), "person", PERSON)
    platform.work()
    for rows in (RecordVersion.objects.all(), RecordCheck.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(centre_id="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()


def test_an_id_number_is_encrypted_and_shown_nowhere(platform: Any) -> None:
    jia = platform.demo("jia")
    made = _keep(jia, "person", PERSON)
    _keep(jia, "basic", BASIC | {"legal_representative_id": ID, "account": "6222000011112222"})
    platform.work()
    with connection.cursor() as cursor:
        for table in (RecordVersion._meta.db_table, "evidence_entry", "registry_recordcheck"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{ID}%"])
            assert cursor.fetchone() == (0,), table
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", ["%张负责%"])
            assert cursor.fetchone() == (0,), table
    snapshot = str(jia.get("/registry/snapshot"))
    assert "张负责" in snapshot and ID not in snapshot and "6222000011112222" not in snapshot
    assert ID not in str(jia.get("/registry/records")) + str(jia.get(f"/registry/records/{made['record']}"))
    organisation = RegistryRecord.objects.first().organisation.public_id
    page = Client().get(f"/organisations/{organisation}").content.decode()
    assert "演示" in page and "某路1号" in page
    for hidden in ("张负责", "王法人", ID, "6222000011112222"):
        assert hidden not in page
    assert "张负责" not in str(platform.read_json(f"/api/v1/registry/organisations/{organisation}"))
    found = platform.read_json("/api/v1/registry/organisations?words=甲建工")["organisations"]
    assert [row["organisation"] for row in found] == [organisation]
    assert "甲建工集团" in Client().get("/organisations?words=甲建工").content.decode()


def test_taking_a_snapshot_leaves_no_trace(platform: Any) -> None:
    jia = platform.demo("jia")
    made = _keep(jia, "person", PERSON)
    before = Entry.objects.count()
    assert [r["record"] for r in jia.get(f"/registry/snapshot?record={made['record']}")["records"]] == [
        made["record"]
    ]
    assert Entry.objects.count() == before
    with pytest.raises(Problem):
        platform.demo("yi").get(f"/registry/snapshot?record={made['record']}")


def test_the_committee_sees_what_was_sealed_and_changes_later_change_nothing(
    platform: Any, folder: Path
) -> None:
    from ggzy.cli.verify import check_pack
    from ggzy.kernel.ids import make_uscc
    from ggzy.opening.queries import bidders_of_rounds, opened_bids
    from ggzy.portals.registry_desk import gather

    jia, yi = platform.demo("jia"), platform.demo("yi")
    record = _keep(jia, "person", PERSON)["record"]
    _keep(jia, "basic", BASIC)
    _keep(yi, "basic", BASIC)
    platform.work()
    tale = Tale(platform, folder).published()
    member = make_uscc(region="370100", serial=9000003 + 3)
    tale.bid("jia", registry=True, more={"subcontracts": [{"work": "防水", "share": "5"}]})
    tale.bid("yi", members=[{"uscc": member, "name": "联合体成员"}])
    tale.bid("bing")
    platform.sequence()
    platform.advance(tale.deadline)
    _keep(jia, "person", PERSON | {"certificate": "以后改的"}, record)
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    from ggzy.tendering.document import parse
    from ggzy.tendering.models import Round

    row = Round.objects.get(public_id=tale.round)
    assert member in {a.uscc for a in bidders_of_rounds([row.pk])}
    bids = {b.uscc: b for b in opened_bids(row.pk)}
    from ggzy.client import story

    found = gather(
        list(bids.values()),
        document=parse(story.document(method="lowest_evaluated_price")),
        deadline=row.bid_deadline,
        round_id=tale.round,
    )
    stand = found.stands[bids[jia.uscc].bid]
    person = next(r for r in stand.rows if r.kind == "person")
    assert stand.whole and stand.demo and person.same and person.changed_later
    assert person.state == "verified" and "训1370000000000" in str(person.values)
    assert "以后改的" not in str(stand)
    assert found.stands[bids[yi.uscc].bid] is None
    assert any("分包" in f.says for f in found.facts[bids[jia.uscc].bid])
    assert any("联合体协议" in f.says for f in found.facts[bids[yi.uscc].bid])
    assert any("姓名相同" in f.says and f.clause for f in found.related)
    platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    checks = {c.name: c.outcome for c in check_pack(pack)}
    assert checks["bids.registry"] == "passed"
    public = str(platform.read_json(f"/api/v1/evidence/{tale.tender['ocid']}?level=public"))
    assert "张负责" not in public
