"""Other pools in a draw, told with pools that misbehave: down, slow, answering twice, opening somebody else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ggzy.adapters.pools.http import PartnerPool
from ggzy.adapters.pools.twin import TwinPool
from ggzy.client import story
from ggzy.client.party import Identity, Party, new_request
from ggzy.evidence import acks, keys
from ggzy.evidence.models import Entry
from ggzy.experts import actions as experts
from ggzy.experts import agreements, guests, rules, wire
from ggzy.experts.models import Agreement, Candidate, Draw, Expert, LentLabel, Loan, Member
from ggzy.experts.ports import Asked, SourceRefused, SourceUnavailable
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.clock import real_now
from ggzy.parties.models import Account
from ggzy.pool.models import ExpertFile
from tests.conftest import BASE
from tests.experts.test_draw import _checks, agree, asked, seeds, shown
from tests.experts.test_recipe import recompute
from tests.journeys.tale import Tale
from tests.journeys.test_whole_tender import no
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db
WORD = "a-guest-of-ours-2026"


class Fickle(TwinPool):
    """A pool as bad as a test wants it."""

    down = False
    silent = False
    heard: list[str] = []

    def __init__(self, **_: Any) -> None:
        super().__init__(declines=0)

    def _there(self) -> None:
        if Fickle.down:
            raise SourceUnavailable("8秒内没有答复")

    def call(self, *, lent: str, label: str) -> None:
        super().call(lent=lent, label=label)
        Fickle.heard.append(label)

    def release(self, *, lent: str) -> None:
        super().release(lent=lent)
        Fickle.heard.append(lent)

    def answer(self, *, lent: str, label: str) -> bool | None:
        return None if super().answer(lent=lent, label=label) and Fickle.silent else True


class Liar(Fickle):
    """Opens another person than the one the label commits to."""

    def identify(self, **facts: Any) -> Any:
        return replace(super().identify(**facts), expert="f" * 32)


@pytest.fixture(autouse=True)
def fickle(settings: Any) -> Iterator[None]:
    settings.PARTNER_POOL = "tests.experts.test_sharing.Fickle"
    Fickle.down, Fickle.silent, Fickle.heard = False, False, []
    yield


def terminal(settings: Any, *, pool: str = "Fickle") -> None:
    settings.EXPERT_SOURCES = {
        "GC": {"name": "演示省专家库", "adapter": f"tests.experts.test_sharing.{pool}"}
    }


def partner(side: str = Agreement.BORROWS, *, key: str = "ab" * 32, **more: Any) -> Agreement:
    """Return an agreement in force with a neighbour."""
    facts: dict[str, Any] = {
        "partner_name": "邻市公共资源交易中心",
        "partner_address": "https://neighbour.example",
        "specialties": ["A08"],
        "since": date(2026, 1, 1),
        "until": date(2030, 1, 1),
        "terms": {"number": side},
        "sha256": ("1" if side == Agreement.LENDS else "2") * 64,
        "their_letter": {"signed": "beforehand"},
    }
    return Agreement.objects.create(
        side=side,
        partner_key=key,
        state=Agreement.IN_FORCE,
        kept_by=Account.objects.get(username="zhongxin"),
        kept_at="2026-03-02T09:00:00+08:00",
        **facts | more,
    )


def guest(platform: Any, label: str) -> Party:
    """Let an expert of the twin arrive, sign in and bind a certificate."""
    here = platform.anonymous()
    username = f"guest-{label[:8]}"
    here.post("/arrivals", {"label": label[:8], "token": label[:12], "username": username, "password": WORD})
    here.sign_in(username=username, password=WORD, identity=None)
    key, csr = new_request()
    issued = x509.load_pem_x509_certificate(here.post("/certificates", {"csr": csr})["pem"].encode())
    here.identity, here.name = Identity(key, issued), username
    here.prove_again()
    return here


def accepted(draw: str) -> list[Candidate]:
    rows = Candidate.objects.filter(draw__public_id=draw, state=Candidate.ACCEPTED, loan__isnull=False)
    return list(rows.order_by("rank"))


def wait(platform: Any, *, seconds: int = 11) -> None:
    platform.advance(platform.now + timedelta(seconds=seconds))


def test_a_terminal_draws_calls_identifies_and_seats_from_the_pool_of_the_province(
    platform: Any, folder: Path, settings: Any
) -> None:
    terminal(settings)
    tale = Tale(platform, folder).published()
    page = Person(platform, "zhaobiao")
    assert "演示省专家库的抽取终端" in page.get(f"/work/tenders/{tale.tender['tender']}/draw")
    draw = asked(tale)
    no(
        tale.owner.post,
        f"/draws/{draw}/seed-commitment",
        {"commitment": "0" * 64},
        code="experts.draw_not_now",
    )
    assert "等待其他专家库冻结名单" in page.get(f"/draws/{draw}")
    platform.work()
    row = shown(tale, draw)
    assert (row["state"], len(row["entries"]), row["loans"][0]["demo"]) == ("seeding", 30, True)
    assert sorted(row["loans"][0]["labels"]) == sorted(e[1] for e in row["entries"])
    seeds(tale, draw)
    platform.work()
    wait(platform)
    row = shown(tale, draw)
    assert row["state"] == "confirmed" and len(Fickle.heard) == 5
    assert "演示" in page.get(f"/draws/{draw}")
    public = json.loads(Person(platform, "zhaobiao").client.get(f"/api/v1/draws/{draw}").content)
    assert recompute(public, folder).stdout.startswith("相符: 30")

    # nobody is known before the opening, and the twin's five are not in any table
    first = accepted(draw)[0].label
    early = {"label": first, "token": first[:12], "username": "early", "password": WORD}
    no(platform.anonymous().post, "/arrivals", early, code="experts.draw_not_now")
    assert not Candidate.objects.filter(draw__public_id=draw, expert__isnull=False).exists()
    names = platform.demo("jiandu").get(f"/draws/{draw}/names")["names"]
    assert all("签到后才知道" in n["name"] for n in names)
    _read_out(tale)

    arrive = Person(platform, "zhaobiao")
    assert "共享专家签到" in arrive.get("/experts/arrive")
    wrong = early | {"token": "0" * 12}
    no(platform.anonymous().post, "/arrivals", wrong, code="experts.not_our_guest")
    no(platform.anonymous().post, "/arrivals", early | {"label": "0" * 12}, code="not_found")
    said = arrive.post("/experts/arrive", 422, **wrong | {"password": "x", "password_again": "y"})
    assert "两次输入的密码不一致" in said.content.decode()
    came = [guest(platform, one.label) for one in accepted(draw)]
    seated = [g for g in came if not g.post(f"/draws/{draw}/check-in", {"must_avoid": False})["avoids"]]
    for one in seated:
        story.take_seat(one, draw)
    # labels of employers held each other apart already: nobody of one employer was called
    assert len(seated) == 5
    tale.owner.post(f"/draws/{draw}/committee")
    opened = platform.demo("jiandu").get(f"/draws/{draw}/names")["names"]
    assert all(rules.proves(salt=n["salt"], expert=n["expert"], label=n["label"]) for n in opened)
    assert not Expert.objects.filter(account__username__startswith="guest-", active=True).exists()

    # what is kept of a guest ends
    one = Account.objects.get(username=came[0].name)
    assert one.person.name.startswith("演示专家")
    platform.advance(platform.now + timedelta(days=settings.GUEST_DAYS + 1))
    one.refresh_from_db()
    one.person.refresh_from_db()
    assert one.person.name == "演" + "*" * 6 and not one.active
    assert Expert.objects.get(account=one).employer_name == ""


def _read_out(tale: Tale) -> None:
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    tale.platform.work()
    story.end_opening(tale.owner, tale.round)


def test_a_pool_that_opens_somebody_else_lets_nobody_in(platform: Any, folder: Path, settings: Any) -> None:
    terminal(settings, pool="Liar")
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    platform.work()
    seeds(tale, draw)
    platform.work()
    wait(platform)
    _read_out(tale)
    label = accepted(draw)[0].label
    came = {"label": label, "token": label[:12], "username": "liar", "password": WORD}
    no(platform.anonymous().post, "/arrivals", came, code="experts.not_our_guest")
    assert not Account.objects.filter(username="liar").exists()
    Fickle.down = True
    no(platform.anonymous().post, "/arrivals", came, code="experts.pool_not_there")


def test_a_partner_that_gives_no_list_is_left_out_by_consent_alone(platform: Any, folder: Path) -> None:
    agreement = partner()
    tale = Tale(platform, folder).published()
    Fickle.down = True
    draw = asked(tale, partners=[agreement.public_id])
    platform.work()
    row = shown(tale, draw)
    (loan,) = row["loans"]
    assert (row["state"], loan["state"], loan["trouble"]) == ("gathering", "asked", "8秒内没有答复")
    owner, supervisor = Person(platform, "zhaobiao"), Person(platform, "jiandu")
    assert "没有答复: 继续等待" in owner.get("/work")
    assert "8秒内没有答复" in owner.get(f"/work/draws/{draw}/committee")
    to = f"/loans/{loan['loan']}"
    no(supervisor_api(platform).post, f"{to}/aside-decision", {"approve": True}, code="experts.draw_not_now")
    no(platform.demo("zhongxin").post, f"{to}/aside", {"reason": "不等了"}, code="permission.denied")
    owner.post(f"/work{to}/aside", 422, draw=draw, aside="")
    owner.post(f"/work{to}/aside", draw=draw, aside="三次电话无人接听")
    assert "决定是否不再等待" in supervisor.get("/work")
    supervisor.post(f"/work{to}/decision", 422, draw=draw, approve="no", aside="")
    supervisor.post(f"/work{to}/decision", draw=draw, approve="yes", aside="属实")
    row = shown(tale, draw)
    assert (row["state"], row["loans"][0]["state"], len(row["entries"])) == ("seeding", "aside", 40)
    approved = supervisor_api(platform).post(f"{to}/aside-decision", {"approve": True})
    assert approved["state"] == "aside", "a second time changes nothing"
    assert Entry.objects.filter(act="experts.aside_approved", subject=draw).count() == 1
    Fickle.down = False
    wait(platform)
    assert len(shown(tale, draw)["entries"]) == 40, "who was left out gives no list any more"


def supervisor_api(platform: Any) -> Party:
    found: Party = platform.demo("jiandu")
    return found


def test_a_partner_that_falls_silent_after_the_ranking_holds_its_places_until_it_is_left_out(
    platform: Any, folder: Path
) -> None:
    few = list(Expert.objects.order_by("pk").values_list("pk", flat=True)[:6])
    Expert.objects.exclude(pk__in=few).update(active=False)
    agreement = partner()
    tale = Tale(platform, folder).published()
    draw = asked(tale, partners=[agreement.public_id], conditions={"one_per_unit": False})
    platform.work()
    assert len(shown(tale, draw)["entries"]) == 36
    Fickle.silent = True
    seeds(tale, draw)
    platform.work()
    agree(tale, draw)
    waiting = set(Fickle.heard)
    assert waiting, "six of our own among thirty: somebody of the partner is called"
    Fickle.down = True
    wait(platform, seconds=60 * 40)
    held = Candidate.objects.filter(draw__public_id=draw, label__in=waiting)
    assert {c.state for c in held} == {Candidate.CALLED}, "nobody is silent whose pool cannot be asked"
    (loan,) = Loan.objects.filter(draw__public_id=draw)
    assert loan.trouble
    tale.owner.post(f"/loans/{loan.public_id}/aside", {"reason": "对方系统停机"})
    supervisor_api(platform).post(f"/loans/{loan.public_id}/aside-decision", {"approve": True})
    agree(tale, draw)
    row = shown(tale, draw)
    platform.sequence()
    found = {c["name"]: c["outcome"] for c in _checks(tale)}
    assert {found[n] for n in ("draw.pool", "draw.seeds", "draw.rank", "draw.calls")} == {"passed"}
    steps = [s["what"] for s in row["steps"]]
    assert steps.count("silent") == len(waiting) and "busy" in steps
    assert row["state"] == "confirmed"
    assert not Candidate.objects.filter(draw__public_id=draw, loan__isnull=False, state="accepted").exists()


def test_a_terminal_whose_pool_is_too_small_gives_the_draw_up_in_public(
    platform: Any, folder: Path, settings: Any
) -> None:
    terminal(settings)
    settings.DRAW_LEAST_POOL = 7
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    platform.work()
    assert Draw.objects.get(public_id=draw).state == Draw.CANCELLED
    assert "每个席位至少要有7名专家" in str(Entry.objects.get(act="experts.draw_cancelled").fields)
    assert asked(tale), "and it can be asked for anew"


def test_an_employer_sits_once_though_labels_of_two_pools_cannot_be_compared(
    platform: Any, folder: Path, settings: Any
) -> None:
    settings.DRAW_LEAST_POOL = 1
    partner_row = partner()
    few = list(Expert.objects.order_by("pk").values_list("pk", flat=True)[4:8])
    Expert.objects.exclude(pk__in=few).update(active=False)
    tale = Tale(platform, folder).published()
    draw = asked(tale, partners=[partner_row.public_id])
    platform.work()
    seeds(tale, draw)
    platform.work()
    agree(tale, draw)
    wait(platform)
    agree(tale, draw)
    _read_out(tale)
    came = [guest(platform, one.label) for one in accepted(draw)]
    came[0].post(f"/draws/{draw}/check-in", {"must_avoid": False})
    first, second = (Expert.objects.get(account__username=g.name) for g in came[:2])
    second.employer_uscc = first.employer_uscc
    second.save()
    assert came[1].post(f"/draws/{draw}/check-in", {"must_avoid": False})["avoids"] is True
    assert "同一工作单位已有专家签到" in Member.objects.get(account=second.account).reason


# The lending side, asked over HTTP by itself


def lender(platform: Any) -> tuple[Agreement, PartnerPool]:
    """Return an agreement under which this centre lends, and the partner that asks it."""
    row = partner(Agreement.LENDS, key=keys.ack_public())
    pool = PartnerPool(
        address=BASE, key=keys.ack_public(), agreement=row.sha256, transport=platform.transport
    )
    return row, pool


def wish(**more: Any) -> Asked:
    facts: dict[str, Any] = {
        "draw": "d" * 32,
        "list_number": 1,
        "quotas": (rules.Quota("A08", 5),),
        "conditions": rules.Conditions(),
        "without_employers": frozenset(),
        "since": None,
        "until": None,
        "city": "邻市",
    }
    return Asked(**facts | more)


def test_a_lender_freezes_once_calls_by_phone_and_opens_to_a_token_alone(
    platform: Any, settings: Any
) -> None:
    _, pool = lender(platform)
    frozen = pool.freeze(wish())
    assert pool.freeze(wish()) == replace(frozen, receipt=pool.freeze(wish()).receipt), (
        "asked again, the same"
    )
    assert len(frozen.entries) == 40 and LentLabel.objects.count() == 40
    with pytest.raises(SourceRefused, match="条件不能再改"):
        pool.freeze(wish(quotas=(rules.Quota("A0801", 5),)))
    lent, label = frozen.lent, frozen.entries[0].label
    assert pool.answer(lent=lent, label=label) is None
    for _ in range(2):
        pool.call(lent=lent, label=label)
    assert Entry.objects.filter(act="experts.lent_called").count() == 1
    phones = Person(platform, "zhaobiao")
    text = phones.get("/training/phone")
    assert "地点在邻市" in text and text.count("按 1 同意参加") == 1
    mine = LentLabel.objects.get(label=label)
    phones.post("/training/phone", ring=mine.public_id, key="1")
    assert pool.answer(lent=lent, label=label) is True
    home = Person(platform, mine.expert.account.username)
    mine.refresh_from_db()
    assert mine.token and mine.token in home.get("/work/calls")
    ask = {"lent": lent, "label": label, "bidders": ["91370100MA00000000"]}
    with pytest.raises(SourceRefused, match="凭证不符"):
        pool.identify(**ask, token="0" * 12)
    with pytest.raises(SourceRefused, match="开标后"):
        pool.identify(lent=lent, label=label, token=mine.token, bidders=[])
    opened = pool.identify(**ask, token=mine.token)
    assert opened == pool.identify(**ask, token=mine.token)
    assert opened.name == mine.expert.account.person.name and not opened.avoids
    assert rules.proves(salt=opened.salt, expert=opened.expert, label=label)
    own = pool.identify(lent=lent, label=label, token=mine.token, bidders=[mine.expert.employer_uscc])
    assert "工作单位" in own.avoids
    assert Entry.objects.filter(act="experts.label_opened").count() == 1
    with pytest.raises(SourceRefused, match="没有这个编号"):
        pool.call(lent=lent, label="0" * 64)

    # silence is a no; who is suspended in between is a no as well, and is opened to nobody
    other, third = frozen.entries[1].label, frozen.entries[2].label
    pool.call(lent=lent, label=other)
    platform.work()
    platform.advance(platform.now + timedelta(minutes=settings.CALL_MINUTES + 1))
    assert pool.answer(lent=lent, label=other) is False
    pool.call(lent=lent, label=third)
    gone = LentLabel.objects.get(label=third)
    file = ExpertFile.objects.get(expert=gone.expert).public_id
    decision = {
        "kind": "pause",
        "basis": "监决〔2026〕2号",
        "authority": "训练市住房和城乡建设局",
        "reason": "违反评标纪律",
        "repair": "期满后恢复",
        "until": "2026-12-31",
    }
    Person(platform, "jiandu").post(f"/work/pool/files/{file}/suspend", **decision)
    assert pool.answer(lent=lent, label=third) is False


@pytest.mark.parametrize("spoilt", ["key", "to", "what", "at", "body", "agreement"])
def test_a_question_that_no_partner_signed_for_this_centre_now_is_refused(platform: Any, spoilt: str) -> None:
    row, _ = lender(platform)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    body = {**wire.asked_json(wish()), "agreement": "0" * 64 if spoilt == "agreement" else row.sha256}
    said = wire.question(
        "call" if spoilt == "what" else "list",
        body,
        to="0" * 64 if spoilt == "to" else keys.ack_public(),
        key=Ed25519PrivateKey.generate() if spoilt == "key" else keys.ack_key(),
        at=real_now() - timedelta(minutes=6 if spoilt == "at" else 0),
    )
    if spoilt == "body":
        said["city"] = "别处"
    no(platform.anonymous().post, "/partner/lists", said, code="experts.not_of_a_partner")
    assert not LentLabel.objects.exists()


def test_nothing_is_lent_beyond_the_agreement(platform: Any) -> None:
    row, pool = lender(platform)
    Agreement.objects.filter(pk=row.pk).update(specialties=["A0801"])
    assert len(pool.freeze(wish()).entries) == 20, "a shorter code reaches no further than what is shared"
    with pytest.raises(SourceRefused, match="不在专家共享协议的范围"):
        pool.freeze(wish(draw="e" * 32, quotas=(rules.Quota("B", 5),)))
    for change in ({"until": date(2026, 3, 1)}, {"state": Agreement.ENDED}):
        Agreement.objects.filter(pk=row.pk).update(**change)
        with pytest.raises(SourceRefused, match="没有生效或者已经终止"):
            pool.freeze(wish(draw="f" * 32))
    known = pool.freeze(wish())
    pool.call(lent=known.lent, label=known.entries[0].label)
    assert LentLabel.objects.get(label=known.entries[0].label).state == "called", "what was frozen goes on"


# Agreements


TERMS = {
    "side": "lends",
    "partner_name": "邻市公共资源交易中心",
    "partner_address": "https://neighbour.example",
    "specialties": ["A08"],
    "since": "2026-03-01",
    "until": "2027-12-31",
}


def test_an_agreement_needs_both_letters_and_the_digits_heard_by_telephone(platform: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    centre = platform.demo("zhongxin")
    desk = Person(platform, "zhongxin")
    assert "还没有专家共享协议" in desk.get("/work/pool/agreements")
    no(platform.demo("zhaobiao").post, "/pool-agreements", TERMS, code="permission.denied")
    for wrong in (
        {"side": "x"},
        {"specialties": ["08"]},
        {"until": "2026-01-01"},
        {"partner_address": "邻市"},
    ):
        no(centre.post, "/pool-agreements", TERMS | wrong, code="input.invalid")
    made = centre.post("/pool-agreements", TERMS)
    assert centre.post("/pool-agreements", TERMS)["agreement"] == made["agreement"], "the same again"
    own = json.dumps(made["letter"])
    to = f"/pool-agreements/{made['agreement']}"
    no(centre.post, f"{to}/acceptance", {"digits": "1"}, code="experts.agreement_not_now")
    no(centre.post, "/pool-agreements/letters", {"letter": own}, code="experts.letter_wrong")
    no(centre.post, "/pool-agreements/letters", {"letter": "{}"}, code="experts.letter_wrong")
    theirs = Ed25519PrivateKey.generate()
    terms = made["letter"]["terms"]
    answer = acks.sign({"terms": terms, "from": "邻市"}, key=theirs, purpose=wire.LETTER)
    spoilt = json.dumps(answer | {"from": "别人"})
    no(centre.post, "/pool-agreements/letters", {"letter": spoilt}, code="experts.letter_wrong")
    changed = acks.sign({"terms": terms | {"until": "2029-12-31"}}, key=theirs, purpose=wire.LETTER)
    no(centre.post, "/pool-agreements/letters", {"letter": json.dumps(changed)}, code="experts.letter_wrong")
    desk.post("/work/pool/agreements/letters", letter=json.dumps(answer))
    assert "核对对方密钥" in desk.get("/work")
    page = desk.get("/work/pool/agreements")
    digits = agreements.key_digits(answer["key"])
    assert "对方已复函" in page and digits not in page, "the page must not tell what is to be heard"
    desk.post(f"/work{to.replace('/pool-agreements', '/pool/agreements')}/accept", 422, digits="12")
    desk.post(f"/work{to.replace('/pool-agreements', '/pool/agreements')}/accept", digits=digits)
    assert centre.post(f"{to}/acceptance", {"digits": digits})["state"] == "in_force"
    assert "生效" in Person(platform, "jiandu").get("/work/pool/agreements")
    assert Entry.objects.filter(act="experts.agreement_in_force").count() == 1
    no(centre.post, f"{to}/end", {"reason": ""}, code="input.invalid")
    assert centre.post(f"{to}/end", {"reason": "期满前不再需要"})["state"] == "ended"
    assert centre.post(f"{to}/end", {"reason": "再次"})["state"] == "ended"
    no(
        centre.post,
        "/pool-agreements/letters",
        {"letter": json.dumps(answer)},
        code="experts.agreement_not_now",
    )


def test_a_draw_borrows_under_an_agreement_in_force_alone(platform: Any, folder: Path) -> None:
    row = partner()
    tale = Tale(platform, folder).published()
    to = f"/tenders/{tale.tender['tender']}"
    assert row.partner_name in Person(platform, "zhaobiao").get(f"/work{to}/draw")
    checked = tale.owner.post(f"{to}/draw-check", {"partners": [row.public_id]})
    assert checked["enough"] is None
    Agreement.objects.update(until=date(2026, 3, 1))
    no(tale.owner.post, f"{to}/draws", {"partners": [row.public_id]}, code="input.invalid")
    assert row.partner_name not in Person(platform, "zhaobiao").get(f"/work{to}/draw")
    assert not Draw.objects.exists()


def test_who_was_here_before_comes_again_under_the_same_name(
    platform: Any, folder: Path, settings: Any
) -> None:
    terminal(settings)
    tale = Tale(platform, folder).published()
    draw = asked(tale)
    platform.work()
    seeds(tale, draw)
    platform.work()
    wait(platform)
    _read_out(tale)
    label = accepted(draw)[0].label
    came = {"label": label, "token": label[:12], "username": "laike", "password": WORD}
    first = platform.anonymous().post("/arrivals", came)
    again = platform.anonymous().post("/arrivals", came)
    assert first == again == {"username": "laike"}
    no(platform.anonymous().post, "/arrivals", came | {"username": "bieren"}, code="experts.draw_not_now")
    assert guests.mask_guest(Account.objects.get(username="laike").public_id, platform.now) is None


def test_a_draw_that_is_given_up_frees_the_lenders_experts(platform: Any, folder: Path) -> None:
    row = partner()
    tale = Tale(platform, folder).published()
    draw = asked(tale, partners=[row.public_id])
    platform.work()
    seeds(tale, draw)
    platform.work()
    held = Draw.objects.get(public_id=draw)
    Fickle.down = True
    experts.cancel_draw(held, reason="时间变更", actor=SYSTEM, now=platform.now)
    platform.work()
    assert draw not in Fickle.heard and "没有答复" in Person(platform, "zhaobiao").get(f"/draws/{draw}")
    Fickle.down = False
    wait(platform, seconds=61)
    assert draw in Fickle.heard

    _, pool = lender(platform)
    frozen = pool.freeze(wish())
    label = frozen.entries[0].label
    pool.call(lent=frozen.lent, label=label)
    for _ in range(2):
        pool.release(lent=frozen.lent)
    assert LentLabel.objects.get(label=label).state == Candidate.REPLACED
    assert Entry.objects.filter(act="experts.list_released").count() == 1
    pool.call(lent=frozen.lent, label=frozen.entries[1].label)
    assert pool.answer(lent=frozen.lent, label=frozen.entries[1].label) is False, (
        "nobody is called for nothing"
    )


def test_anyone_checks_that_a_lenders_part_reached_the_list_whole(platform: Any, folder: Path) -> None:
    """By what is published: the part's labels and its digest, as the lender froze and logged it."""
    row = partner()
    tale = Tale(platform, folder).published()
    draw = asked(tale, partners=[row.public_id])
    platform.work()
    shown_row = shown(tale, draw)
    (loan,) = shown_row["loans"]
    lines = [e[1:] for e in shown_row["entries"] if e[1] in set(loan["labels"])]
    part = [rules.Entry(label, tuple(fits), unit) for label, fits, unit in lines]
    assert rules.list_digest(part) == loan["sha256"] == loan["receipt"]["sha256"]
    assert len(part) == loan["size"] == 30
