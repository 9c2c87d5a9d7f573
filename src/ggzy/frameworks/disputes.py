"""How frameworks are challenged: the file of an open one, a refusal or a removal, and the result of what is called off.

A closed one that is collected here is a round, and challenged as one.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from ggzy.deadlines.actions import set_timer
from ggzy.frameworks.calling import ANSWER, SEALED, SETTLE, void_deal
from ggzy.frameworks.models import CallOff, Framework, FrameworkMember
from ggzy.frameworks.moves import locked, locked_call, reinstate
from ggzy.frameworks.rules import Kind
from ggzy.frameworks.telling import REVIEW, announce, begin_clock, day, in_words, record, tell_those
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.notices.actions import NoticeKind
from ggzy.objections import proceedings
from ggzy.objections.proceedings import Proceeding, Step, law_from, window
from ggzy.objections.rules import file_challenge_ends
from ggzy.procedures.catalogue import GP_KJ_CALLOFF
from ggzy.procedures.spec import Stage

FRAMEWORK, CALL = "framework", "call"
_OUT = {Stage.REJECTED.value, Stage.QUIT.value}


class _Frameworks:
    def find(self, of: str, *, lock: bool = False) -> Proceeding | None:
        rows = Framework.objects.select_related("collector")
        row = (rows.select_for_update(of=("self",)) if lock else rows).filter(public_id=of).first()
        if row is None:
            return None
        return Proceeding(
            kind=FRAMEWORK,
            id=row.public_id,
            name=row.name,
            page=f"/frameworks/{row.public_id}",
            buyer=row.collector_id,
            buyer_name=row.collector.name,
            region_code=row.region_code,
            ocid=row.ocid,
            law=law_from(row.published_at),
        )

    def known(self, ofs: Collection[str]) -> set[str]:
        return set(ofs)

    def steps(self, of: str, *, supplier: int) -> list[Step]:
        row = Framework.objects.get(public_id=of)
        law = law_from(row.published_at)
        out = []
        if row.kind == Kind.OPEN.value and supplier != row.collector_id:
            # its file is public and handed to nobody: everybody has it from the day of the notice
            ends = file_challenge_ends(
                taken_at=row.published_at,
                published_at=row.published_at,
                law=law,
                calendar=calendars.CHINA,
            )
            out.append(Step(about="file", at=row.published_at, ends=ends))
        member = _decided_against(row, supplier)
        at = member and (member.left_at or member.decided_at)
        if at:
            out.append(Step(about="admission", at=at, ends=window(law, started=at)))
        return out

    def parties(self, of: str) -> set[int]:
        return set(
            FrameworkMember.objects.filter(framework__public_id=of).values_list("supplier_id", flat=True)
        )

    def outcomes(self, of: str, *, about: str, step_at: datetime) -> frozenset[str]:
        row = Framework.objects.get(public_id=of)
        # who did not sign a closed one in time is out of its result: there is no place to come back to
        place = row.kind == Kind.OPEN.value or row.members.filter(left_at=step_at).exists()
        able = about == "admission" and row.expired_at is None and place
        return frozenset({"restore"}) if able else frozenset()

    def carry_out(
        self, outcome: str, *, of: str, about: str, supplier: int, says: str, actor: Actor, now: datetime
    ) -> None:
        assert outcome == "restore", f"no {outcome} was offered"
        _restore(locked(of), supplier, actor=actor, now=now)

    def postpone(self, of: str, *, by: timedelta, now: datetime) -> None:
        """A framework ends at its term; the time to review an application only reminds."""


def _decided_against(framework: Framework, supplier: int) -> FrameworkMember | None:
    """Return a supplier's last place where it was refused or removed, None where it is in, waits, or left by itself."""
    member = framework.members.filter(supplier_id=supplier).order_by("-pk").first()
    if member is None or member.stage not in _OUT or (member.left_at and not member.ground):
        return None
    return member


def _restore(framework: Framework, supplier: int, *, actor: Actor, now: datetime) -> None:
    """Let in again who was removed, or have an application that was refused reviewed anew; what was decided stays written."""
    old = _decided_against(framework, supplier)
    if old is None:
        return
    new = FrameworkMember(
        framework=framework,
        supplier_id=supplier,
        statement=old.statement,
        contact=old.contact,
        prices=old.prices,
        place=old.place,
        signature=old.signature,
        collector_signature=old.collector_signature,
        applied_at=old.applied_at if old.left_at else now,
    )
    reinstate(new, removed=old.left_at is not None)
    if old.left_at is None:
        new.save()
        begin_clock(REVIEW, subject=new.public_id, started=now)
        says = "征集人自答复之日起7个工作日内重新审核申请。"
    else:
        # whoever was removed wrongly is no longer one who was removed: it may leave, and join again
        FrameworkMember.objects.filter(pk=old.pk).update(ground="")
        new.decided_at, new.joined_at = old.decided_at, now
        new.save()
        announce(
            NoticeKind.FRAMEWORK_MEMBERS,
            framework,
            f"恢复入围供应商公告({old.supplier.name})",
            [
                ("征集人", f"{framework.collector.name}; {framework.contact}"),
                ("入围供应商", f"{old.supplier.name}({old.supplier.uscc})"),
                ("恢复的原因", "质疑或者投诉成立, 原清退决定撤销"),
                ("日期", day(now)),
            ],
            actor=actor,
            now=now,
        )
        says = "原清退决定撤销, 自即日起恢复入围资格。"
    record(
        "restored",
        framework,
        subject=new.public_id,
        actor=actor,
        now=now,
        public={"supplier": old.supplier.uscc} if old.left_at else {},
        supervisor={} if old.left_at else {"supplier": old.supplier.uscc},
        escrowed=old.left_at is None,
    )
    tell_those(framework, [supplier, framework.collector_id], title="资格恢复", text=says, now=now)


class _Calls:
    def find(self, of: str, *, lock: bool = False) -> Proceeding | None:
        found = CallOff.objects.select_related("framework", "buyer").filter(public_id=of)
        row = found.first()
        if row is None:
            return None
        if lock:
            row = locked_call(of)
        return Proceeding(
            kind=CALL,
            id=row.public_id,
            name=row.name,
            page=f"/call-offs/{row.public_id}",
            buyer=row.buyer_id,
            buyer_name=row.buyer.name,
            region_code=row.region_code,
            ocid=row.framework.ocid,
            law=law_from(row.raised_at),
            public=row.dealt_at is not None,
        )

    def known(self, ofs: Collection[str]) -> set[str]:
        return set(ofs)

    def steps(self, of: str, *, supplier: int) -> list[Step]:
        row = CallOff.objects.select_related("framework").get(public_id=of)
        if row.dealt_at is None or not _was_in(row, supplier):
            return []
        ends = window(law_from(row.raised_at), started=row.dealt_at, notice=True)
        return [Step(about="result", at=row.dealt_at, ends=ends, holds=True)]

    def parties(self, of: str) -> set[int]:
        row = CallOff.objects.get(public_id=of)
        asked = FrameworkMember.objects.filter(public_id__in=row.invited).values_list(
            "supplier_id", flat=True
        )
        turns = row.chances.values_list("member__supplier_id", flat=True)
        return {*asked, *turns, *((row.supplier_id,) if row.supplier_id else ())}

    def outcomes(self, of: str, *, about: str, step_at: datetime) -> frozenset[str]:
        row = CallOff.objects.get(public_id=of)
        # what was challenged must still be the deal: who was chosen since is nobody's mistake
        undone = row.dealt_at == step_at and GP_KJ_CALLOFF.has(row.stage, "restart_after_challenge")
        return frozenset({"restart"}) if undone else frozenset()

    def carry_out(
        self, outcome: str, *, of: str, about: str, supplier: int, says: str, actor: Actor, now: datetime
    ) -> None:
        assert outcome == "restart", f"no {outcome} was offered"
        decided = actor.role is Role.SUPERVISOR
        move = "annul_after_complaint" if decided else "restart_after_challenge"
        void_deal(locked_call(of), move=move, reason=says, actor=actor, now=now)

    def postpone(self, of: str, *, by: timedelta, now: datetime) -> None:
        row = locked_call(of)
        timers = {"answer_until": ANSWER, "sealed_until": SEALED, "reveal_until": SETTLE}
        moved = [name for name in timers if (at := getattr(row, name)) is not None and at > now]
        for name in moved:
            setattr(row, name, getattr(row, name) + by)
            set_timer(kind=timers[name], subject=row.public_id, due_at=getattr(row, name))
        if moved:
            row.save(update_fields=moved)
            asked = [*row.chances.values_list("member__supplier_id", flat=True), *self.parties(of)]
            text = f"暂停期间不计入; 期限顺延至{in_words(getattr(row, moved[0]))}。"
            tell_those(
                row.framework,
                [row.buyer_id, *asked],
                title="因责令暂停, 时间顺延",
                text=text,
                call=row,
                now=now,
            )


def _was_in(call: CallOff, supplier: int) -> bool:
    """Say whether a supplier was in the framework when the deal was made, and so could have had it."""
    assert call.dealt_at is not None, "there is a deal"
    places = call.framework.members.filter(supplier_id=supplier, joined_at__lte=call.dealt_at)
    return any(place.left_at is None or place.left_at > call.dealt_at for place in places)


proceedings.register(FRAMEWORK, _Frameworks())
proceedings.register(CALL, _Calls())
