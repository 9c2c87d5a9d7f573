"""Acts on the regional bases: one administrator enters one, a second one confirms it; either may end it."""

from datetime import date, datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.pilots.models import RegionalBasis

_STEPS = (("评定分离依据", "/work/separation"),)


class SameAdministrator(NotPermitted):
    """Whoever entered a basis does not confirm it."""

    code = "pilots.same_administrator"


class BasisNotOpen(Refusal):
    """The basis does not stand where this act begins."""

    code = "pilots.basis_not_open"


@transaction.atomic
def propose_basis(
    *,
    region: str,
    document: str,
    article: str,
    since: date,
    until: date | None,
    actor: Actor,
    now: datetime,
) -> RegionalBasis:
    """Enter a regional text that allows separate evaluation and award; it carries nothing until it is confirmed.

    :raises BadInput: no region, text or article, or it ends before it begins
    :raises BasisNotOpen: the same text waits or is in force already
    """
    require(actor, Permission.BASIS_PROPOSE)
    region = region.strip()
    if len(region) != 6 or not region.isascii() or not region.isdigit() or region[0] == "0":
        raise BadInput("请填写6位行政区划代码, 如370000(全省)或370100(全市)", field="region")
    if not document.strip() or len(document) > 200:
        raise BadInput("请填写依据的名称(地方性法规, 或经批准的改革文件)", field="document")
    if not article.strip() or len(article) > 100:
        raise BadInput("请填写依据的条款, 如第二十条", field="article")
    if until is not None and until < since:
        raise BadInput("失效日期不能早于生效日期", field="until")
    same = RegionalBasis.objects.select_for_update().filter(
        region_code=region,
        document=document.strip(),
        article=article.strip(),
        state__in=[RegionalBasis.PROPOSED, RegionalBasis.CONFIRMED],
    )
    if same.exists():
        raise BasisNotOpen("这一条依据已经登记, 不重复登记", next_steps=_STEPS)
    made = RegionalBasis.objects.create(
        region_code=region,
        document=document.strip(),
        article=article.strip(),
        since=since,
        until=until,
        proposed_by_id=actor.account_pk,
        proposed_at=now,
    )
    _record("pilots.basis_proposed", made, actor=actor, now=now)
    return made


@transaction.atomic
def confirm_basis(*, basis_id: str, actor: Actor, now: datetime) -> RegionalBasis:
    """Bring a basis into force: tenders whose first notice comes out from then on may rest on it.

    :raises SameAdministrator: the same account, or another account of the same person
    :raises BasisNotOpen: it does not wait for a confirmation
    """
    require(actor, Permission.BASIS_CONFIRM)
    row = _locked(basis_id, RegionalBasis.PROPOSED, "不能确认")
    me = Account.objects.get(pk=actor.account_pk)
    if row.proposed_by_id == me.pk or row.proposed_by.person_id == me.person_id:
        raise SameAdministrator(
            "评定分离依据须由两名管理员分别登记和确认, 您是登记人, 请另一名管理员登录后确认",
            next_steps=_STEPS,
        )
    row.state, row.confirmed_by, row.confirmed_at = RegionalBasis.CONFIRMED, me, now
    row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    _record("pilots.basis_confirmed", row, actor=actor, now=now)
    return row


@transaction.atomic
def drop_basis(*, basis_id: str, actor: Actor, now: datetime) -> RegionalBasis:
    """Withdraw one's own entry, or turn down another administrator's.

    :raises BasisNotOpen: it does not wait for a confirmation
    """
    require(actor, Permission.BASIS_PROPOSE)
    row = _locked(basis_id, RegionalBasis.PROPOSED, "不能撤回")
    row.state = RegionalBasis.DROPPED
    row.save(update_fields=["state"])
    _record("pilots.basis_dropped", row, actor=actor, now=now)
    return row


@transaction.atomic
def end_basis(*, basis_id: str, reason: str, actor: Actor, now: datetime) -> RegionalBasis:
    """End a basis early: no further tender rests on it; rounds published on it go on by their own file.

    One administrator is enough, since ending only brings back the general rule.

    :raises BasisNotOpen: it is not in force
    :raises BadInput: no reason
    """
    require(actor, Permission.BASIS_PROPOSE)
    row = _locked(basis_id, RegionalBasis.CONFIRMED, "不能终止")
    if not reason.strip():
        raise BadInput("请写明终止的原因, 如文件废止及其文号", field="reason")
    row.state, row.ended_at, row.end_reason = RegionalBasis.ENDED, now, reason.strip()[:300]
    row.save(update_fields=["state", "ended_at", "end_reason"])
    _record("pilots.basis_ended", row, actor=actor, now=now)
    return row


def _locked(basis_id: str, state: str, what: str) -> RegionalBasis:
    row = (
        RegionalBasis.objects.select_for_update(of=("self",))
        .select_related("proposed_by")
        .filter(public_id=basis_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这一条评定分离依据", next_steps=_STEPS)
    if row.state != state:
        says = {
            RegionalBasis.PROPOSED: "还没有经另一名管理员确认",
            RegionalBasis.CONFIRMED: "已经确认",
            RegionalBasis.DROPPED: "已经撤回",
            RegionalBasis.ENDED: "已经终止",
        }[row.state]
        raise BasisNotOpen(f"这一条依据{says}, {what}", next_steps=_STEPS)
    return row


def _record(act: str, row: RegionalBasis, *, actor: Actor, now: datetime) -> None:
    record_act(
        act,
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        public={
            "region": row.region_code,
            "document": row.document,
            "article": row.article,
            "since": row.since.isoformat(),
            "until": row.until.isoformat() if row.until else None,
            **({"reason": row.end_reason} if row.end_reason else {}),
        },
    )
