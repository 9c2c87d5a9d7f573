"""Acts on the table of law as it holds here: a stricter local limit by two persons, a clause read by a named one."""

from datetime import date, datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.ids import require_region
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.law import table
from ggzy.law.limits import Status, TimeLimit, beijing_date
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.statutes import rules
from ggzy.statutes.models import ClauseRead, LocalLimit

_STEPS = (("本地期限", "/work/law"),)


class SameAdministrator(NotPermitted):
    """Whoever entered a limit does not confirm it."""

    code = "statutes.same_administrator"


class LimitNotOpen(Refusal):
    """The local limit does not stand where this act begins."""

    code = "statutes.limit_not_open"


def _limit(key: str, *, now: datetime) -> TimeLimit:
    found = table.in_force(beijing_date(now)).get(key)
    if found is None:
        raise BadInput("没有这个编号的法定期限, 请从表中选择", field="key")
    return found


@transaction.atomic
def propose_limit(
    *,
    key: str,
    kind: str,
    region: str,
    length: int,
    document: str,
    article: str,
    since: date,
    until: date | None,
    actor: Actor,
    now: datetime,
) -> LocalLimit:
    """Enter a region's stricter limit, or this centre's promise; it holds once another person has confirmed it.

    :raises NotStricter: it would be laxer than the law
    :raises BadInput: no such limit, no text, or it ends before it begins
    :raises LimitNotOpen: the same one waits or holds already
    """
    require(actor, Permission.LIMIT_PROPOSE)
    limit = _limit(key, now=now)
    if kind not in {LocalLimit.RULE, LocalLimit.PROMISE}:
        raise BadInput("请选择是本地规定还是中心服务承诺", field="kind")
    region = require_region(region)
    if not document.strip() or len(document) > 200:
        raise BadInput("请填写依据的名称(不超过200字)", field="document")
    if until is not None and until < since:
        raise BadInput("失效日期不能早于生效日期", field="until")
    if not 0 <= length <= 3650:
        raise BadInput("期限应在0至3650之间", field="length")
    rules.require_stricter(limit, length=length, document=document, since=since)
    same = LocalLimit.objects.select_for_update().filter(
        key=key,
        kind=kind,
        region_code=region,
        length=length,
        since=since,
        state__in=[LocalLimit.PROPOSED, LocalLimit.CONFIRMED],
    )
    if same.exists():
        raise LimitNotOpen("同样的一条已经登记, 不重复登记", next_steps=_STEPS)
    made = LocalLimit.objects.create(
        key=key,
        kind=kind,
        region_code=region,
        length=length,
        document=document.strip(),
        article=article.strip()[:100],
        since=since,
        until=until,
        proposed_by_id=actor.account_pk,
        proposed_at=now,
    )
    _record("limit_proposed", made, actor=actor, now=now)
    return made


@transaction.atomic
def confirm_limit(*, limit_id: str, actor: Actor, now: datetime) -> LocalLimit:
    """Bring a local limit into force for first notices from then on; rounds that run keep theirs.

    :raises SameAdministrator: the same person entered it
    :raises LimitNotOpen: it does not wait
    """
    require(actor, Permission.LIMIT_CONFIRM)
    row = _locked(limit_id, LocalLimit.PROPOSED)
    me = Account.objects.get(pk=actor.account_pk)
    if row.proposed_by_id == me.pk or row.proposed_by.person_id == me.person_id:
        raise SameAdministrator(
            "须由两名管理员分别登记和确认, 您是登记人, 请另一名管理员登录后确认", next_steps=_STEPS
        )
    row.state, row.confirmed_by, row.confirmed_at = LocalLimit.CONFIRMED, me, now
    row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    _record("limit_confirmed", row, actor=actor, now=now)
    return row


@transaction.atomic
def end_limit(*, limit_id: str, reason: str, actor: Actor, now: datetime) -> LocalLimit:
    """End a local limit, or drop one that waits: later notices come under the law alone.

    :raises BadInput: no reason
    :raises LimitNotOpen: it was dropped or ended
    """
    require(actor, Permission.LIMIT_PROPOSE)
    row = _locked(limit_id, LocalLimit.PROPOSED, LocalLimit.CONFIRMED)
    if not reason.strip():
        raise BadInput("请写明原因, 如文件废止及其文号", field="reason")
    waiting = row.state == LocalLimit.PROPOSED
    row.state = LocalLimit.DROPPED if waiting else LocalLimit.ENDED
    row.ended_at, row.end_reason = now, reason.strip()[:300]
    row.save(update_fields=["state", "ended_at", "end_reason"])
    _record("limit_dropped" if waiting else "limit_ended", row, actor=actor, now=now)
    return row


def _locked(limit_id: str, *states: str) -> LocalLimit:
    row = (
        LocalLimit.objects.select_for_update(of=("self",))
        .select_related("proposed_by")
        .filter(public_id=limit_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这一条本地期限", next_steps=_STEPS)
    if row.state not in states:
        raise LimitNotOpen("这一条已经办理, 请刷新页面", next_steps=_STEPS)
    return row


@transaction.atomic
def read_clause(*, key: str, source: str, actor: Actor, now: datetime) -> ClauseRead:
    """Say, by name, that a clause known from memory was read in its text and is as the table has it: it may block.

    The second time changes nothing. Rounds that run keep what was stamped on them.

    :raises BadInput: no such row, one that needs no reading, or no source
    """
    require(actor, Permission.CLAUSE_READ, signed=True)
    limit = _limit(key, now=now)
    if limit.status is Status.READ:
        raise BadInput("这一条已经对照原文核对, 不需要再核对", field="key")
    if not source.strip():
        raise BadInput("请写明在哪里核对的: 文件全称、文号和网址", field="source")
    found = ClauseRead.objects.filter(key=key, version=limit.in_force_from).first()
    if found is not None:
        return found
    made = ClauseRead.objects.create(
        key=key,
        version=limit.in_force_from,
        source=source.strip()[:300],
        read_by_id=actor.account_pk,
        read_at=now,
    )
    record_act(
        "statutes.clause_read",
        subject=made.public_id,
        actor=actor,
        legal_at=now,
        public={"key": key, "version": limit.in_force_from.isoformat(), "source": made.source},
    )
    return made


def _record(act: str, row: LocalLimit, *, actor: Actor, now: datetime) -> None:
    record_act(
        f"statutes.{act}",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        public={
            "key": row.key,
            "kind": row.kind,
            "region": row.region_code,
            "length": row.length,
            "document": row.document,
            "article": row.article,
            "since": row.since.isoformat(),
            "until": row.until.isoformat() if row.until else None,
            **({"reason": row.end_reason} if row.end_reason else {}),
        },
    )
