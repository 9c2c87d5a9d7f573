"""What proves an outage: read by whom, when, and laid into the packages; a centre's log tells nobody who bids."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.archives import bag
from ggzy.archives.check import MARKS, check
from ggzy.changes import proofs
from ggzy.kernel.programs import program_kind
from ggzy.kernel.refusals import BadInput
from tests.archives.test_archive import failed, made, text_of
from tests.conftest import BASE
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_changes import change, look
from tests.journeys.test_whole_tender import no

PICTURE = b"\x89PNG the meter without current"


def report(tale: Tale, who: str, name: str, data: bytes) -> str:
    """Report an outage with one file, end it, and return the file's digest."""
    party = tale.platform.demo(who)
    began = tale.platform.now.isoformat()
    change(
        party,
        tale,
        kind="outage",
        ground="power",
        text="配电间停电",
        started_at=began,
        evidence=[{"name": name, "data": base64.b64encode(data).decode()}],
    )
    change(party, tale, kind="end_outage", text="供电恢复")
    seen = party.get(f"/tenders/{tale.tender['tender']}/changes")["outages"][0]["files"]
    return str(seen[0]["sha256"])


def fetch(tale: Tale, who: str, path: str) -> httpx.Response:
    """Ask for a page or a file as a demo party would in a browser."""
    with httpx.Client(base_url=BASE, transport=tale.platform.transport) as client:
        cookie = {"Cookie": f"ggzy_session={tale.platform.demo(who).token}"} if who else {}
        return client.get(path, headers=cookie)


@pytest.mark.journey
def test_what_proves_an_outage_is_read_by_those_concerned_and_goes_into_the_packages(
    platform: Any, folder: Path, tmp_path: Path
) -> None:
    tale = Tale(platform, folder).published()
    jia = tale.bidder("jia")
    log = f"10:02 {jia.name} 上传中断".encode()
    own = report(tale, "zhaobiao", "电表.png", PICTURE)
    logged = report(tale, "zhongxin", "access.log", log)
    desk = f"/work/tenders/{tale.tender['tender']}/changes"

    def readers(digest: str) -> set[str]:
        names = ("zhaobiao", "daili", "zhongxin", "jiandu", "jia", "zhuanjia01", "")
        return {n for n in names if fetch(tale, n, f"/documents/{digest}").status_code == 200}

    officials = {"zhongxin", "jiandu"}
    assert readers(own) == officials | {"zhaobiao"}, "the agency of this tender is none"
    assert readers(logged) == officials, "a log may show who was connected"
    reply = fetch(tale, "jiandu", f"/documents/{logged}")
    assert reply.content == log
    page = fetch(tale, "zhaobiao", desk).text
    assert f"/documents/{own}" in page and logged not in page and "证据1件由中心提交" in page
    assert f"/documents/{logged}" in fetch(tale, "zhongxin", desk).text
    assert own not in str(jia.get(f"/tenders/{tale.tender['tender']}/changes"))
    for name in PRICES:
        tale.bid(name)
    early = made(tale, tale.owner, f"/rounds/{tale.round}/pack", tmp_path / "early")
    assert jia.name not in text_of(early) and "access.log" not in text_of(early)
    assert (early / "data/4-changes/outage-01/attachments/001.png").read_bytes() == PICTURE
    # a public pack has no hash of them either
    assert own not in json.dumps(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public"))

    platform.advance((tale.deadline or platform.now) + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    assert readers(logged) == officials | {"zhaobiao"}
    pack = made(tale, tale.owner, f"/rounds/{tale.round}/pack", tmp_path / "owner")
    kept = pack / "data/4-changes/outage-02/attachments/001.log"
    assert kept.read_bytes() == log and not failed(pack)
    proven = f"authenticity.proof.{logged[:12]}"
    assert {f.outcome for f in check(pack) if f.name == proven} == {"passed"}
    assert not (
        made(tale, jia, f"/rounds/{tale.round}/pack", tmp_path / "jia") / "data/4-changes/outage-01"
    ).exists()

    # an unlike file is found even when the bag was closed again around it
    kept.write_bytes(b"nothing happened")
    (pack / bag.MANIFEST).write_text(bag.manifest(pack), encoding="utf-8")
    assert proven in failed(pack)


@pytest.mark.journey
def test_a_round_never_opened_keeps_the_centres_log_from_the_owner_side(
    platform: Any, folder: Path, tmp_path: Path
) -> None:
    tale = Tale(platform, folder).published()
    jia = tale.bidder("jia")
    logged = report(tale, "zhongxin", "access.log", f"{jia.name} 断开".encode())
    tale.bid("jia")
    platform.advance((tale.deadline or platform.now) + timedelta(seconds=1))
    assert tale.stage() == "FAILED"
    assert fetch(tale, "zhaobiao", f"/documents/{logged}").status_code == 403
    archive = made(tale, tale.owner, f"/rounds/{tale.round}/archive", tmp_path / "archive")
    assert jia.name not in text_of(archive) and not failed(archive)
    said = json.loads((archive / "data/4-changes/outage-01.json").read_bytes())
    assert said["withheld"] == [logged] and not said["files"]
    whole = made(tale, platform.demo("jiandu"), f"/rounds/{tale.round}/pack", tmp_path / "supervisor")
    found = [f.outcome for f in check(whole) if f.name == f"authenticity.proof.{logged[:12]}"]
    assert found == ["passed"] and set(MARKS) > set(found)


@pytest.mark.journey
def test_a_program_is_no_evidence_and_changes_nothing(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    wish = {"kind": "outage", "ground": "power", "text": "配电间停电", "started_at": platform.now.isoformat()}
    for name, data in (("dump.exe", b"x"), ("a.txt", b"MZ\x90"), ("page.html", b"<p>"), ("empty.png", b"")):
        evidence = [{"name": name, "data": base64.b64encode(data).decode()}]
        no(change, tale.owner, tale, **wish, evidence=evidence, code="input.invalid")
    assert look(tale.owner, tale, **wish)["consequences"], "nothing was reported"


@pytest.mark.pure
def test_programs_are_told_by_their_beginning_or_their_name() -> None:
    assert program_kind("照片.png", b"#!/b") == "脚本" and program_kind("RUN.BAT", b"@ech") == "程序"
    assert not program_kind("日志.log", b"10:0") and not program_kind("运行.sh.txt", b"echo")


@pytest.mark.pure
def test_too_much_is_refused_before_it_is_kept() -> None:
    with pytest.raises(BadInput, match="每件不超过20MB"):
        proofs.keep([("large.log", bytes(proofs.MOST_BYTES + 1))])
