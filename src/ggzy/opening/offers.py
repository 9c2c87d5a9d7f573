"""Reading what stands in an opened package: the first of two envelopes, or a price."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ggzy.bidding import bidbox
from ggzy.identity import cms, trust
from ggzy.kernel import files
from ggzy.kernel.money import CENT, MOST
from ggzy.opening.models import BidOpening, SecondEnvelope


def price_of(fields: Mapping[str, Any]) -> Decimal:
    """Return the price in opened fields, in 元.

    :raises PackageBroken: there is none, or not as a price is written
    """
    try:
        price = Decimal(str(fields["price"]))
        if not price.is_finite() or not 0 < price <= MOST or price != price.quantize(CENT):
            raise ValueError
    except (KeyError, ValueError, InvalidOperation):
        raise bidbox.PackageBroken("投标文件中的报价填写不规范") from None
    return price


def days_of(fields: Mapping[str, Any]) -> int:
    """Return the duration in opened fields, in days, where the members of a consortium are told as they should.

    :raises PackageBroken: they are not
    """
    try:
        days = fields["duration_days"]
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days < 100_000:
            raise TypeError
        members = fields.get("members") or []
        if not all(isinstance(m, dict) and m.get("uscc") and m.get("name") for m in members):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise bidbox.PackageBroken("投标文件中的工期或联合体成员填写不规范") from None
    return days


def require_own(fields: Mapping[str, Any], *, manifest: Mapping[str, Any]) -> None:
    """Let fields pass that name the bidder who sealed them.

    :raises PackageBroken: another one
    """
    if manifest["bidder"] != fields.get("uscc"):
        raise bidbox.PackageBroken("投标文件中的投标人与清单不一致")


def keep_second(row: BidOpening, opened: bidbox.Opened, *, manifest: Mapping[str, Any]) -> bidbox.Opened:
    """Keep the second envelope that an opened first package carries, sealed; return the rest of the package.

    :raises PriceInFirstEnvelope: a price stands in the first
    :raises PackageBroken: the second is not there whole, or not of this bid
    """
    bidbox.require_priceless(opened.fields)
    carried = {part: opened.attachments[n] for part, n in bidbox.SECOND.items() if n in opened.attachments}
    read = bidbox.require_second(carried, first=manifest)
    certificate = trust.load(row.bid.certificate.pem)
    raw, signature = carried["manifest"].read_bytes(), carried["signature"].read_bytes()
    cms.require_detached(signature, data=raw, certificate=certificate)
    SecondEnvelope.objects.create(
        opening=row,
        manifest=raw,
        manifest_signature=signature,
        envelope=carried["envelope"].read_bytes(),
        payload=files.keep_sealed(_pieces(carried["payload"])),
        payload_sha256=read["parts"][bidbox.profile_of(read).payload]["sha256"],
        region_code=row.region_code,
    )
    rest = {name: path for name, path in opened.attachments.items() if name not in bidbox.SECOND.values()}
    return bidbox.Opened(fields=opened.fields, salts=opened.salts, attachments=rest)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


def keep(row: BidOpening | SecondEnvelope, opened: bidbox.Opened) -> None:
    """Keep what was inside: fields, the salts that prove them, attachments."""
    fields = row.fields = opened.fields
    row.salts = opened.salts
    kept = []
    listed = {a["name"]: a for a in fields.get("attachments", [])}
    for name, path in opened.attachments.items():
        files.keep_file(path, listed[name]["sha256"])
        kept.append({"name": name, "sha256": listed[name]["sha256"], "size": listed[name]["size"]})
    row.attachments = kept
