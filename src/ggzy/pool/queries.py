"""What the pages of the pool show: rows with personal data masked; who opens it stands in the log."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from ggzy.committees.models import Meeting
from ggzy.experts.models import Member
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.pool import rules
from ggzy.pool.actions import hours_of, lock_file, own_file, record, today
from ggzy.pool.conduct import ended_meeting, points_of
from ggzy.pool.exams import turn_of
from ggzy.pool.fees import payable
from ggzy.pool.models import Appeal, Exam, ExamQuestion, ExpertFile, FeeLine, FeeSheet, Rating
from ggzy.pool.rules import State
from ggzy.tendering.moves import require_owner_side

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A file in a list; the name is masked."""

    file: str
    username: str
    name: str
    state: State
    specialties: str
    employer: str
    region: str
    term_to: date | None
    on_leave: bool
    drawable: bool


def _row(file: ExpertFile, on: date) -> FileRow:
    expert = file.expert
    leaves = tuple((x.since, x.until) for x in file.leaves.all() if x.ended_at is None)
    standing = rules.Standing(state=file.state, term_from=file.term_from, term_to=file.term_to, leaves=leaves)
    return FileRow(
        file=file.public_id,
        username=expert.account.username,
        name=rules.masked(expert.account.person.name),
        state=State(file.state),
        specialties="、".join(expert.specialties),
        employer=expert.employer_name,
        region=file.region_code,
        term_to=file.term_to,
        on_leave=any(since <= on <= until for since, until in leaves),
        drawable=rules.drawable(standing, on=on),
    )


def files(
    *, actor: Actor, now: datetime, state: str = "", specialty: str = "", words: str = "", number: int = 1
) -> tuple[list[FileRow], bool]:
    """Return a page of files and whether there are more. `words`: in the username or the employer's name."""
    require(actor, Permission.POOL_OPEN)
    rows = ExpertFile.objects.select_related("expert__account__person").prefetch_related("leaves")
    if state in set(State):
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(
            Q(expert__account__username__icontains=words) | Q(expert__employer_name__icontains=words)
        )
    found = [_row(f, today(now)) for f in rows.order_by("expert__account__username")]
    if specialty:
        found = [r for r in found if any(s.startswith(specialty) for s in r.specialties.split("、"))]
    first = (max(number, 1) - 1) * PAGE
    return found[first : first + PAGE], len(found) > first + PAGE


def counts(*, actor: Actor) -> dict[State, int]:
    """Return how many files stand in each state."""
    require(actor, Permission.POOL_OPEN)
    found = ExpertFile.objects.values_list("state").annotate(n=Count("pk"))
    return {State(state): n for state, n in sorted(found)}


def _masked(file: ExpertFile) -> list[tuple[str, str]]:
    person = file.expert.account.person
    return [
        ("身份证号", rules.masked(person.id_number or "", head=3, tail=2)),
        ("手机", rules.masked(person.phone or "", head=3, tail=2)),
        ("银行账号", rules.masked(file.bank_account or "", tail=4, head=0)),
    ]


def _detail(file: ExpertFile, now: datetime) -> dict[str, Any]:
    year = today(now).year
    ratings = Rating.objects.filter(member__candidate__expert=file.expert).select_related(
        "meeting__draw__tender"
    )
    return {
        "row": _row(file, today(now)),
        "file": file.public_id,
        "state": State(file.state),
        "title": rules.TITLES.get(file.title, ""),
        "years": file.years,
        "specialties": [(code, file.proofs.get(code, [])) for code in file.expert.specialties],
        "employer": (file.expert.employer_name, file.expert.employer_uscc),
        "term": (file.term_from, file.term_to),
        "face_at": file.face_at,
        "personal": _masked(file),
        "moves": [
            {
                "label": rules.LABELS[m.event],
                "state": State(m.state).label,
                "basis": m.basis,
                "reason": m.reason,
                "at": m.made_at,
                "by": Role(m.by.role).label if m.by else "系统",
            }
            for m in file.moves.select_related("by").order_by("-pk")
        ],
        "trainings": list(file.trainings.order_by("-held_on").values("course", "hours", "held_on")),
        "hours": hours_of(file, since=date(year, 1, 1)),
        "least_hours": settings.POOL_YEAR_HOURS,
        "exams": list(
            file.exams.exclude(handed_in_at=None)
            .order_by("-pk")
            .values("turn", "attempt", "handed_in_at", "score", "passed")
        ),
        "points_left": points_of(file, year),
        "points_year": settings.POOL_POINTS,
        "ratings": [_rating(r) for r in ratings.order_by("-pk")],
        "suspensions": [
            {
                "suspension": s.public_id,
                "kind": s.kind,
                "basis": s.basis,
                "authority": s.authority,
                "reason": s.reason,
                "since": s.since,
                "until": s.until,
                "repair": s.repair,
                "lifted_at": s.lifted_at,
                "appeal": _appeal(s.appeals.first()),
            }
            for s in file.suspensions.prefetch_related("appeals").order_by("-pk")
        ],
        "leaves": list(file.leaves.order_by("-since").values("public_id", "since", "until", "ended_at")),
        "assessments": list(
            file.assessments.order_by("-year").values("year", "hours", "points_left", "sessions", "grade")
        ),
    }


def _rating(r: Rating) -> dict[str, Any]:
    return {
        "rating": r.public_id,
        "tender": r.meeting.draw.tender.name,
        "side": "招标人一方" if r.side == Rating.OWNER else "中心",
        "faults": [rules.BY_FAULT[code].label for code in r.faults],
        "points": r.points,
        "words": r.words,
        "at": r.rated_at,
        "void": r.void,
        "appeal": _appeal(r.appeals.first()),
    }


def _appeal(a: Appeal | None) -> dict[str, Any] | None:
    return a and {
        "appeal": a.public_id,
        "text": a.text,
        "filed_at": a.filed_at,
        "upheld": a.upheld,
        "opinion": a.opinion,
        "decided_at": a.decided_at,
    }


def file_row(file_id: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return a file with its personal data masked.

    :raises NotFound: no such file
    """
    require(actor, Permission.POOL_OPEN)
    file = ExpertFile.objects.select_related("expert__account__person").filter(public_id=file_id).first()
    if file is None:
        raise NotFound("没有这份专家档案", next_steps=(("专家库", "/work/pool"),))
    return _detail(file, now)


@transaction.atomic
def open_personal(*, file_id: str, reason: str, actor: Actor, now: datetime) -> dict[str, str]:
    """Return the personal data of a file unmasked; who looked, and why, is in the log.

    :raises BadInput: no reason
    :raises NotFound: no such file
    """
    require(actor, Permission.POOL_OPEN)
    if not reason.strip():
        raise BadInput("请写明查看个人信息的用途; 查看会留痕", field="purpose")
    file = lock_file(file_id)
    record(file, "personal_opened", actor, now, supervisor={"reason": reason.strip()[:300]})
    person = file.expert.account.person
    return {
        "name": person.name,
        "id_number": person.id_number or "",
        "phone": person.phone or "",
        "bank_name": file.bank_name or "",
        "bank_account": file.bank_account or "",
    }


def has_file(actor: Actor) -> bool:
    """Say whether an expert has applied."""
    require(actor, Permission.POOL_OWN)
    return ExpertFile.objects.filter(expert__account_id=actor.account_pk).exists()


def my_file(*, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return an expert's own file, with the fees and the meetings to rate.

    :raises NotFound: not applied
    """
    file = own_file(actor)
    sat = Meeting.objects.filter(draw__members__account_id=actor.account_pk, ended_at__isnull=False)
    sat = sat.exclude(draw__members__in=Member.objects.filter(account_id=actor.account_pk, left=True))
    rated = set(
        Member.objects.filter(account_id=actor.account_pk, rating_back__isnull=False).values_list(
            "draw_id", flat=True
        )
    )
    attempts = file.exams.filter(turn=turn_of(file)).count()
    return _detail(file, now) | {
        "attempts_left": settings.EXAM_ATTEMPTS - attempts,
        "meetings": [
            {"draw": m.draw.public_id, "tender": m.draw.tender.name, "rated": m.draw_id in rated}
            for m in sat.select_related("draw__tender").distinct().order_by("-ended_at")[:20]
        ],
        "fees": [
            {
                "tender": line.sheet.meeting.draw.tender.name,
                "how": rules.TOOK_PART[line.how],
                "minutes": line.minutes,
                "amount": line.amount,
                "confirmed_at": line.sheet.confirmed_at,
                "paid_at": line.paid_at,
                "reference": line.reference,
            }
            for line in FeeLine.objects.filter(candidate__expert=file.expert)
            .select_related("sheet__meeting__draw__tender")
            .order_by("-pk")[:50]
        ],
    }


def exam_page(exam_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return an attempt as its paper: texts and options in the order drawn, without what is right.

    :raises NotFound: not one's own
    """
    file = own_file(actor)
    exam = Exam.objects.filter(file=file, public_id=exam_id).first()
    if exam is None:
        raise NotFound("没有这次考试", next_steps=(("我的档案", "/work/pool/me"),))
    bank = {
        q.public_id: q for q in ExamQuestion.objects.filter(public_id__in=[x["question"] for x in exam.paper])
    }
    return {
        "exam": exam.public_id,
        "attempt": exam.attempt,
        "due_at": exam.due_at,
        "handed_in_at": exam.handed_in_at,
        "score": exam.score,
        "passed": exam.passed,
        "pass_mark": settings.EXAM_PASS,
        "questions": [
            {
                "id": line["question"],
                "text": bank[line["question"]].text,
                "several": len(bank[line["question"]].right) > 1,
                "options": [(n, bank[line["question"]].options[n]) for n in line["order"]],
            }
            for line in exam.paper
        ],
    }


def questions(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the question bank with the right options."""
    require(actor, Permission.POOL_KEEP)
    return [
        {
            "id": q.public_id,
            "specialty": q.specialty,
            "text": q.text,
            "options": [(text, n in q.right) for n, text in enumerate(q.options)],
        }
        for q in ExamQuestion.objects.filter(active=True).order_by("specialty", "pk")
    ]


def open_appeals(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the appeals that wait, oldest first, with what they are against; the expert is a masked name."""
    require(actor, Permission.POOL_APPEAL)
    rows = Appeal.objects.filter(decided_at=None).select_related(
        "file__expert__account__person", "rating__meeting__draw__tender", "suspension"
    )
    return [
        {
            "appeal": a.public_id,
            "name": rules.masked(a.file.expert.account.person.name),
            "file": a.file.public_id,
            "text": a.text,
            "filed_at": a.filed_at,
            "against": f"一标一评: 扣{a.rating.points}分, {a.rating.words}"
            if a.rating
            else f"{a.suspension.authority} {a.suspension.basis}: {a.suspension.reason}",
            "mine": (a.rating or a.suspension).by_id == actor.account_pk,
        }
        for a in rows.order_by("pk")
    ]


def after_meeting(draw_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return what comes after a meeting for the owner side or the centre: members by code, ratings, the fee sheet.

    :raises NotOver: the meeting goes on
    """
    require(actor, Permission.POOL_RATE)
    meeting = ended_meeting(draw_id)
    side = Rating.CENTRE
    if actor.role is not Role.CENTRE:
        require_owner_side(meeting.draw.tender, actor)
        side = Rating.OWNER
    members = meeting.draw.members.filter(candidate__isnull=False, left=False).order_by("code")
    done = {r.member_id: r for r in Rating.objects.filter(meeting=meeting, side=side)}
    back = meeting.draw.members.exclude(rating_back=None)
    marks = [m.rating_back.marks for m in back.select_related("rating_back")]
    sheet = FeeSheet.objects.filter(meeting=meeting).first()
    return {
        "draw": draw_id,
        "tender": meeting.draw.tender.name,
        "ended_at": meeting.ended_at,
        "owner": side == Rating.OWNER,
        "members": [
            {
                "code": m.code,
                "rated": m.pk in done,
                "points": done[m.pk].points if m.pk in done else 0,
                "words": done[m.pk].words if m.pk in done else "",
            }
            for m in members
        ],
        "faults": rules.FAULTS,
        # a few voices would tell who said what
        "back": [
            (label, Decimal(sum(m[key] for m in marks)) / len(marks))
            for key, label in rules.BACK_ITEMS.items()
        ]
        if len(marks) >= 3
        else [],
        "sheet": sheet
        and {
            "total": sheet.total,
            "confirmed_at": sheet.confirmed_at,
            "schedules": sheet.schedules,
            "lines": [
                {
                    "code": line.code if line.how != rules.NO_SHOW else line.code[:12],
                    "how": rules.TOOK_PART[line.how],
                    "minutes": line.minutes,
                    "amount": line.amount,
                    "paid_at": line.paid_at,
                }
                for line in sheet.lines.order_by("pk")
            ],
        },
    }


def meetings_after(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the meetings that have ended and wait for a rating or the fee sheet of the actor's side."""
    require(actor, Permission.POOL_RATE)
    rows = Meeting.objects.filter(ended_at__isnull=False).select_related("draw__tender", "fee_sheet")
    if actor.role is not Role.CENTRE:
        own = Q(draw__tender__tenderee_id=actor.organisation_pk) | Q(
            draw__tender__agency_id=actor.organisation_pk
        )
        rows = rows.filter(own)
    side = Rating.CENTRE if actor.role is Role.CENTRE else Rating.OWNER
    unrated = Member.objects.filter(draw=OuterRef("draw"), candidate__isnull=False, left=False)
    unrated = unrated.exclude(ratings__side=side).values("draw").annotate(n=Count("pk")).values("n")
    rows = rows.annotate(to_rate=Coalesce(Subquery(unrated), 0)).defer("draw__tender__document")
    out = []
    for m in rows.order_by("-ended_at")[:50]:
        sheet = getattr(m, "fee_sheet", None)
        out.append(
            {
                "draw": m.draw.public_id,
                "tender": m.draw.tender.name,
                "ended_at": m.ended_at,
                "to_rate": m.to_rate,
                "fees": bool(sheet and sheet.confirmed_at),
            }
        )
    return out


def own_state(actor: Actor) -> State | None:
    """Return the state of an expert's own file, None if there is none."""
    require(actor, Permission.POOL_OWN)
    rows = ExpertFile.objects.filter(expert__account_id=actor.account_pk)
    found = rows.values_list("state", flat=True).first()
    return State(found) if found else None


def fees_to_pay(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the confirmed fees for the centre, those to be paid first, without who is paid."""
    require(actor, Permission.POOL_KEEP)
    return payable()


def proof_file(digest: str, *, actor: Actor) -> str:
    """Return the name of a proof that stands in a file, for who reviews it or whose it is.

    :raises NotFound: no such proof for this viewer
    """
    rows = ExpertFile.objects.all()
    if actor.role is Role.EXPERT:
        rows = rows.filter(expert__account_id=actor.account_pk)
    else:
        require(actor, Permission.POOL_OPEN)
    for proofs in rows.values_list("proofs", flat=True):
        for kept in proofs.values():
            for one in kept:
                if one["sha256"] == digest:
                    return str(one["name"])
    raise NotFound("没有这份证明文件")
