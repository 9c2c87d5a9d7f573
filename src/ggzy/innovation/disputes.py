"""How a 合作创新采购 is challenged: its file, who was not let in, which suppliers research, and whose product is bought first."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet

from ggzy.deadlines.actions import set_timer
from ggzy.innovation.actions import CLOSES, stop
from ggzy.innovation.models import GroupSheet, Innovation, Participant, ResearchContract
from ggzy.innovation.moves import locked, release
from ggzy.innovation.rules import Way
from ggzy.innovation.talking import SEALED, SETTLE
from ggzy.innovation.telling import in_words, record, tell_those
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.objections import proceedings
from ggzy.objections.proceedings import Proceeding, Step, law_from, window
from ggzy.procedures.catalogue import GP_HC
from ggzy.procedures.spec import Stage

KIND = "innovation"


class _Innovations:
    def find(self, of: str, *, lock: bool = False) -> Proceeding | None:
        rows = Innovation.objects.select_related("buyer").filter(called_at__isnull=False)
        row = (rows.select_for_update(of=("self",)) if lock else rows).filter(public_id=of).first()
        if row is None or row.called_at is None:
            return None
        public = row.way == Way.NOTICE.value or _known(row)
        return Proceeding(
            kind=KIND,
            id=row.public_id,
            name=row.name,
            page=f"/innovations/{of}" if public else f"/work/innovations/{of}",
            buyer=row.buyer_id,
            buyer_name=row.buyer.name,
            region_code=row.region_code,
            ocid=row.ocid,
            law=law_from(row.called_at),
            known=_known(row),
            public=public,
        )

    def known(self, ofs: Collection[str]) -> set[str]:
        return {row.public_id for row in Innovation.objects.filter(public_id__in=ofs) if _known(row)}

    def steps(self, of: str, *, supplier: int) -> list[Step]:
        one = Participant.objects.filter(innovation__public_id=of, supplier_id=supplier)
        found = one.select_related("innovation").first()
        if found is None or found.innovation.called_at is None:
            return []
        row, law = found.innovation, law_from(found.innovation.called_at)
        out = []
        judged = _judged_at(row) if found.qualified is not None else None
        if judged:
            out.append(Step(about="admission", at=judged, ends=window(law, started=judged)))
        if row.file_issued_at and found.qualified:
            ends = window(law, started=row.file_issued_at)
            out.append(Step(about="file", at=row.file_issued_at, ends=ends))
        if row.determined_at and found.qualified:
            ends = window(law, started=row.determined_at, notice=True)
            out.append(Step(about="result", at=row.determined_at, ends=ends, holds=True))
        if row.first_published_at and found.chosen:
            ends = window(law, started=row.first_published_at, notice=True)
            out.append(Step(about="first", at=row.first_published_at, ends=ends, holds=True))
        return out

    def parties(self, of: str) -> set[int]:
        return set(Participant.objects.filter(innovation__public_id=of).values_list("supplier_id", flat=True))

    def outcomes(self, of: str, *, about: str, step_at: datetime) -> frozenset[str]:
        row = Innovation.objects.get(public_id=of)
        if about == "admission" and row.stage == Stage.HC_EXCHANGE.value:
            return frozenset({"restore"})
        signed = _contracts(row).filter(signed_at__isnull=False).exists()
        undone = GP_HC.has(row.stage, "restart_after_challenge") and (about == "first" or not signed)
        return frozenset({"restart"}) if undone else frozenset()

    def carry_out(
        self, outcome: str, *, of: str, about: str, supplier: int, says: str, actor: Actor, now: datetime
    ) -> None:
        row = locked(of)
        if outcome == "restore":
            _restore(row, supplier, actor=actor, now=now)
            return
        assert outcome == "restart", f"no {outcome} was offered"
        for contract in _contracts(row).filter(stage=Stage.RD_SIGN.value):
            release(contract)
            contract.conclusion, contract.ended_at = "质疑或者投诉成立, 采购结果撤销", now
            contract.save()
        decided = actor.role is Role.SUPERVISOR
        move = "annul_after_complaint" if decided else "restart_after_challenge"
        stop(row, move, reason=says, actor=actor, now=now)

    def postpone(self, of: str, *, by: timedelta, now: datetime) -> None:
        row = locked(of)
        moved = [name for name in ("apply_until", "sealed_until", "reveal_until") if _ahead(row, name, now)]
        for name in moved:
            setattr(row, name, getattr(row, name) + by)
            timer = {"apply_until": CLOSES, "sealed_until": SEALED, "reveal_until": SETTLE}[name]
            set_timer(kind=timer, subject=row.public_id, due_at=getattr(row, name))
        if not moved:
            return
        row.save(update_fields=moved)
        times = {name: getattr(row, name).isoformat() for name in moved}
        record("postponed", row, actor=SYSTEM, now=now, supervisor=times, escrowed=True)
        # who has applied is nobody's to know until applications close: then only the buyer is told
        qualified = row.participants.filter(qualified=True).values_list("supplier_id", flat=True)
        until = in_words(getattr(row, moved[0]))
        tell_those(
            row,
            [row.buyer_id, *qualified],
            title="因责令暂停, 时间顺延",
            text=f"暂停期间不计入; 截止时间顺延至{until}。",
            now=now,
        )


def _known(row: Innovation) -> bool:
    """Say whether everybody may know who takes part: the result stands, or there will be none."""
    return row.determined_at is not None or row.ended_at is not None


def _ahead(row: Innovation, name: str, now: datetime) -> bool:
    moment = getattr(row, name)
    return moment is not None and moment > now


def _contracts(row: Innovation) -> QuerySet[ResearchContract]:
    return ResearchContract.objects.filter(participant__innovation=row)


def _judged_at(row: Innovation) -> datetime | None:
    """Return when the group finished judging who is qualified: applicants are told at once."""
    sheets = GroupSheet.objects.filter(innovation=row, sitting=GroupSheet.QUALIFICATION, voided_at=None)
    found: datetime | None = sheets.aggregate(at=Max("signature__signed_at"))["at"]
    return found


def _restore(row: Innovation, supplier: int, *, actor: Actor, now: datetime) -> None:
    """Let take part who was not qualified; the exchange of ideas is still ahead."""
    one = row.participants.select_for_update().get(supplier_id=supplier)
    one.qualified, one.reason = True, "质疑或者投诉成立, 恢复参加资格"
    one.save()
    record("restored", row, subject=one.public_id, actor=actor, now=now, escrowed=True)
    text = "质疑或者投诉成立。创新概念交流的时间和地点由采购人另行通知。"
    tell_those(row, [supplier, row.buyer_id], title="参加资格恢复", text=text, now=now)


proceedings.register(KIND, _Innovations())
