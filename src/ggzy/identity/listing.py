"""Acts on the trust list: one administrator proposes a version, a second one confirms it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence import keys
from ggzy.evidence.actions import record_act
from ggzy.identity import recognition, trustlist
from ggzy.identity.life import FETCH
from ggzy.identity.models import CrlSource, Session, TrustList
from ggzy.identity.trustlist import Status
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import CertificateNeeded, Permission, require, require_fresh_proof
from ggzy.parties.models import Account

_STEPS = (("信任列表", "/work/trust"),)


class SameAdministrator(NotPermitted):
    """Whoever proposed a version does not confirm it."""

    code = "identity.same_administrator"


class ProposalStale(Refusal):
    """Another version came into force since the proposal was made, or it is not open any more."""

    code = "identity.proposal_stale"


class NothingChanged(Refusal):
    """The proposal is what is in force."""

    code = "identity.nothing_changed"


@transaction.atomic
def propose_list(
    *, entries: Sequence[Mapping[str, Any]], reason: str, actor: Actor, now: datetime
) -> TrustList:
    """Propose the next version of the trust list; nothing changes until another administrator confirms it.

    :raises BadInput: an entry that cannot be right, or no reason
    :raises NothingChanged: the entries are those in force
    """
    _require_administrator(actor, Permission.TRUST_PROPOSE)
    _one_at_a_time()
    if not reason.strip():
        raise BadInput("请写明为什么修改信任列表, 供另一名管理员核对", field="reason")
    read = trustlist.read(list(entries))
    rows = [trustlist.as_json(ca) for ca in read]
    known = recognition.known_at(now)
    if not trustlist.differences([trustlist.as_json(ca) for ca in known.entries], rows) and known.version:
        raise NothingChanged("与现行版本相同, 没有需要确认的修改", next_steps=_STEPS)
    made = TrustList.objects.create(
        number=known.version + 1,
        state=TrustList.PROPOSED,
        entries=rows,
        reason=reason.strip()[:300],
        proposed_by_id=actor.account_pk,
        proposed_at=now,
    )
    record_act(
        "identity.trust_list_proposed",
        subject=made.public_id,
        actor=actor,
        legal_at=now,
        public={"version": made.number, "entries_sha256": seen_digest(rows), "reason": made.reason},
    )
    return made


@transaction.atomic
def confirm_list(*, proposal_id: str, seen: str, actor: Actor, now: datetime) -> TrustList:
    """Bring a proposed version into force: signed by the centre, logged, from this moment on.

    `seen` is the digest of the entries that the administrator looked at.

    :raises SameAdministrator: the proposer's own account, or another account of the same person
    :raises ProposalStale: another version came into force since, the entries are others, or it was dropped
    """
    _require_administrator(actor, Permission.TRUST_CONFIRM)
    _one_at_a_time()
    row = _proposal(proposal_id)
    me = Account.objects.get(pk=actor.account_pk)
    if row.proposed_by_id == me.pk or row.proposed_by.person_id == me.person_id:
        raise SameAdministrator(
            "信任列表须由两名管理员分别提出和确认, 您是提出人, 请另一名管理员登录后确认", next_steps=_STEPS
        )
    number, since = _newest()
    if row.number != number + 1:
        raise ProposalStale(
            f"提出之后第{number}版已经生效, 这份修改不再适用, 请在现行版本上重新提出",
            next_steps=_STEPS,
        )
    if since is not None and now <= since:  # who waited for the other's lock comes after it
        now = since + timedelta(microseconds=1)
    if seen != seen_digest(row.entries):
        raise ProposalStale("您核对的内容与待确认的内容不一致, 请重新打开页面核对后再确认", next_steps=_STEPS)
    body = {
        "format": trustlist.FORMAT,
        "centre": settings.CENTRE_ID,
        "version": row.number,
        "in_force_from": now.isoformat(),
        "previous_sha256": _previous(number),
        "reason": row.reason,
        "proposed_at": row.proposed_at.isoformat(),
        "proposed_by": row.proposed_by.public_id,
        "confirmed_by": me.public_id,
        "entries": row.entries,
    }
    row.state, row.confirmed_by, row.confirmed_at = TrustList.CONFIRMED, me, now
    row.sha256, row.signed = trustlist.digest(body), trustlist.sign(body, key=keys.ack_key())
    row.save(update_fields=["state", "confirmed_by", "confirmed_at", "sha256", "signed"])
    record_act(
        "identity.trust_list_confirmed",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        public={"version": row.number, "sha256": row.sha256, "previous_sha256": body["previous_sha256"]},
    )
    _follow(trustlist.read(row.entries), now)
    return row


@transaction.atomic
def drop_list(*, proposal_id: str, actor: Actor, now: datetime) -> TrustList:
    """Withdraw one's own proposal, or turn down another administrator's.

    :raises ProposalStale: it is not open any more
    """
    _require_administrator(actor, Permission.TRUST_PROPOSE)
    row = _proposal(proposal_id)
    row.state = TrustList.DROPPED
    row.save(update_fields=["state"])
    record_act(
        "identity.trust_list_dropped",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        public={"version": row.number, "entries_sha256": seen_digest(row.entries)},
    )
    return row


def seen_digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest of a list's entries: what an administrator confirms is what that administrator saw."""
    return sha256(canonical(list(rows))).hex()


def _require_administrator(actor: Actor, permission: Permission) -> None:
    """Let an administrator pass; once a version is in force, only one who signed in with a certificate."""
    require(actor, permission)
    in_force = TrustList.objects.filter(centre_id=settings.CENTRE_ID, state=TrustList.CONFIRMED).exists()
    if in_force and not actor.certificate:
        raise CertificateNeeded(
            "修改信任列表须用数字证书登录后办理",
            next_steps=(("用数字证书登录", "/login?step=certificate&next=/work/trust"),),
        )
    if in_force:
        require_fresh_proof(actor)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"trust list {settings.CENTRE_ID}"])


def _proposal(proposal_id: str) -> TrustList:
    row = (
        TrustList.objects.select_for_update(of=("self",))
        .select_related("proposed_by")
        .filter(public_id=proposal_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这份待确认的信任列表", next_steps=_STEPS)
    if row.state != TrustList.PROPOSED:
        says = "已经生效" if row.state == TrustList.CONFIRMED else "已经撤回"
        raise ProposalStale(f"这份信任列表{says}, 不能再办理", next_steps=_STEPS)
    return row


def _newest() -> tuple[int, datetime | None]:
    """Return the newest version and since when it is in force, whatever the moment of the asker."""
    rows = TrustList.objects.filter(centre_id=settings.CENTRE_ID, state=TrustList.CONFIRMED)
    return rows.order_by("-number").values_list("number", "confirmed_at").first() or (0, None)


def _previous(number: int) -> str:
    found = (
        TrustList.objects.filter(centre_id=settings.CENTRE_ID, state=TrustList.CONFIRMED, number=number)
        .values_list("sha256", flat=True)
        .first()
    )
    return found or ""


def _follow(entries: Sequence[trustlist.TrustedCA], now: datetime) -> None:
    """Ask for the revocation lists of the CAs in force; end sessions proved with certificates of the others."""
    active = [ca for ca in entries if ca.status is Status.ACTIVE]
    for ca in active:
        for address in ca.crl:
            source, _ = CrlSource.objects.get_or_create(
                ca=ca.id, address=address, defaults={"public_id": new_public_id()}
            )
            set_timer(kind=FETCH, subject=source.public_id, due_at=now)
    Session.objects.filter(certificate__isnull=False).exclude(certificate__ca="").exclude(
        certificate__ca__in=[ca.id for ca in active]
    ).update(certificate=None)
