"""The workbench of banks, insurers and guarantors: their letters of guarantee, and for the bank its sub-accounts' movements."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.deposits import guarantees, queries
from ggzy.deposits.rules import GuaranteeState
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here

_LETTER = "work/guarantee.html"
_WAITS = {
    GuaranteeState.REVIEW: "审核保函申请并报价",
    GuaranteeState.ISSUING: "出具保函",
    GuaranteeState.CLAIMED: "答复保函索赔",
}


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return what waits for an institution, its letters, and for the bank its movements."""
    letters = queries.letters(viewer=actor)
    return {
        "bench": "finance",
        "todos": [
            Todo(
                what=_WAITS[row.state],
                where=f"担保金额{row.amount}元, 有效期至{row.valid_until:%Y年%m月%d日}",
                href=f"/work/guarantees/{row.letter}",
                label="去办理",
            )
            for row in letters
            if row.state in _WAITS
        ],
        "letters": letters[:20],
        "is_bank": queries.is_the_bank(actor),
    }


def finance(request: HttpRequest) -> HttpResponse:
    """Show an institution's letters, and to the bank the movements on its sub-accounts."""
    page = {
        "letters": queries.letters(viewer=who(request)),
        "movements": queries.movements(viewer=who(request)),
        "is_bank": queries.is_the_bank(who(request)),
    }
    return show(request, "work/finance.html", page)


def _page(request: HttpRequest, letter_id: str) -> dict[str, Any]:
    row = queries.letter(letter_id, viewer=who(request))
    return {"row": row, "steps": _steps(row, who(request), now()), "given": {}}


def _steps(row: queries.LetterRow, actor: Actor, moment: datetime) -> list[tuple[str, str, str, bool]]:
    """Return what the viewer may do next: (step, what it is called, what it asks for, whether it is the plain one)."""
    role, state = actor.role.value, row.state.value
    known: dict[tuple[str, str], list[tuple[str, str, str, bool]]] = {
        ("finance", "review"): [
            ("quote", "通过并报价", "保费(元)", True),
            ("reject", "不通过", "理由", False),
        ],
        ("finance", "issuing"): [
            ("issue", "出具保函", "保函编号", True),
            ("reject", "不予出函", "理由", False),
        ],
        ("finance", "claimed"): [
            ("pay", "已赔付", "赔付凭证号", True),
            ("refuse", "拒绝索赔", "理由", False),
        ],
        ("bidder", "quoted"): [("accept", "确认费用并支付", "保费支付凭证号", True)],
    }
    found = known.get((role, state), [])
    if role == "bidder" and state in {"review", "quoted", "issuing", "lodged"}:
        found = [*found, ("surrender", "撤回保函", "", False)]
    if role == "tenderee" and state == "lodged" and row.may_be_claimed:
        found = [("claim", "提出索赔", "索赔的事实和依据", True)]
    return found


def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Show a letter of guarantee and the next steps of whoever looks."""
    return show(request, _LETTER, _page(request, letter_id))


def take_step(request: HttpRequest, letter_id: str, step: str) -> HttpResponse:
    """Take a step of a letter."""
    value = text(request, "value")
    try:
        guarantees.take_step(step, guarantee_id=letter_id, value=value, actor=who(request), now=now())
    except Refusal as refusal:
        given = {"value": value, "step": step}
        return refused_here(request, _LETTER, _page(request, letter_id), refusal, given=given)
    return done(f"/work/guarantees/{letter_id}", "已办理")


urlpatterns = [
    route("work/finance", finance, name="finance", permission=P.DEPOSIT_BANK),
    # who may see a letter is the letter's own to say: its institution, its bidder, after the opening its beneficiary
    route("work/guarantees/<str:letter_id>", letter, name="guarantee", permission=P.WORKBENCH_READ),
    route(
        "work/guarantees/<str:letter_id>/<str:step>",
        only_posted(take_step),
        name="guarantee-step",
        permission=P.WORKBENCH_READ,
    ),
]
