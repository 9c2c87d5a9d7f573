"""What a front asks of the main round of the same lot and number: when it may begin, who is let in, what follows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.catalogue import main_of as main_procedure
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import QualificationMethod, TenderDocument
from ggzy.tendering.models import Admission, Lot, Round
from ggzy.tendering.moves import make_move, procedure_of

#: the move that a front makes when the main round's file is issued; a prequalification is over by then
_HAND_OVER = {Stage.IV_SENT: "enter_bidding", Stage.TS1_REVIEW: "issue_file"}
_READY = {Stage.PQ_DONE, *_HAND_OVER}


class FrontNotDone(Refusal):
    """What comes before the main procedure is not over."""

    code = "tendering.front_not_done"


class NotAdmitted(NotFound):
    """The file is issued only to those whom the front has let in. It tells only about oneself."""

    code = "tendering.not_admitted"
    basis = Citation("招标投标法", "第二十二条")


def begin_rounds(lot: Lot, *, number: int, front: str, region_code: str) -> Round:
    """Create the rounds of a number: the main one and, where the tender has one, its front; return the first to run."""
    procedure = main_procedure(lot.tender.procedure_code)
    main = Round.objects.create(
        lot=lot,
        number=number,
        procedure_code=procedure.code,
        stage=procedure.initial.value,
        region_code=region_code,
    )
    if not front:
        return main
    return Round.objects.create(
        lot=lot,
        number=number,
        phase=0,
        procedure_code=front,
        stage=BY_CODE[front].initial.value,
        region_code=region_code,
    )


def front_code(procedure_code: str) -> str:
    """Return the code of a tender's front, "" where it has none."""
    return procedure_code if BY_CODE[procedure_code].front else ""


def fronts_of(rounds: Sequence[Round], *, lock: bool = False) -> dict[int, Round]:
    """Return {primary key of a main round: its front} for the main rounds that have one."""
    rows = Round.objects.filter(lot_id__in=[r.lot_id for r in rounds], phase=0)
    if lock:
        rows = rows.select_for_update(of=("self",))
    by_place = {(f.lot_id, f.number): f for f in rows.select_related("lot__tender").order_by("pk")}
    return {r.pk: by_place[r.lot_id, r.number] for r in rounds if (r.lot_id, r.number) in by_place}


def main_of(front: Round) -> Round:
    """Return the main round that a front leads to."""
    return Round.objects.select_related("lot__tender").get(lot=front.lot_id, number=front.number, phase=1)


def require_prequalification(document: TenderDocument, *, procedure_code: str) -> None:
    """Let a file pass that says how applicants are prequalified if they are.

    :raises BadInput: the part is missing, or the tender has no prequalification, or one of another method
    """
    wanted = BY_CODE[procedure_code].has(Stage.PQ_EDIT, "publish_prequalification")
    if wanted and document.prequalification is None:
        raise BadInput(
            "资格预审的招标项目, 招标文件要有资格预审部分: 资格要求、合格制或有限数量制",
            field="prequalification",
        )
    if not wanted and document.prequalification is not None:
        raise BadInput("本项目不进行资格预审, 招标文件不应有资格预审部分", field="prequalification")
    if document.prequalification is not None:
        drawn = document.prequalification.method is QualificationMethod.DRAWN
        if draws_invitees(procedure_code) and not drawn:
            raise BadInput(
                "政府采购邀请招标从全部合格的供应商中随机抽取受邀人, 请选择“合格者中随机抽取”并写明拟邀请的数量",
                field="prequalification.method",
                basis=Citation("政府采购货物和服务招标投标管理办法", "第十四条"),
            )
        if drawn and not draws_invitees(procedure_code):
            raise BadInput(
                "随机抽取受邀人只用于政府采购邀请招标, 请选择合格制或者有限数量制",
                field="prequalification.method",
            )


def draws_invitees(procedure_code: str) -> bool:
    """Say whether those invited to bid are drawn among the qualified."""
    return BY_CODE[procedure_code].has(Stage.PQ_RESULT, "draw_invitees")


def require_may_write(rounds: Sequence[Round]) -> None:
    """Let the file be begun; in a two-stage tender only when the proposals are read.

    :raises FrontNotDone: the first stage still takes proposals
    """
    for front in fronts_of(rounds).values():
        if front.procedure_code == "GC_TWO_STAGE" and (
            front.stage != Stage.TS1_REVIEW or front.decided_at is None
        ):
            raise FrontNotDone(
                "两阶段招标根据第一阶段的技术建议编制招标文件, 请在技术建议截止并开启后开始编制",
                basis=Citation("招标投标法实施条例", "第三十条"),
            )


def ready_to_publish(rounds: Sequence[Round]) -> list[Round]:
    """Return the main rounds that may be published now: those without a front, and those whose front is done.

    :raises FrontNotDone: a front is under way; nothing is said about who or how many
    """
    fronts = fronts_of(rounds, lock=True)
    for front in fronts.values():
        if front.stage not in _READY or front.decided_at is None:
            raise FrontNotDone(
                f"{procedure_of(front).label}处于“{Stage(front.stage).label}”, 完成后才能向获准投标的单位发出招标文件"
            )
    # what is issued to some and what is issued to all are two publications
    return [r for r in rounds if r.pk in fronts] or list(rounds)


def hand_over(rounds: Iterable[Round], *, actor: Actor, now: datetime) -> None:
    """Let the fronts of rounds that were just published make their last move but one."""
    for front in fronts_of(list(rounds), lock=True).values():
        code = _HAND_OVER.get(Stage(front.stage))
        if code:
            make_move(front, code, actor=SYSTEM if code == "enter_bidding" else actor, now=now)


def follow_closing(round_: Round, *, now: datetime) -> None:
    """Let the front of a main round that was just closed come to its end (两阶段招标: 转入开标)."""
    for front in fronts_of([round_], lock=True).values():
        if procedure_of(front).has(front.stage, "end_second_stage"):
            make_move(front, "end_second_stage", actor=SYSTEM, now=now)


def admit(main: Round, organisations: Iterable[int], *, now: datetime) -> None:
    """Let organisations into a main round."""
    Admission.objects.bulk_create(
        Admission(round=main, organisation_id=pk, admitted_at=now, region_code=main.region_code)
        for pk in sorted(set(organisations))
    )


def dismiss(round_: Round, organisation_pk: int) -> None:
    """Let an organisation in no longer: it has left by itself (called inside that act)."""
    Admission.objects.filter(round=round_, organisation_id=organisation_pk).delete()


def admitted(round_pks: Iterable[int]) -> list[int]:
    """Return the organisations let into rounds, for the platform to write to; never for a page."""
    return sorted(
        set(Admission.objects.filter(round_id__in=list(round_pks)).values_list("organisation_id", flat=True))
    )


def own_admissions(*, round_pks: Iterable[int], organisation_pk: int) -> set[int]:
    """Return those of the rounds that an organisation itself is let into."""
    rows = Admission.objects.filter(round_id__in=list(round_pks), organisation_id=organisation_pk)
    return set(rows.values_list("round_id", flat=True))


def may_have_file(*, tender_pk: int, version: int, organisation_pk: int) -> bool:
    """Say whether an organisation may have a version of the file: anyone, unless its rounds are restricted."""
    rounds = Round.objects.filter(lot__tender_id=tender_pk, file_version=version, restricted=True, phase=1)
    return not rounds.exists() or (
        bool(organisation_pk)
        and Admission.objects.filter(round__in=rounds, organisation_id=organisation_pk).exists()
    )
