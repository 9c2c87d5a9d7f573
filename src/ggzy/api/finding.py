"""API of what anyone looks for: the notices, by the parameters of the search page, and the figures of the market."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from ggzy.api.frame import answer, now
from ggzy.notices.queries import latest
from ggzy.opendata.figures import figures
from ggzy.search.parameters import read
from ggzy.search.queries import COUNTED, HitRow, search

router = Router()


def _hit(row: HitRow) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    bits = fields.pop("excerpt"), fields.pop("title_bits")
    return fields | {"excerpt": "".join(bit.text for bit in bits[0])}


@router.get(
    "/notices",
    tags=["公开"],
    summary="检索公告, 参数与检索页相同; 只带 kind、limit 是最新的公告, 加 sort=newest 可翻页",
)
def notice_list(
    request: HttpRequest,
    words: str = "",
    kind: str = "",
    scope: str = "",
    region: str = "",
    buyer: str = "",
    code: str = "",
    since: str = "",
    until: str = "",
    least: str = "",
    most: str = "",
    sort: str = "",
    after: str = "",
    limit: int = 20,
) -> HttpResponse:
    if not set(request.GET) - {
        "kind",
        "limit",
    }:  # the newest, of every version, without waiting for the index
        return answer({"notices": latest(kind=kind, limit=min(max(limit, 1), 200))})
    found = search(read(request.GET.dict(), size=min(max(limit, 1), 200)))
    total = {"total": found.total, "totalIsMoreThan": COUNTED if found.total is None else None}
    return answer(
        {"notices": [_hit(row) for row in found.rows], "facets": found.facets, "next": found.next, **total}
    )


@router.get("/figures", tags=["公开"], summary="市场数据: 数量、金额、竞争、节约, 由已公开的数据算出")
def market(request: HttpRequest) -> HttpResponse:
    found = figures(now=now())
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    derived = {"bids_a_round": found.bids_a_round, "saved_percent": found.saved_percent}
    return answer(fields | derived)
