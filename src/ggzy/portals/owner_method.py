"""Choosing the evaluation method of a tender file: a shipped one or one's own, its parameters, a preview with sample prices."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.methods.explain import (
    Explanation,
    Level,
    explain,
    in_words,
    order_in_words,
    parameter_in_words,
    scheme_in_words,
)
from ggzy.methods.method import Method, number, parse
from ggzy.methods.run import OF_THE_LOT, Bid, Scheme, complete, promise, run, samples
from ggzy.methods.shelf import FILES, method_named, read_toml, shipped
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import refused_here
from ggzy.procedures.spec import Stage
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.tendering import worklist

#: the methods that a construction tender may choose from
SCOPES = {"gc", "any"}
MOST_SAMPLES = 50
SHARES = tuple(Decimal(n) / 1000 for n in (985, 962, 948, 931, 907))


def method_page(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Choose, preview and save the method; what is drawn or the lot's own is not entered."""
    tender = own_tender(tender_id, who(request))
    kept = (tender.document or {}).get("scheme")
    use = request.GET.get("use", "")
    toml = (FILES / f"{method_named(use).id}.toml").read_text(encoding="utf-8") if use else ""
    lots = worklist.lot_drafts(tender_id)
    ceiling = next((lot.ceiling_price for lot in lots if lot.ceiling_price), None)
    page: dict[str, Any] = {
        "tender": tender,
        "editable": any(
            s.stage in {Stage.DOC_EDIT, Stage.OPEN_FOR_BID} for s in tenders.states_of(tender_id)
        ),
        "methods": [m for m in shipped().values() if m.scope in SCOPES],
        "kept": scheme_in_words(_kept(kept)) if kept else [],
        "kept_title": kept["method"]["title"] if kept else "",
        "use": use,
        "given": {"toml": toml, "values": {}, "samples": ""},
    }
    if request.method != "POST":
        if toml:
            method = read_toml(toml)
            page |= _of(method, {})
            page["given"] |= {"samples": _sample_lines(method, ceiling)}
        return show(request, "work/method.html", page)
    if text(request, "do") == "statutory":
        plain = {k: v for k, v in tender.document.items() if k != "scheme"}
        tendering.write_document(tender_id=tender_id, document=plain, actor=who(request), now=now())
        return done(f"/work/tenders/{tender_id}/document", "已改回招标文件中填写的评标办法")
    given = {
        "toml": request.POST.get("toml", ""),
        "samples": request.POST.get("samples", ""),
        "values": {
            name.removeprefix("value_"): value.strip()
            for name, value in request.POST.items()
            if name.startswith("value_") and isinstance(value, str) and value.strip()
        },
    }
    try:
        method = read_toml(given["toml"])
        page |= _of(method, given["values"])
        scheme = promise(method, given["values"])
        if text(request, "do") == "save":
            if not tender.document:
                raise BadInput("请先保存招标文件, 再选择评标办法", field="scheme")
            document = {**tender.document, "scheme": scheme.as_json()}
            tendering.write_document(tender_id=tender_id, document=document, actor=who(request), now=now())
            return done(f"/work/tenders/{tender_id}/method", f"已选用“{method.title}”")
        page["told"] = preview(method, given["values"], given["samples"], ceiling=ceiling)
    except Refusal as refusal:
        return refused_here(request, "work/method.html", page, refusal, given=given)
    return show(request, "work/method.html", {**page, "given": given})


def _kept(kept: dict[str, Any]) -> Scheme:
    """Return the scheme kept in a tender file."""
    return promise(parse(kept["method"]), kept["values"])


def _of(method: Method, values: dict[str, str]) -> dict[str, Any]:
    entered = [p for p in method.parameters if p.drawn is None and p.name not in OF_THE_LOT]
    return {
        "chosen": method,
        "fields": [(f"value_{p.name}", p, values.get(p.name, p.default)) for p in entered],
        "drawn": _not_entered(method),
        "steps": in_words(method),
        "order": order_in_words(method),
        "columns": method.figures,
    }


def _not_entered(method: Method) -> list[tuple[str, str]]:
    """Return what is not entered: the parameters that are drawn, and those that the lot gives."""
    return [
        (p.title, parameter_in_words(p, None))
        for p in method.parameters
        if p.drawn is not None or p.name in OF_THE_LOT
    ]


def _sample_lines(method: Method, ceiling: Decimal | None) -> str:
    """Return sample bids for the preview: one a line, the method's figures in their order."""
    top = ceiling or Decimal(10_000_000)
    lines = []
    for n, share in enumerate(SHARES):
        first = top * share if method.value == "price" else (1 - share) * 100
        rest = [str(80 + n) if f.default is None else str(f.default) for f in method.figures[1:]]
        lines.append(" ".join([f"{first:.2f}", *rest]))
    return "\n".join(lines)


def preview(method: Method, values: dict[str, str], lines: str, *, ceiling: Decimal | None) -> Explanation:
    """Return the method told on sample bids, drawn parameters at the first value of their range.

    :raises BadInput: a line cannot be read, or the method cannot be computed on these figures
    """
    rows = [line.replace(",", " ").split() for line in lines.splitlines() if line.strip()]
    if not 1 <= len(rows) <= MOST_SAMPLES:
        raise BadInput(f"试算请填1至{MOST_SAMPLES}行报价, 每行一份投标", field="samples")
    names = [f.name for f in method.figures]
    if bad := next((n for n, row in enumerate(rows, start=1) if len(row) > len(names)), None):
        raise BadInput(f"试算的第{bad}行有{len(rows[bad - 1])}个数, 最多{len(names)}个", field="samples")
    bids = [
        Bid(
            ref=f"{n:02d}",
            figures={name: number(cell, "samples") for name, cell in zip(names, row, strict=False)},
        )
        for n, row in enumerate(rows, start=1)
    ]
    lot = {"ceiling": ceiling or Decimal(10_000_000), "duration": Decimal(365)}
    drawn = {n: v for n, v in samples(method).items() if n not in OF_THE_LOT}
    scheme = complete(promise(method, values), drawn=drawn, of_the_lot=lot)
    called = {bid.ref: f"投标{int(bid.ref)}" for bid in bids}
    return explain(run(scheme, bids), level=Level.FULL, names=called)
