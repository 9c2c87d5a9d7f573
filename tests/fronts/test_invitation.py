"""邀请招标: the ground, its finding, the secret list, the answers; every transition and refusal."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ggzy.cli.verify import check_pack
from tests.fronts.fronttale import FrontTale, entries, refused

pytestmark = pytest.mark.django_db

GROUND = {"ground": "few_bidders", "reason": "海底隧道盾构施工, 国内仅有少数单位具备同类业绩"}
FINDING = {"approved": True, "opinion": "情况属实", "document_number": "训发改招〔2026〕3号"}


class Inviting(FrontTale):
    """An invitation on its way."""

    @property
    def at(self) -> str:
        return f"/tenders/{self.id}/invitation"

    def approved(self) -> "Inviting":
        self.procedure = "GC_INVITE"
        self.prepared()
        self.owner.post(f"{self.at}/ground", GROUND)
        self.platform.demo("jiandu").post(f"{self.at}/finding", FINDING)
        return self

    def invited(self, *names: str) -> "Inviting":
        self.approved()
        self.invite(*names)
        return self

    def invite(self, *names: str) -> None:
        usccs = [self.uscc(n) for n in names or ("jia", "yi", "bing")]
        self.owner.post(f"{self.at}/invitees", {"invitees": usccs})
        self.reply_by = self.platform.now + timedelta(days=5)
        self.owner.post(f"{self.at}/letters", {"reply_by": self.reply_by.isoformat()})

    def answer(self, name: str, *, accept: bool = True) -> Any:
        party = self.bidder(name)
        mine = next(i for i in party.get("/invitations")["invitations"] if i["tender"] == self.id)
        return party.post(f"/invitations/{mine['invitation']}/answer", {"accept": accept})

    def answered(self, *names: str) -> "Inviting":
        for name in names:
            self.answer(name)
        self.platform.advance(self.reply_by + timedelta(seconds=1))
        return self


@pytest.mark.journey
def test_an_invited_tender_from_the_ground_to_the_opening(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder)
    tale.procedure = "GC_INVITE"
    tale.prepared()
    assert tale.front_stage() == "IV_REASON"
    tale.owner.post(f"{tale.at}/ground", GROUND)
    tale.owner.post(f"{tale.at}/ground", GROUND)  # it may be restated until it is found
    platform.demo("jiandu").post(f"{tale.at}/finding", FINDING)
    assert tale.front_stage() == "IV_LIST"
    tale.invite("jia", "yi", "bing", "ding")
    assert tale.front_stage() == "IV_SENT"
    letters = [m for m in tale.bidder("jia").get("/messages")["messages"] if "投标邀请书" in m["title"]]
    assert letters
    tale.answer("ding", accept=False)
    tale.answered("jia", "yi", "bing")
    assert tale.front_stage() == "IV_SENT"
    soon = platform.now + timedelta(days=10)
    early = refused(tale.owner.post, f"/tenders/{tale.id}/publication", {"bid_deadline": soon.isoformat()})
    assert (early.code, early.body["basis"]) == ("tendering.deadline_too_early", "《招标投标法》第二十四条")
    tale.issued()
    assert tale.front_stage() == "IV_DONE"
    assert tale.stage() == "OPEN_FOR_BID"
    assert refused(tale.bid, "ding", price="9000000.00").code == "bidding.not_admitted"
    assert refused(tale.bidder("ding").get, f"/tenders/{tale.id}/file").code == "tendering.not_admitted"
    tale.to_opened_bids("jia", "yi", "bing")
    assert len(platform.anonymous().get(f"/rounds/{tale.round}/opening")["bids"]) == 3
    tale.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    assert not [c for c in check_pack(pack) if c.outcome == "failed"]
    assert "fronts.invitees_listed" in entries(tale)


def test_the_ground_is_one_of_two_and_found_by_the_authority_alone(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder)
    tale.procedure = "GC_INVITE"
    tale.prepared()
    supervisor = platform.demo("jiandu")
    assert refused(supervisor.post, f"{tale.at}/finding", FINDING).code == "fronts.ground_missing"
    for wrong in (GROUND | {"ground": "convenient"}, GROUND | {"reason": " "}):
        assert refused(tale.owner.post, f"{tale.at}/ground", wrong).code == "input.invalid"
    assert refused(tale.bidder("jia").post, f"{tale.at}/ground", GROUND).code == "permission.denied"
    tale.owner.post(f"{tale.at}/ground", GROUND)
    for name in ("zhaobiao", "zhongxin", "jia"):
        assert refused(platform.demo(name).post, f"{tale.at}/finding", FINDING).code == "permission.denied"
    for wrong in (FINDING | {"opinion": ""}, FINDING | {"document_number": " "}):
        assert refused(supervisor.post, f"{tale.at}/finding", wrong).code == "input.invalid"
    assert tale.front_stage() == "IV_REASON"
    assert refused(tale.owner.post, f"{tale.at}/invitees", {"invitees": []}).code == "fronts.nothing_to_do"
    assert refused(tale.issued).code == "tendering.front_not_done"
    supervisor.post(f"{tale.at}/finding", FINDING)
    assert refused(supervisor.post, f"{tale.at}/finding", FINDING).code == "fronts.nothing_to_do"


def test_what_is_not_approved_goes_on_as_an_open_tender(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder)
    tale.procedure = "GC_INVITE"
    tale.prepared()
    tale.owner.post(f"{tale.at}/ground", GROUND)
    platform.demo("jiandu").post(f"{tale.at}/finding", FINDING | {"approved": False, "opinion": "不符合"})
    assert tale.front_stage() == "IV_FAILED"
    assert refused(tale.issued).code == "tendering.nothing_to_do"
    made = tale.owner.post(f"/rounds/{tale.front}/next")
    assert made["number"] == 2
    assert tale.states()[0]["front"] is None
    from ggzy.client import story

    to = f"/tenders/{tale.id}"
    tale.owner.post(f"{to}/registration")
    story.write_file(tale.owner, tale.id, file=tale.file())
    tale.issued()
    tale.tender["rounds"] = tale.states()
    assert platform.anonymous().get(f"/tenders/{tale.id}/file")["version"] == 1
    assert tale.bid("ding", price="9000000.00")["bid"]
    titles = [n["title"] for n in platform.anonymous().get("/notices?kind=tender")["notices"]]
    assert any("第2次招标" in t for t in titles)


def test_the_list_has_three_registered_bidders_each_once(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder).approved()
    path = f"{tale.at}/invitees"
    three = [tale.uscc(n) for n in ("jia", "yi", "bing")]
    few = refused(tale.owner.post, path, {"invitees": three[:2]})
    assert (few.code, few.body["basis"]) == ("fronts.too_few_invitees", "《招标投标法》第十七条")
    for wrong in (
        [*three, three[0]],
        [*three[:2], "91370100000000000X"],
        [*three[:2], tale.uscc("zhaobiao")],
    ):
        assert refused(tale.owner.post, path, {"invitees": wrong}).code == "input.invalid"
    letters = {"reply_by": (platform.now + timedelta(days=5)).isoformat()}
    assert refused(tale.owner.post, f"{tale.at}/letters", letters).code == "fronts.too_few_invitees"
    tale.owner.post(path, {"invitees": three})
    tale.owner.post(path, {"invitees": [*three[:2], tale.uscc("ding")]})  # fixed anew before it is sent
    past = {"reply_by": (platform.now - timedelta(days=1)).isoformat()}
    assert refused(tale.owner.post, f"{tale.at}/letters", past).code == "input.invalid"
    assert tale.bidder("ding").get("/invitations")["invitations"] == []
    tale.owner.post(f"{tale.at}/letters", letters)
    assert len(tale.bidder("ding").get("/invitations")["invitations"]) == 1
    assert tale.bidder("bing").get("/invitations")["invitations"] == []
    assert refused(tale.owner.post, path, {"invitees": three}).code == "fronts.nothing_to_do"


def test_an_invitee_answers_once_in_time_and_for_itself(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder).invited()
    mine = tale.bidder("jia").get("/invitations")["invitations"][0]
    path = f"/invitations/{mine['invitation']}/answer"
    assert refused(tale.bidder("yi").post, path, {"accept": True}).code == "not_found"
    assert refused(tale.owner.post, path, {"accept": True}).code == "permission.denied"
    assert tale.answer("jia")["state"] == "accepted"
    assert tale.answer("jia")["state"] == "accepted"
    assert refused(tale.answer, "jia", accept=False).code == "fronts.already_answered"
    # however many have accepted, before the answers are due the file is not issued
    tale.answer("yi")
    assert refused(tale.issued).code == "tendering.front_not_done"
    platform.advance(tale.reply_by)
    assert refused(tale.answer, "bing").code == "fronts.time_passed"


def test_fewer_than_three_acceptances_fail(platform: Any, folder: Path) -> None:
    tale = Inviting(platform, folder).invited()
    tale.answer("bing", accept=False)
    tale.answered("jia", "yi")
    assert tale.front_stage() == "IV_FAILED"
    assert refused(tale.issued).code == "tendering.nothing_to_do"
    told = tale.owner.get("/messages")["messages"][0]
    assert "接受邀请的少于3个" in told["title"]
    # no public notice: nothing of this tender was ever public
    assert refused(platform.anonymous().get, f"/tenders/{tale.id}").code == "not_found"
    tale.owner.post(f"/rounds/{tale.front}/next")
    assert tale.front_stage() == "IV_REASON"


def test_nobody_learns_who_accepted_or_how_many(platform: Any, folder: Path, settings: Any) -> None:
    """With three of four and with four acceptances everything reads the same; nothing public names an invitee."""
    tale = Inviting(platform, folder).approved()
    names = ("jia", "yi", "bing", "ding")
    for name in (*names, "jiandu", "zhongxin", "guanli"):
        platform.demo(name)
    tale.invite(*names)
    shown = []
    for accepting in (names[:3], names):
        point = transaction.savepoint()
        tale.answered(*accepting)
        first = {w: tale.views(w, blank=True) for w in ("", "zhaobiao", "zhongxin")}
        tale.issued()
        tale.sequence()
        second = {w: tale.views(w, blank=True) for w in ("", "zhaobiao", "zhongxin")}
        shown.append((first, second))
        secrets = {s for n in names for s in (tale.uscc(n), tale.bidder(n).name)}
        for who in ("", "zhongxin", "guanli"):
            for path, text in tale.views(who).items():
                assert not [s for s in secrets if s in text], (who, path)
        assert not entries(tale) & {
            "fronts.invitees_listed",
            "fronts.invitation_answered",
            "fronts.invitations_sent",
        }
        transaction.savepoint_rollback(point)
        (settings.KEYS / "published.checkpoint").unlink(missing_ok=True)
        tale.ticks = 0
    for few, many in zip(*shown, strict=True):
        for who in few:
            for path in few[who]:
                assert few[who][path] == many[who][path], (who, path)
