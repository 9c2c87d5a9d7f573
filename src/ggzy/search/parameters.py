"""A search as an address says it: the same parameters for the page, the feed and the API."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput
from ggzy.search.queries import NEWEST, Search

#: (name, what people call it)
NAMES = {
    "words": "检索词",
    "kind": "公告种类",
    "scope": "交易类型",
    "region": "行政区划",
    "buyer": "招标人、采购人",
    "code": "编号",
    "since": "起始日期",
    "until": "截止日期",
    "least": "金额下限",
    "most": "金额上限",
    "sort": "排序",
}
MOST = 200


def read(given: Mapping[str, str], *, size: int = 20) -> Search:
    """Return the search that parameters ask for; those that are empty or unknown ask for nothing.

    Dates are days of Beijing time, both included; amounts are 元.

    :raises BadInput: a value that cannot be one
    """
    said = {name: given.get(name, "").replace("\0", "").strip() for name in (*NAMES, "after")}
    for name, value in said.items():
        if len(value) > MOST:
            raise BadInput(f"{NAMES.get(name, '翻页位置')}过长, 最多{MOST}个字", field=name)
    if said["region"] and not (said["region"].isdecimal() and len(said["region"]) in (2, 4, 6, 9)):
        raise BadInput("行政区划应为代码的前2、4、6位或9位, 例如 37 或 370100", field="region")
    since, until = (_day(said[name], name) for name in ("since", "until"))
    if since and until and until < since:
        raise BadInput("截止日期早于起始日期, 请调换", field="until")
    return Search(
        **{name: said[name] for name in ("words", "kind", "scope", "region", "buyer", "code", "after")},
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
        least=yuan(said["least"], field="least") if said["least"] else None,
        most=yuan(said["most"], field="most") if said["most"] else None,
        sort=said["sort"] or NEWEST,
        size=size,
    )


def _day(given: str, name: str) -> date | None:
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        raise BadInput(f"{NAMES[name]}写法不对, 例如 2026-03-02", field=name) from None
    if not 1990 <= found.year <= 2100:
        raise BadInput(f"{NAMES[name]}应在1990年至2100年之间", field=name)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), BEIJING)


def link(given: Mapping[str, str], **changed: str) -> str:
    """Return the query of the same search with some parameters changed; changing one begins at the first page."""
    kept = {name: given.get(name, "") for name in NAMES} | changed
    return urlencode({name: value for name, value in kept.items() if value})
