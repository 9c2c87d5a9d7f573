"""Acts in the life of a stamp: applied for by its holder, decided by another person of the centre, suspended, withdrawn."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.identity.models import Certificate
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind as MessageKind
from ggzy.parties.grid import Permission, may, require
from ggzy.parties.models import Account, Organisation
from ggzy.seals import images
from ggzy.seals.models import Stamp, StampEvent
from ggzy.seals.rules import ACTS, Kind, State, kinds_for, next_state, require_reason
from ggzy.services.actions import Answer, answer_case, open_case


class OwnApplication(Refusal):
    """Who applied does not decide."""

    code = "seals.own_application"


class ApplicationWaits(Refusal):
    """An application for this kind waits already."""

    code = "seals.application_waits"


@transaction.atomic
def apply_for_stamp(
    *, kind: str, image: bytes | None, certificates: Sequence[str], actor: Actor, now: datetime
) -> Stamp:
    """Apply for a stamp: uploaded, or drawn from the holder's name where `image` is None; bound to certificates of the holder.

    :raises BadInput: no such kind for this account, no certificate, or an image that is none
    :raises ApplicationWaits: one of this kind waits for the centre
    """
    require(actor, Permission.STAMP_KEEP)
    account = Account.objects.select_for_update().get(pk=actor.account_pk)
    chosen = _kind(kind, actor)
    if Stamp.objects.filter(account=account, kind=chosen, state=State.APPLIED).exists():
        raise ApplicationWaits(f"您申请的{chosen.label}还在审核, 请等审核结果, 或先注销那份申请")
    own = None if chosen is Kind.PERSONAL or not actor.organisation_pk else actor.organisation_pk
    bound = _certificates(certificates, actor, organisation=own)
    name = _name(chosen, actor)
    digest = (
        images.uploaded(image) if image is not None else images.drawn(kind=chosen, name=name, code=actor.uscc)
    )
    stamp = Stamp.objects.create(
        organisation_id=own,
        account=account,
        kind=chosen,
        image=digest,
        drawn=image is None,
        state=State.APPLIED,
        applied_at=now,
    )
    stamp.certificates.set(bound)
    _step(stamp, "apply", actor=actor, now=now, reason="")
    open_case(service="stamp", subject=stamp.public_id, title=f"{chosen.label}: {name}", actor=actor, now=now)
    return stamp


def _kind(kind: str, actor: Actor) -> Kind:
    allowed = kinds_for(actor.role, organisation=bool(actor.organisation_pk))
    if kind not in [k.value for k in allowed]:
        raise BadInput(f"请选择印章种类: {'、'.join(k.label for k in allowed)}", field="kind")
    return Kind(kind)


def _name(kind: Kind, actor: Actor) -> str:
    """Return what stands on a stamp; the name of a person without the words that say the person's part."""
    return actor.name.split()[-1][:8] if kind.square else actor.organisation_name[:80]


def _certificates(wanted: Sequence[str], actor: Actor, *, organisation: int | None) -> list[Certificate]:
    rows = Certificate.objects.filter(fingerprint__in=wanted, revoked_at=None)
    rows = (
        rows.filter(organisation_id=organisation)
        if organisation
        else rows.filter(account_id=actor.account_pk)
    )
    found = list(rows)
    if not found or len(found) != len(set(wanted)):
        raise BadInput("请选择要绑定的数字证书(本单位或本人名下有效的)", field="certificates")
    return found


@transaction.atomic
def decide_stamp(*, stamp_id: str, good: bool, reason: str, actor: Actor, now: datetime) -> Stamp:
    """Approve an application, so that the stamp takes the place of the holder's one of its kind; or refuse it with the reason.

    :raises OwnApplication: whoever applied does not decide
    :raises StampState: it was decided on
    :raises BadInput: refused without a reason
    """
    require(actor, Permission.STAMP_DECIDE)
    act = "approve" if good else "refuse"
    said = require_reason(act, reason)
    stamp = _locked(stamp_id)
    if stamp.account_id == actor.account_pk:
        raise OwnApplication("申请人不能审核自己的申请, 请中心另一名工作人员或管理员审核")
    state = next_state(State(stamp.state), act)
    if good:
        _replace_old(stamp, actor=actor, now=now)
    stamp.state, stamp.decided_at = state, now
    stamp.decided_by_id = actor.account_pk
    stamp.save(update_fields=["state", "decided_by", "decided_at"])
    _step(stamp, act, actor=actor, now=now, reason=said)
    answer = Answer(refused=not good, because=said)
    answer_case(service="stamp", subject=stamp.public_id, answer=answer, actor=actor, now=now)
    if stamp.organisation_id:
        tell(
            organisations=[stamp.organisation_id],
            kind=MessageKind.SERVICE,
            title=f"{Kind(stamp.kind).label}{ACTS[act]}",
            text=said or "印章已可使用, 以后的签章显示这枚印章。",
            link="/work/seals",
            now=now,
        )
    return stamp


def _replace_old(stamp: Stamp, *, actor: Actor, now: datetime) -> None:
    # two applications of one holder may be approved at once: the holder's row makes them take turns
    if stamp.organisation_id and stamp.kind != Kind.PERSONAL:
        Organisation.objects.select_for_update(no_key=True).get(pk=stamp.organisation_id)
    else:
        Account.objects.select_for_update(no_key=True).get(pk=stamp.account_id)
    rows = Stamp.objects.select_for_update().filter(
        kind=stamp.kind, state__in=[State.IN_FORCE, State.SUSPENDED]
    )
    holder = (
        rows.filter(organisation_id=stamp.organisation_id)
        if stamp.kind != Kind.PERSONAL
        else rows.filter(account_id=stamp.account_id)
    )
    for old in holder:
        old.state = next_state(State(old.state), "replace")
        old.save(update_fields=["state"])
        _step(old, "replace", actor=actor, now=now, reason="")


@transaction.atomic
def change_stamp(*, stamp_id: str, act: str, reason: str, actor: Actor, now: datetime) -> Stamp:
    """Suspend, resume or withdraw a stamp: its holder, or the centre; only the centre resumes.

    What was sealed with it stays sealed.

    :raises NotPermitted: neither the holder nor the centre
    :raises StampState: it does not stand where this act starts
    :raises BadInput: no such act, or without a reason
    """
    require(actor, Permission.STAMP_KEEP)
    if act not in ("suspend", "resume", "withdraw"):
        raise BadInput("请选择停用、恢复使用或注销", field="act")
    stamp = _locked(stamp_id)
    if act == "resume" or not is_holder(stamp, actor):
        if not may(actor, Permission.STAMP_DECIDE):
            raise NotPermitted("印章由持有人停用或注销, 恢复使用由交易中心办理")
        require(actor, Permission.STAMP_DECIDE)
    said = require_reason(act, reason)
    if act == "resume" and stamp.account_id == actor.account_pk:
        raise OwnApplication("申请人不能恢复自己的印章, 请中心另一名工作人员或管理员办理")
    stamp.state = next_state(State(stamp.state), act)
    stamp.save(update_fields=["state"])
    _step(stamp, act, actor=actor, now=now, reason=said)
    return stamp


@transaction.atomic
def bind_to_stamp(*, stamp_id: str, fingerprint: str, actor: Actor, now: datetime) -> Stamp:
    """Bind one more certificate of the holder to a stamp in force, from a session proved with one that is bound.

    :raises NotPermitted: not the holder, or the session's certificate is not bound
    :raises BadInput: not a certificate of the holder
    """
    require(actor, Permission.STAMP_KEEP)
    stamp = _locked(stamp_id)
    bound = set(stamp.certificates.values_list("fingerprint", flat=True))
    if not is_holder(stamp, actor) or actor.certificate not in bound:
        raise NotPermitted("绑定证书要由已绑定证书的持有人用那张证书登录后办理")
    if stamp.state != State.IN_FORCE:
        raise BadInput("只有在用的印章可以绑定证书", field="fingerprint")
    stamp.certificates.add(*_certificates([fingerprint], actor, organisation=stamp.organisation_id))
    _step(stamp, "bind", actor=actor, now=now, reason=f"证书指纹 {fingerprint}")
    return stamp


def is_holder(stamp: Stamp, actor: Actor) -> bool:
    """Say whether a stamp is the actor's, or of the actor's organisation."""
    if stamp.kind == Kind.PERSONAL or stamp.organisation_id is None:
        return bool(stamp.account_id == actor.account_pk)
    return bool(stamp.organisation_id == actor.organisation_pk)


def _locked(stamp_id: str) -> Stamp:
    stamp = Stamp.objects.select_for_update(of=("self",)).filter(public_id=stamp_id).first()
    if stamp is None:
        raise NotFound("没有这枚印章, 请从列表中打开")
    return stamp


def _step(stamp: Stamp, act: str, *, actor: Actor, now: datetime, reason: str) -> None:
    StampEvent.objects.create(stamp=stamp, act=act, account_id=actor.account_pk, at=now, reason=reason)
    organisation = (
        Organisation.objects.filter(pk=stamp.organisation_id).values_list("public_id", flat=True).first()
        or ""
    )
    record_act(
        f"seals.stamp_{_ENTRY[act]}",
        subject=stamp.public_id,
        actor=actor,
        legal_at=now,
        supervisor={
            "kind": stamp.kind,
            "organisation": organisation,
            "image_sha256": stamp.image,
            "state": stamp.state,
            "reason": reason,
        },
    )


_ENTRY = {
    "apply": "applied",
    "approve": "approved",
    "refuse": "refused",
    "suspend": "suspended",
    "resume": "resumed",
    "withdraw": "withdrawn",
    "replace": "replaced",
    "bind": "bound",
}
