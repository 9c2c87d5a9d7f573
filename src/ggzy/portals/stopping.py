"""Stopping an evaluation for a flawed file, at the desk of a committee member."""

from django.http import HttpRequest, HttpResponse

from ggzy.evaluation import flawed
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.expert import desk_page, show_desk
from ggzy.portals.frame import done, now, route, text, who
from ggzy.portals.work import only_posted, signing

_AT = "work/rounds/<str:round_id>/stoppages"


def _refused(
    request: HttpRequest, round_id: str, refusal: Refusal, given: dict[str, str] | None = None
) -> HttpResponse:
    page = desk_page(request, round_id)
    page["given"] = page["given"] | (given or {})
    return show_desk(request, page, refusal)


def propose(request: HttpRequest, round_id: str) -> HttpResponse:
    """Put a written statement to the members."""
    given = {"ground": text(request, "ground"), "text": text(request, "text").replace("\r\n", "\n")}
    try:
        flawed.propose_stop(round_id=round_id, **given, actor=who(request), now=now())
    except Refusal as refusal:
        return _refused(request, round_id, refusal, given)
    return done(f"/work/rounds/{round_id}/desk#stop", "书面说明已提出, 请各成员(包括您本人)分别签名")


def sign(request: HttpRequest, round_id: str, number: int) -> HttpResponse:
    """Sign a statement."""
    try:
        made = flawed.sign_stop(
            round_id=round_id,
            number=number,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return _refused(request, round_id, refusal)
    says = "已签名。过半数成员已签名, 评审停止" if made.carried_at else "已在书面说明上签名"
    return done(f"/work/rounds/{round_id}/desk", says)


def statement_bytes(request: HttpRequest, round_id: str, number: int) -> bytes:
    """Return the statement to sign."""
    return flawed.statement_to_sign(round_id=round_id, number=number, actor=who(request))


urlpatterns = [
    route(_AT, only_posted(propose), name="work-stop-propose", permission=P.EVALUATE),
    route(f"{_AT}/<int:number>", only_posted(sign), name="work-stop-sign", permission=P.EVALUATE),
    route(
        f"{_AT}/<int:number>/to-sign",
        signing(statement_bytes),
        name="stop-to-sign",
        permission=P.EVALUATE,
    ),
]
