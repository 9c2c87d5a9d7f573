"""Agreements between centres: who lends experts of which specialties to whom. Both sides sign; either may end it.

The two centres exchange letters (函): signed JSON that is sent as a file, by post or on a stick. A letter brings the
partner's key; somebody at the centre compares its digits with the partner by telephone before the agreement is in force.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from ggzy.evidence import acks, keys
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Agreement
from ggzy.experts.wire import LETTER
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission, require

_SPECIALTY = re.compile(r"^[A-Z]\d{0,6}$")
_ADDRESS = re.compile(r"^https?://[\w.\-]+(:\d+)?(/[\w.\-/]*)?$")
_SIDES = {Agreement.LENDS: Agreement.BORROWS, Agreement.BORROWS: Agreement.LENDS}


class AgreementNotNow(Refusal):
    """The agreement stands elsewhere."""

    code = "experts.agreement_not_now"


class LetterWrong(Refusal):
    """A letter that cannot be read, is not signed by who it names, or is not for this centre."""

    code = "experts.letter_wrong"
    status = 422


def today(now: datetime) -> date:
    """Return the day in Beijing."""
    return now.astimezone(BEIJING).date()


def key_digits(key: str) -> str:
    """Return what two people compare by telephone: the first 20 digits of a key's SHA-256, in fours."""
    digits = str(int(sha256(bytes.fromhex(key)).hex(), 16))[:20] if key else ""
    return " ".join(digits[n : n + 4] for n in range(0, len(digits), 4))


def _record(row: Agreement, act: str, actor: Actor, now: datetime) -> None:
    record_act(
        f"experts.agreement_{act}",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        public={"side": row.side, "partner": row.partner_name, "terms": row.terms, "sha256": row.sha256},
        supervisor={"reason": row.end_reason} if row.end_reason else None,
    )


@transaction.atomic
def propose(
    *,
    side: str,
    partner_name: str,
    partner_address: str,
    specialties: list[str],
    since: date,
    until: date,
    actor: Actor,
    now: datetime,
) -> Agreement:
    """Propose an agreement and sign its letter; the same terms again are the same proposal.

    :raises BadInput: a side, address, specialty or day that cannot be right
    """
    require(actor, Permission.AGREEMENT_KEEP)
    if side not in _SIDES:
        raise BadInput("请选择本中心出借专家, 还是借用对方的专家", field="side")
    name, address = partner_name.strip(), partner_address.strip().rstrip("/")
    if not 2 <= len(name) <= 200:
        raise BadInput("请填写对方单位全称", field="partner_name")
    if not _ADDRESS.match(address) or (settings.MODE == "production" and not address.startswith("https://")):
        raise BadInput("请填写对方平台的网址, 例如 https://ggzy.example.cn", field="partner_address")
    if address == settings.PUBLIC_ADDRESS:
        raise BadInput("对方网址是本平台自己的网址, 请核对", field="partner_address")
    codes = sorted({one.strip().upper() for one in specialties if one.strip()})
    if not codes or any(not _SPECIALTY.match(code) for code in codes):
        raise BadInput("请填写评标专家专业分类代码, 可以只写前几位, 例如 A08", field="specialties")
    _require_days(since, until, now)
    own = {"name": settings.CENTRE_NAME, "address": settings.PUBLIC_ADDRESS, "key": keys.ack_public()}
    theirs = {"name": name, "address": address}
    lends = side == Agreement.LENDS
    said = {"since": since.isoformat(), "until": until.isoformat(), "specialties": codes}
    same = Agreement.objects.filter(
        side=side, partner_name=name, partner_address=address, state=Agreement.PROPOSED, since=since,
        until=until, specialties=codes,
    ).first()  # fmt: skip
    if same is not None:
        return same
    terms = {
        "number": new_public_id(),
        "lender": own if lends else theirs,
        "borrower": theirs if lends else own,
        **said,
    }
    row = Agreement.objects.create(
        side=side,
        partner_name=name,
        partner_address=address,
        specialties=codes,
        since=since,
        until=until,
        state=Agreement.PROPOSED,
        terms=terms,
        sha256=sha256(canonical(terms)).hex(),
        our_letter=_letter(terms),
        kept_by_id=actor.account_pk,
        kept_at=now,
    )
    _record(row, "proposed", actor, now)
    return row


def _letter(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the centre's signed letter on terms."""
    body = {"terms": terms, "from": settings.CENTRE_NAME}
    return acks.sign(body, key=keys.ack_key(), purpose=LETTER)


def _require_days(since: date, until: date, now: datetime) -> None:
    if until < since or until < today(now):
        raise BadInput("截止日期不能早于开始日期, 也不能已经过去", field="until")
    if (until - since).days > 5 * 366:
        raise BadInput("一份协议最长五年, 到期后重新签订", field="until")


def _read(text: str) -> tuple[dict[str, Any], str]:
    """Return a letter and the digest of its terms.

    :raises LetterWrong: it cannot be read, or is not signed by the key it names
    """
    try:
        letter = json.loads(text)
        terms = letter["terms"]
        digest = sha256(canonical(terms)).hex()
        date.fromisoformat(terms["since"]), date.fromisoformat(terms["until"])
        parties = [terms["lender"], terms["borrower"]]
        whole = all(isinstance(p["name"], str) and isinstance(p["address"], str) for p in parties)
        whole = whole and all(_SPECIALTY.match(code) for code in terms["specialties"])
    except (ValueError, KeyError, TypeError):
        whole, letter, digest = False, {}, ""
    if not whole:
        raise LetterWrong("这不是一份专家共享协议函, 请把对方发来的文件全文粘贴在这里", field="letter")
    if not acks.verify(letter, purpose=LETTER):
        raise LetterWrong("协议函的签名不符, 内容可能被改动, 请对方重新发送", field="letter")
    return letter, digest


@transaction.atomic
def receive(*, text: str, actor: Actor, now: datetime) -> Agreement:
    """Take a partner's letter: a proposal, or the answer to ours. It binds nobody until `accept`. Again: the same row.

    :raises LetterWrong: not readable, signature wrong, not for this centre, or signed by ourselves
    :raises AgreementNotNow: the agreement it answers has ended
    """
    require(actor, Permission.AGREEMENT_KEEP)
    letter, digest = _read(text)
    key = letter["key"]
    if key == keys.ack_public():
        raise LetterWrong("这是本中心自己的协议函, 应当发给对方", field="letter")
    row = Agreement.objects.select_for_update(of=("self",)).filter(sha256=digest).first()
    if row is None:
        return _received(letter, digest, actor=actor, now=now)
    if row.state == Agreement.ENDED:
        raise AgreementNotNow("这份协议已经终止, 需要共享的请重新提出")
    if row.partner_key and row.partner_key != key:
        raise LetterWrong("协议函的密钥与先前收到的不同, 请与对方核实", field="letter")
    if row.state == Agreement.PROPOSED:
        row.partner_key, row.their_letter, row.state = key, letter, Agreement.ANSWERED
        row.save(update_fields=["partner_key", "their_letter", "state"])
    return row


def _received(letter: Mapping[str, Any], digest: str, *, actor: Actor, now: datetime) -> Agreement:
    """Keep a partner's proposal. Its own side carries its key; the other side must be this centre."""
    terms = letter["terms"]
    side = next((s for s in ("lender", "borrower") if terms[s].get("key") == letter["key"]), "")
    if not side:
        raise LetterWrong("协议函没有由提出的一方签署, 请对方重新发送", field="letter")
    ours = terms["borrower" if side == "lender" else "lender"]
    if ours["address"].rstrip("/") != settings.PUBLIC_ADDRESS:
        raise LetterWrong(
            f"协议函是给{ours['address']}的, 本平台的网址是{settings.PUBLIC_ADDRESS}, 请对方按此重新发送",
            field="letter",
        )
    since, until = date.fromisoformat(terms["since"]), date.fromisoformat(terms["until"])
    _require_days(since, until, now)
    if not _ADDRESS.match(str(terms[side]["address"])):
        raise LetterWrong("协议函中对方平台的网址不正确, 请对方重新发送", field="letter")
    return Agreement.objects.create(
        side=Agreement.BORROWS if side == "lender" else Agreement.LENDS,
        partner_name=terms[side]["name"][:200],
        partner_address=terms[side]["address"].rstrip("/"),
        partner_key=letter["key"],
        specialties=list(terms["specialties"]),
        since=since,
        until=until,
        state=Agreement.RECEIVED,
        terms=terms,
        sha256=digest,
        their_letter=dict(letter),
        kept_by_id=actor.account_pk,
        kept_at=now,
    )


@transaction.atomic
def accept(*, agreement_id: str, digits: str, actor: Actor, now: datetime) -> Agreement:
    """Bring an agreement into force here, once its letter has come and the partner's key was compared by telephone.

    :raises AgreementNotNow: the partner's letter has not come, or it has ended
    :raises BadInput: the digits are not those of the partner's key
    """
    require(actor, Permission.AGREEMENT_KEEP)
    row = _lock(agreement_id)
    if row.state == Agreement.IN_FORCE:
        return row
    if row.state == Agreement.PROPOSED:
        raise AgreementNotNow("对方的复函还没有收到, 收到后粘贴到本页")
    if row.state == Agreement.ENDED:
        raise AgreementNotNow("这份协议已经终止, 需要共享的请重新提出")
    if "".join(digits.split()) != key_digits(row.partner_key).replace(" ", ""):
        raise BadInput("核对码不符: 请电话询问对方本平台显示的核对码, 一致才能生效", field="digits")
    if not row.our_letter:
        row.our_letter = _letter(row.terms)
    row.state, row.in_force_at = Agreement.IN_FORCE, now
    row.save(update_fields=["state", "in_force_at", "our_letter"])
    _record(row, "in_force", actor, now)
    return row


@transaction.atomic
def end(*, agreement_id: str, reason: str, actor: Actor, now: datetime) -> Agreement:
    """End an agreement from now on; lists that were frozen under it go on to their end. A second time changes nothing.

    :raises BadInput: no reason
    """
    require(actor, Permission.AGREEMENT_KEEP)
    row = _lock(agreement_id)
    if row.state == Agreement.ENDED:
        return row
    if not reason.strip():
        raise BadInput("请写明终止的原因", field="reason")
    row.state, row.ended_at, row.end_reason = Agreement.ENDED, now, reason.strip()[:300]
    row.save(update_fields=["state", "ended_at", "end_reason"])
    _record(row, "ended", actor, now)
    return row


def _lock(agreement_id: str) -> Agreement:
    row = Agreement.objects.select_for_update(of=("self",)).filter(public_id=agreement_id).first()
    if row is None:
        raise NotFound("没有这份专家共享协议", next_steps=(("专家共享协议", "/work/pool/agreements"),))
    return row


def in_force(side: str, *, now: datetime) -> list[Agreement]:
    """Return the agreements that hold today, in a fixed order."""
    rows = Agreement.objects.filter(
        side=side, state=Agreement.IN_FORCE, since__lte=today(now), until__gte=today(now)
    )
    return list(rows.order_by("pk"))


def to_answer() -> list[tuple[str, str]]:
    """Return the agreements whose letter has come and waits for this centre, with the partner's name."""
    rows = Agreement.objects.filter(state__in=[Agreement.RECEIVED, Agreement.ANSWERED]).order_by("pk")
    return list(rows.values_list("public_id", "partner_name")[:50])


def agreements(*, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return every agreement with the letter to send, newest first, and our own digits; never those of a partner's key."""
    require(actor, Permission.POOL_OPEN)
    rows = Agreement.objects.order_by("-pk").prefetch_related("lent", "loans")
    return {
        "digits": key_digits(keys.ack_public()),
        "address": settings.PUBLIC_ADDRESS,
        "rows": [
            {
                "agreement": row.public_id,
                "side": row.side,
                "partner_name": row.partner_name,
                "partner_address": row.partner_address,
                "specialties": row.specialties,
                "since": row.since,
                "until": row.until,
                "state": row.state,
                "over": row.state == Agreement.IN_FORCE and row.until < today(now),
                "letter": json.dumps(row.our_letter, ensure_ascii=False) if row.our_letter else "",
                "end_reason": row.end_reason,
                "used": row.lent.count() if row.side == Agreement.LENDS else row.loans.count(),
            }
            for row in rows[:200]
        ],
    }
