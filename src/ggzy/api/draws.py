"""API of the draw of experts: conditions, seeds, calls, widening, absences, replacements, declared relations."""

import hashlib
import hmac
import os
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.experts import actions as experts
from ggzy.experts import attending, calling, desks, lending, rules, seeding, widening
from ggzy.experts import queries as draws
from ggzy.kernel.refusals import NotPermitted
from ggzy.parties.grid import Permission, require

router = Router(tags=["抽取"])


class QuotaIn(Schema):
    """How many experts of a specialty (by prefix), of which regions (prefixes of region codes)."""

    specialty: str
    count: int
    regions: list[str] = []


class ConditionsIn(Schema):
    """Whom to leave out: see the page of the request for what each means."""

    recent_most: int = 0
    recent_days: int = 0
    most_ahead: int = 0
    not_again: bool = False
    one_per_unit: bool = True


class WishIn(Schema):
    """A draw's quotas, conditions and session; what is left out follows from the tender file and the bookings."""

    quotas: list[QuotaIn] = []
    conditions: ConditionsIn | None = None
    session_from: datetime | None = None
    session_to: datetime | None = None
    #: agreements under which partners' pools are drawn from besides
    partners: list[str] = []

    def whole(self) -> experts.Wish:
        """Return the wish as the context takes it."""
        return experts.Wish(
            quotas=tuple(rules.quota_of(q.dict()) for q in self.quotas),
            conditions=rules.conditions_of(self.conditions.dict()) if self.conditions else None,
            session_from=self.session_from,
            session_to=self.session_to,
            partners=tuple(self.partners),
        )


class Commitment(Schema):
    """SHA-256 of a 32-byte seed, hex."""

    commitment: str


class SeedIn(Schema):
    """The seed, hex."""

    seed: str


class Answer(Schema):
    """Yes or no to a call."""

    accept: bool


class Reason(Schema):
    """Why."""

    reason: str


class Wider(Schema):
    """For each quota by its number ("0", "1", …) a specialty and regions to draw from besides, and why."""

    wider: dict[str, dict[str, Any]]
    reason: str


class Decision(Schema):
    """Yes or no, and the opinion."""

    approve: bool
    opinion: str = ""


class Absent(Schema):
    """The label of who has not come, and what was done to reach them."""

    label: str
    reason: str


class MemberOut(Schema):
    """The code of the member who cannot go on, and why."""

    code: str
    reason: str


class TieIn(Schema):
    """A relation: "employer" (with the day of leaving, YYYY-MM-DD) or "relative"."""

    kind: str
    uscc: str
    name: str
    until: str = ""


class RingAnswer(Schema):
    """The call and the key pressed: 1 yes, 2 no."""

    ring: str
    key: str


@router.post("/tenders/{tender_id}/draws", summary="发起专家抽取, 冻结名单")
@write
def request_draw(request: HttpRequest, tender_id: str, body: WishIn | None = None) -> dict[str, Any]:
    made = experts.request_draw(
        tender_id=tender_id, actor=who(request), now=now(), wish=body.whole() if body else None
    )
    row = draws.draw_row(made.public_id)
    return {"draw": row.draw, "pool_size": row.pool_size, "pool_sha256": row.pool_sha256}


@router.post("/tenders/{tender_id}/draw-check", summary="抽取条件是否有足够的专家(只答够或不够)")
@write
def check_draw(request: HttpRequest, tender_id: str, body: WishIn) -> dict[str, Any]:
    each, good = draws.enough_for(tender_id, body.whole(), actor=who(request), now=now())
    return {"enough": good, "quotas": [{"specialty": e.quota.specialty, "enough": e.good} for e in each]}


@router.get("/draws/{draw_id}", summary="抽取的公开信息")
def draw(request: HttpRequest, draw_id: str) -> HttpResponse:
    row = draws.draw_row(draw_id)
    out = {f: getattr(row, f) for f in row.__dataclass_fields__}
    return answer(out | {"labels": draws.labels_of(draw_id), "entries": draws.entries_of(draw_id)})


@router.post("/draws/{draw_id}/seed-commitment", summary="提交随机种子的承诺")
@write
def commit_seed(request: HttpRequest, draw_id: str, body: Commitment) -> dict[str, Any]:
    made = seeding.commit_seed(draw_id=draw_id, commitment=body.commitment, actor=who(request), now=now())
    return {"party": made.party, "turn": made.turn}


@router.post("/draws/{draw_id}/seed", summary="公开随机种子")
@write
def reveal_seed(request: HttpRequest, draw_id: str, body: SeedIn) -> dict[str, Any]:
    made = seeding.reveal_seed(draw_id=draw_id, seed=body.seed, actor=who(request), now=now())
    return {"state": made.state}


@router.post("/draws/{draw_id}/new-seeds", summary="种子作废后重新开始(监督部门)")
@write
def renew_seeds(request: HttpRequest, draw_id: str, body: Reason) -> dict[str, Any]:
    made = seeding.renew_seeds(draw_id=draw_id, reason=body.reason, actor=who(request), now=now())
    return {"turn": made.turn}


@router.get("/calls", summary="专家收到的评标邀请")
def calls(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.DRAW_ANSWER)
    return answer({"calls": draws.calls_of(actor)})


@router.post("/draws/{draw_id}/answer", summary="专家答复邀请")
@write
def answer_call(request: HttpRequest, draw_id: str, body: Answer) -> dict[str, Any]:
    made = calling.answer_call(draw_id=draw_id, accept=body.accept, actor=who(request), now=now())
    return {"label": made.label, "state": made.state}


@router.post("/rings/answer", summary="短信语音平台回报专家按键")
@write
def answer_ring(request: HttpRequest, body: RingAnswer) -> dict[str, Any]:
    _require_gateway(request)
    lent = lending.answer_lent_ring(ring_id=body.ring, key=body.key, now=now())
    made = lent or calling.answer_ring(ring_id=body.ring, key=body.key, now=now())
    return {"state": made.state}


def _require_gateway(request: HttpRequest) -> None:
    """Let the gateway in that signs with the centre's token, nobody else."""
    token = os.environ.get("GGZY_CALLS_TOKEN", "")
    signed = hmac.new(token.encode(), request.body, hashlib.sha256).hexdigest()
    if not token or not hmac.compare_digest(signed, request.headers.get("X-Signature", "")):
        raise NotPermitted("签名不符, 只接受本中心短信语音平台的回报")


@router.post("/draws/{draw_id}/widenings", summary="提出扩大抽取范围")
@write
def propose_widening(request: HttpRequest, draw_id: str, body: Wider) -> dict[str, Any]:
    made = widening.propose_widening(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"widening": made.public_id}


@router.post("/widenings/{widening_id}", summary="确认或不同意扩大抽取范围(监督部门)")
@write
def decide_widening(request: HttpRequest, widening_id: str, body: Decision) -> dict[str, Any]:
    made = widening.decide_widening(widening_id=widening_id, **body.dict(), actor=who(request), now=now())
    return {"approved": made.approved}


@router.get("/draws/{draw_id}/attendance", summary="未到的编号、在场的代号和更换申请(中心)")
def attendance(request: HttpRequest, draw_id: str) -> HttpResponse:
    return answer(desks.attendance(draw_id, actor=who(request)))


@router.post("/draws/{draw_id}/absences", summary="登记缺席, 由下一名递补(中心)")
@write
def mark_absent(request: HttpRequest, draw_id: str, body: Absent) -> dict[str, Any]:
    made = attending.mark_absent(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"label": made.label, "state": made.state}


@router.post("/draws/{draw_id}/replacements", summary="申请更换评标委员会成员")
@write
def propose_replacement(request: HttpRequest, draw_id: str, body: MemberOut) -> dict[str, Any]:
    made = attending.propose_replacement(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"replacement": made.public_id}


@router.post("/replacements/{replacement_id}", summary="确认或不同意更换(中心)")
@write
def decide_replacement(request: HttpRequest, replacement_id: str, body: Decision) -> dict[str, Any]:
    made = attending.decide_replacement(
        replacement_id=replacement_id, confirm=body.approve, actor=who(request), now=now()
    )
    return {"confirmed": made.confirmed}


@router.get("/draws/{draw_id}/names", summary="打开编号对应的姓名, 留痕(监督部门)")
def open_names(request: HttpRequest, draw_id: str) -> HttpResponse:
    # not a remembered write: names must not lie in the table of answers
    return answer({"names": desks.open_names(draw_id=draw_id, actor=who(request), now=now())})


@router.get("/ties", summary="专家申报的关系")
def ties(request: HttpRequest) -> HttpResponse:
    return answer({"ties": desks.ties_of(who(request))})


@router.post("/ties", summary="申报应当回避的关系")
@write
def declare_tie(request: HttpRequest, body: TieIn) -> dict[str, Any]:
    made = attending.declare_tie(**body.dict(), actor=who(request), now=now())
    return {"tie": made.public_id}


@router.post("/ties/{tie_id}/end", summary="终止一条关系申报")
@write
def drop_tie(request: HttpRequest, tie_id: str) -> dict[str, Any]:
    made = attending.drop_tie(tie_id=tie_id, actor=who(request), now=now())
    return {"tie": made.public_id}
