"""A member's sheet as one value for the desk's script: who is judged, on what, with which values, and what is known."""

from collections.abc import Mapping, Sequence
from typing import Any

from ggzy.evaluation import objective
from ggzy.evaluation.queries import Desk
from ggzy.opening.queries import OpenedBid
from ggzy.portals.registry_desk import DeskFacts
from ggzy.registry.queries import Stand
from ggzy.registry.rules import State
from ggzy.tendering.document import Criterion


def prefilled(
    desk: Desk, registry: DeskFacts, bids: Sequence[OpenedBid], items: Sequence[Criterion]
) -> dict[str, objective.Found]:
    """Return {bid:item: what the sealed records give} of the objective items that have a rule; no snapshot, nothing."""
    ruled = [c for c in items if c.facts]
    out = {}
    for bid in bids if ruled else ():
        stand = registry.stands.get(bid.bid)
        if stand is None or not stand.whole:
            continue
        records = _records(bid, stand)
        for item in ruled:
            if item.facts:
                out[f"{bid.bid}:{item.key}"] = objective.found(item.facts, records, weight=item.weight)
    return out


def _records(bid: OpenedBid, stand: Stand) -> list[objective.Record]:
    """Return a bid's sealed records with what speaks against counting them, as the registry stood at the deadline."""
    out = []
    for raw, row in zip(bid.fields["registry"]["records"], stand.rows, strict=True):
        data, files = raw["data"], raw.get("files") or []
        against = ""
        if not row.same:
            against = "与主体库记录不一致"
        elif row.state in {State.EXPIRED, State.MISMATCH}:
            against = row.state.label
        out.append(
            objective.Record(
                kind=row.kind.value,
                code=data.get("code", ""),
                title=row.title,
                amount=data.get("amount", ""),
                finished_on=data.get("finished_on", ""),
                against=against,
                files=tuple(str(f.get("sha256")) for f in files if isinstance(f, Mapping)),
            )
        )
    return out


def _address(desk: Desk, name: str, digest: str) -> str:
    """Return where the page reads a file: a PDF without a trace in a cache, anything else as everywhere."""
    pdf = name.lower().endswith(".pdf")
    return f"/work/rounds/{desk.round}/files/{digest}" if pdf else f"/documents/{digest}"


def _file(desk: Desk, file: Mapping[str, Any]) -> dict[str, Any]:
    name, digest = str(file["name"]), str(file["sha256"])
    pdf = name.lower().endswith(".pdf")
    return {"name": name, "address": _address(desk, name, digest), "pdf": pdf, "says": []}


def _entry(desk: Desk, bid: OpenedBid, note: str = "") -> dict[str, Any]:
    files = sorted((_file(desk, a) for a in bid.attachments), key=lambda f: not f["pdf"])
    later = "报价在磋商(谈判)后提出" if desk.document.negotiated else "报价在第二信封"
    price = f"{bid.price:,.2f} 元" if bid.read_price is not None else later
    facts = f"{price} · {bid.duration_days} 日历天"
    return {
        "id": bid.bid,
        "name": bid.bidder,
        "dark": False,
        "note": f"{facts} · {note}" if note else facts,
        "files": files,
    }


def _dark_entries(desk: Desk) -> list[dict[str, Any]]:
    return [
        {
            "id": one.code,
            "name": one.code,
            "dark": True,
            "note": "暗标" if one.files else "没有暗标文件",
            "files": [
                {
                    "name": f"文件{n}",
                    "address": file.address,
                    "pdf": not file.trouble,
                    "says": [file.trouble]
                    if file.trouble
                    else [f"第{k['page']}页{k['says']}" for k in file.leaks],
                }
                for n, file in enumerate(one.files, 1)
            ],
        }
        for one in desk.dark
    ]


def review_data(desk: Desk, sheet: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the preliminary sheet for the script; `sheet` is what the table shows: parts, rows, cells."""
    rows = [(part["part"], line) for part in sheet for line in part["rows"]]
    values: dict[str, str] = {}
    for _, line in rows:
        for cell in line["cells"]:
            values[f"passes:{cell['name']}"] = cell["passes"]
            values[f"reason:{cell['name']}"] = cell["reason"]
    return _data(
        desk,
        kind="preliminary",
        entries=[_entry(desk, b) for b in desk.bids],
        items=[
            {"key": line["requirement"].key, "title": line["requirement"].text, "part": part}
            for part, line in rows
        ],
        values=values,
    )


def scores_data(
    desk: Desk,
    left: Sequence[OpenedBid],
    *,
    given: Mapping[str, str],
    reasons: Mapping[str, str],
    known: Mapping[str, objective.Found],
    price_scores: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the score sheet for the script: dark bids under their codes first, then the others with names."""
    items = [
        {
            "key": c.key,
            "title": c.title,
            "max": str(c.weight.normalize()) if c.weight % 1 else str(int(c.weight)),
            "objective": c.objective,
            "reasons": c.reasons,
            "dark": bool(c.dark and desk.dark),
        }
        for c in desk.document.criteria
    ]
    values = {f"score:{key}": value for key, value in given.items()}
    values |= {f"why:{key}": value for key, value in reasons.items()}
    addresses = {a["sha256"]: a["name"] for b in left for a in b.attachments}
    hints = {
        key: {
            "says": found.says,
            "bid": key.split(":", 1)[0],
            "counted": [_evidence(desk, r, "", addresses) for r in found.counted],
            "left_out": [_evidence(desk, r, why, addresses) for r, why in found.left_out],
        }
        for key, found in known.items()
    }
    priced = {} if desk.document.scheme else {bid: f"报价分 {points}" for bid, points in price_scores.items()}
    entries = _dark_entries(desk) + [_entry(desk, b, priced.get(b.bid, "")) for b in left]
    return _data(desk, kind="scores", entries=entries, items=items, values=values) | {"hints": hints}


def _evidence(desk: Desk, record: objective.Record, why: str, attached: Mapping[str, str]) -> dict[str, Any]:
    """Return a record with the address of the attachment that proves it, "" where the bid has none."""
    there = next((digest for digest in record.files if digest in attached), "")
    return {
        "title": record.title,
        "why": why,
        "address": _address(desk, attached[there], there) if there else "",
        "pdf": attached.get(there, "").lower().endswith(".pdf"),
    }


def _data(
    desk: Desk,
    *,
    kind: str,
    entries: list[dict[str, Any]],
    items: list[dict[str, Any]],
    values: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "kind": kind,
        "entries": entries,
        "items": items,
        "hints": {},
        # what is empty is not sent: a sheet of 30 bids and 40 items is mostly that
        "values": {name: value for name, value in values.items() if value},
    }
