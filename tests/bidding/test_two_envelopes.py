"""A bid in two envelopes: the first opens to no price, the second is the very one its manifest names, both by outsiders."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ggzy.bidding import bidbox
from ggzy.client import bids
from ggzy.identity import cms
from tests.bidding.test_recipe import run

FIELDS = {
    "bidder": "济南某建设有限公司",
    "uscc": "91370100M00000001A",
    "price": "9120000.00",
    "duration_days": 300,
}


def sealed(folder: Path, someone: Any, *, attach: tuple[str, ...] = ("技术标.pdf",)) -> Path:
    """Seal a bid of two envelopes into a folder, with a priced bill in the second."""
    folder.mkdir()
    named = [folder / name for name in (*attach, "bill.json")]
    for path in named:
        path.write_bytes(b"%PDF-1.7 " + path.name.encode() * 9000)
    party: Any = SimpleNamespace(identity=someone)
    return bids.seal_two(
        party=party,
        round_id="1" * 32,
        ocid="ocds-x",
        fields=FIELDS,
        attachments=named[:-1],
        priced=named[-1:],
        into=folder / "sealed",
    )


def key_of(folder: Path, someone: Any) -> str:
    return cms.open_envelope((folder / "key.p7m").read_bytes(), key=someone.key).decode()


def opened(folder: Path, someone: Any, into: Path) -> tuple[dict[str, Any], bidbox.Opened]:
    manifest = bidbox.read_manifest((folder / "manifest.json").read_bytes(), paired=True)
    into.mkdir(exist_ok=True)
    key = key_of(folder, someone)
    return manifest, bidbox.open_payload(folder / "bid.age", bid_key=key, manifest=manifest, into=into)


def test_an_outsider_opens_one_after_the_other(tmp_path: Path, someone: Any, ca: Any) -> None:
    folder = sealed(tmp_path / "bid", someone)
    for place in (folder, second := tmp_path / "second"):
        place.mkdir(exist_ok=True)
        (place / "bidder.pem").write_bytes(someone.to_pem())
        (place / "ca.pem").write_bytes((ca.folder / "ca.crt").read_bytes())
    found = run(folder)
    assert found.returncode == 0 and "(没有报价)" in found.stdout, found.stderr
    inside = folder / "opened" / "attachments"
    said = json.loads((folder / "manifest.json").read_bytes())["pair"]
    assert hashlib.sha256((inside / bidbox.SECOND["manifest"]).read_bytes()).hexdigest() == said["second"]
    for part in ("bid.age", "key.p7m", "manifest.json", "manifest.p7s"):
        (second / part).write_bytes((inside / f"第二信封-{part}").read_bytes())
    found = run(second)
    assert found.returncode == 0 and "报价 9120000.00" in found.stdout, found.stderr
    assert (second / "opened/attachments/bill.json").exists()
    # the key of one opens nothing of the other
    manifest = bidbox.read_manifest((second / "manifest.json").read_bytes())
    with pytest.raises(bidbox.WrongBidKey):
        bidbox.open_payload(second / "bid.age", bid_key=key_of(folder, someone), manifest=manifest)


def test_nothing_of_the_first_holds_the_price(tmp_path: Path, someone: Any) -> None:
    folder = sealed(tmp_path / "bid", someone)
    manifest, found = opened(folder, someone, tmp_path / "in")
    whole = json.dumps([manifest, found.fields]) + "".join(
        p.read_bytes().decode("latin-1") for p in found.attachments.values()
    )
    assert "9120000" not in whole and "price" not in found.fields
    with pytest.raises(bidbox.PackageBroken, match="没有第二信封|不采用双信封"):
        bidbox.read_manifest((folder / "manifest.json").read_bytes(), priced=False)


@pytest.mark.parametrize("name", ["bill.json", "投标报价说明.pdf", "Price.xlsx"])
def test_a_file_named_as_one_with_prices_is_not_sealed_into_the_first(
    tmp_path: Path, someone: Any, name: str
) -> None:
    with pytest.raises(bidbox.PriceInFirstEnvelope):
        bidbox.require_priceless({"attachments": [{"name": name}]})
    with pytest.raises(bidbox.PriceInFirstEnvelope):
        bidbox.require_priceless({"manager": {"name": "赵强", "总价": "1"}, "attachments": []})
    bidbox.require_priceless({"attachments": [{"name": "技术标.pdf"}]})


def test_another_second_envelope_does_not_pass_for_it(tmp_path: Path, someone: Any) -> None:
    """Not that of another bid of the same bidder, not one that was changed, not a part of one."""
    manifest, found = opened(sealed(tmp_path / "one", someone), someone, tmp_path / "in1")
    _, other = opened(sealed(tmp_path / "two", someone), someone, tmp_path / "in2")

    def files(of: bidbox.Opened) -> dict[str, Path]:
        return {part: of.attachments[name] for part, name in bidbox.SECOND.items()}

    assert bidbox.require_second(files(found), first=manifest)["fields"].keys() >= {"price"}
    for swapped, says in (
        (files(other), "不是第一信封清单写明的"),
        (files(found) | {"payload": files(other)["payload"]}, "与其清单不符"),
        (files(found) | {"envelope": files(other)["envelope"]}, "与其清单不符"),
        ({k: v for k, v in files(found).items() if k != "signature"}, "没有第二信封的文件"),
    ):
        with pytest.raises(bidbox.PackageBroken, match=says):
            bidbox.require_second(swapped, first=manifest)
    nonce = manifest | {"pair": manifest["pair"] | {"nonce": "0" * 64}}
    with pytest.raises(bidbox.PackageBroken, match="不属于同一份投标"):
        bidbox.require_second(files(found), first=nonce)
