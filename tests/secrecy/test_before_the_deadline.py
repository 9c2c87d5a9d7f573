"""Until the deadline nobody learns who has bid or how many: with 0 and with 50 bids the outside looks the same."""

import json
import logging
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings

from ggzy.adapters.bank.twin import TwinBank
from ggzy.client import story
from ggzy.client.party import Problem
from ggzy.deposits.actions import receive
from ggzy.deposits.models import Deposit
from ggzy.kernel.ids import make_uscc
from tests.conftest import BASE
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_bank(settings: Any, tmp_path: Path) -> None:
    settings.TWIN_BANK_BOOK = tmp_path / "bank.jsonl"


CHANGING = re.compile(
    r"[0-9a-f]{32,}|(\d+天 )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?([+-]\d\d:\d\d|Z)?|csrf[^>]*>|ocds-ggzy01-[0-9a-f]+"
    r"|sequencer_age_seconds\": [\d.]+|openggzy\.example/\S+\n\d+\n\S+\n\n.*"
)


def _views(platform: Any, tale: Tale) -> dict[str, str]:
    """Return everything that outsiders, the owner side and officials can see of the round, with ids blanked."""
    tender, round_ = tale.tender["tender"], tale.round
    lot = tale.tender["rounds"][0]["lot"]
    paths = [
        "/",
        "/tenders",
        f"/tenders/{tender}",
        f"/lots/{lot}",
        f"/rounds/{round_}/hall",
        "/notices",
        "/evidence",
        f"/api/v1/tenders/{tender}",
        f"/api/v1/lots/{lot}",
        f"/api/v1/rounds/{round_}/opening",
        f"/api/v1/rounds/{round_}/deposits",
        f"/api/v1/evidence/{tale.tender['ocid']}",
        f"/api/ocds/records/{tale.tender['ocid']}",
        "/api/v1/evidence/feed?after=0&limit=1000",
        "/healthz",
        "/work",
        f"/work/tenders/{tender}",
        f"/work/rounds/{round_}/host",
        "/disclosure",
        f"/disclosure/{tender}",
        "/disclosure.csv",
        "/work/publication",
        "/api/v1/publications",
        f"/api/v1/rounds/{round_}/anchor",
        "/deposits",
        "/api/v1/deposits/figures",
        "/work/deposits/ledger",
        "/api/v1/deposits/ledger",
        "/api/v1/deposits/movements",
        f"/work/rounds/{round_}/deposits",
        f"/api/v1/rounds/{round_}/deposits/list",
        f"/work/rounds/{round_}/deposit",
        f"/api/v1/rounds/{round_}/deposit",
        "/work/finance",
        "/api/v1/guarantees",
        "/training/bank",
        "/decisions",
        "/work/complaints",
        "/api/v1/complaints",
        f"/api/v1/rounds/{round_}/challenges",
    ]
    out: dict[str, str] = {}
    for name in ("", "zhaobiao", "zhongxin", "jiandu", "guanli", "ding", "danbao"):
        party = platform.demo(name) if name else platform.anonymous()
        headers = {"Authorization": f"Bearer {party.token}", "Cookie": f"ggzy_session={party.token}"}
        with httpx.Client(base_url=BASE, transport=platform.transport) as client:
            for path in paths:
                reply = client.get(path, headers=headers)
                out[f"{name} {path}"] = f"{reply.status_code} {CHANGING.sub('·', reply.text)}"
    return out


def _rivals(platform: Any, tale: Tale, count: int, *, busy: bool = False) -> None:
    """Let many bidders hand in a bid; busy ones have taken the file, asked, and left an upload unfinished as well."""
    from ggzy.client.party import Party

    for number in range(count):
        rival = Party(BASE, transport=platform.transport)
        rival.register(
            uscc=make_uscc(region="370100", serial=5_000_000 + number),
            name=f"对手{number:03d}公司",
            role="bidder",
            username=f"rival{number}",
            password="a-long-password",
            person="经办",
        )
        if busy:
            rival.post(f"/tenders/{tale.tender['tender']}/file/takings")
            rival.raw("POST", "/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(9 << 20)})
            given = {"form": "transfer", "payer_account": f"6222000{number:04d}"}
            made = rival.post(f"/rounds/{tale.round}/deposit", given)["deposit"]
            platform.work()
            row = Deposit.objects.get(public_id=made)
            # one pays too little, one from another account, one too much
            amount = ["100000.00", "60000.00", "120000.00"][number % 3]
            account = "99990000" if number % 4 == 3 else row.payer_account
            paid = TwinBank().pay_in(
                sub_account=row.sub_account,
                amount=Decimal(amount),
                payer_name=rival.name,
                payer_account=account,
                at=platform.now,
            )
            receive(paid, now=platform.now)
            platform.work()
            if number % 10 == 0:
                rival.post(f"/tenders/{tale.tender['tender']}/questions", {"text": "工期是否含冬休"})
        story.bid(
            rival,
            ocid=tale.tender["ocid"],
            round_id=tale.round,
            price=Decimal("9000000.00") + number,
            duration_days=300,
            folder=tale.folder / str(number),
        )


def test_with_0_and_with_50_bids_the_outside_looks_the_same(
    platform: Any, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tale = Tale(platform, folder).published()
    platform.sequence()
    before = _views(platform, tale)
    lines = len(caplog.records)
    with caplog.at_level(logging.INFO):
        _rivals(platform, tale, 50)
    spoken = [r.getMessage() for r in caplog.records[lines:] if not r.name.startswith("httpx")]
    assert not [line for line in spoken if "bid" in line.lower() or tale.round in line], spoken
    platform.sequence()
    after = _views(platform, tale)
    registrations = re.compile(r'\{"index":\d+,"act":"parties\.registered".*?\}\},?')
    for key in before:
        old, new = registrations.sub("", before[key]), registrations.sub("", after[key])
        if "/evidence" in key or key.endswith("/"):
            # the log grows by the registrations, which are public acts of their own, and by escrow roots
            assert "bidding" not in new and "对手0" not in _without_registrations(new), key
            continue
        assert old == new, key


def test_downloads_questions_uploads_and_deposits_tell_no_more_than_bids_do(
    platform: Any, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Deposits are paid, short, from others or twice; what is asked, the owner reads, and not by whom."""
    tale = Tale(platform, folder).published()
    tale.bidder("ding").post(f"/tenders/{tale.tender['tender']}/questions", {"text": "工期是否含冬休"})
    platform.work()
    platform.sequence()
    before = _views(platform, tale)
    lines = len(caplog.records)
    with caplog.at_level(logging.INFO):
        _rivals(platform, tale, 12, busy=True)
    spoken = [r.getMessage() for r in caplog.records[lines:] if not r.name.startswith("httpx")]
    assert not [line for line in spoken if "bid" in line.lower() or tale.round in line], spoken
    platform.sequence()
    after = _views(platform, tale)
    registrations = re.compile(r'\{"index":\d+,"act":"parties\.registered".*?\}\},?')
    asks = re.compile(r"\d+ ?个提问|提问[^<]{0,20}\d+")
    for key in before:
        who = key.split(" ")[0]
        old, new = registrations.sub("", before[key]), registrations.sub("", after[key])
        if "/evidence" in key or key.endswith("/"):
            assert not re.search("bidding|file_taken|question|deposits\\.", new), key
            assert "对手0" not in _without_registrations(new), key
            continue
        assert "对手0" not in new, key
        if who not in {
            "zhaobiao",
            "zhongxin",
            "jiandu",
        }:  # who answers questions or watches sees that some were asked
            assert old == new, key
        else:
            assert asks.sub("·", old) == asks.sub("·", new), key
    # on the disk: no name, and the mark of whose upload it is tells nothing to whoever has no secret of the platform
    lying = [p.relative_to(settings.FILES / "uploads") for p in (settings.FILES / "uploads").glob("*/*")]
    assert len(lying) >= 12
    assert all(re.fullmatch(r"[0-9a-f]{16}/[0-9a-f]{32}\.\d+", str(one)) for one in lying)


def _without_registrations(text: str) -> str:
    return "" if "parties.registered" in text or "登记" in text else text


def test_the_log_shows_no_leaf_for_a_bid_and_escrow_keeps_its_pace(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    platform.sequence()
    feed = platform.read_json("/api/v1/evidence/feed?after=-1&limit=1000")["entries"]
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    platform.sequence()
    grown = platform.read_json("/api/v1/evidence/feed?after=-1&limit=1000")["entries"][len(feed) :]
    assert {e["act"] for e in grown} <= {"evidence.escrow_root"}
    sizes = {len(json.dumps(e["fields"])) for e in grown}
    assert len(sizes) <= 2  # the batch number may gain a digit, nothing else changes


def test_a_refusal_after_the_deadline_is_the_same_for_who_has_bid_and_who_has_not(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).closed()
    answers = []
    for name in ("jia", "ding"):
        with pytest.raises(Problem) as refused:
            tale.bidder(name).post(f"/rounds/{tale.round}/withdrawal")
        answers.append(dict(refused.value.body))
    assert answers[0] == answers[1] and answers[0]["code"] == "bidding.too_late"


def test_a_late_bid_is_judged_by_its_moment_before_anything_else(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    platform.advance(tale.deadline + timedelta(seconds=1))
    files = {part: (part, b"nonsense") for part in ("manifest", "signature", "envelope", "payload")}
    with pytest.raises(Problem) as refused:
        tale.bidder("jia").ask("POST", f"/rounds/{tale.round}/bids", files=files)
    assert refused.value.code == "bidding.too_late"


def test_sealed_files_carry_no_name_and_equal_files_stay_two(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).sealed()
    names = [path.name for path in (settings.FILES / "sealed").rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in names)
    assert tale.round not in "".join(names)
