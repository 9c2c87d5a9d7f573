"""The bidder's side of a sealed bid: seal, submit, withdraw, release the key at the opening."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from cryptography import x509

from ggzy.bidding import bidbox, shares
from ggzy.bidding.profiles import AGE, ENVELOPE, GM, PROFILES
from ggzy.client import uploads
from ggzy.client.party import Party
from ggzy.identity import cms, gm
from ggzy.kernel.canonical import canonical
from ggzy.quantities import rules as quantities
from ggzy.quantities import xlsx
from ggzy.registry import rules

FILES = {"manifest": "manifest.json", "signature": "manifest.p7s", "envelope": ENVELOPE}


def files_of(folder: Path) -> dict[str, Path]:
    """Return the four files of a sealed folder by part; the payload's name tells its algorithms."""
    profile = GM if (folder / GM.payload).exists() else AGE
    names = {**FILES, "payload": profile.payload}
    if (folder / shares.PART).exists():
        names["shares"] = shares.PART
    return {part: folder / name for part, name in names.items()}


def seal(
    *,
    party: Party,
    round_id: str,
    ocid: str,
    fields: Mapping[str, Any],
    attachments: Iterable[Path],
    into: Path,
    tender_file: str = "",
    sealing: str = "age",
    holders: Sequence[shares.Holder] = (),
    pair: bidbox.Pair | None = None,
) -> Path:
    """Seal a bid into a folder of four files and return the folder; `sealing` is what the round asks for.

    `pair` ties the packages of a bid in two envelopes; see `seal_two`.

    :raises EnvelopeBroken: the certificate is not of the kind that the round asks for
    """
    assert party.identity is not None, "a certificate is needed"
    profile = PROFILES[sealing]
    if profile is GM and not isinstance(party.identity.key, gm.Keys):
        raise cms.EnvelopeBroken("本标段采用国密算法, 请用SM2证书(签名证书和加密证书)加密")
    into.mkdir(parents=True, exist_ok=True)
    sealed = bidbox.seal(
        fields=fields,
        attachments=attachments,
        round_id=round_id,
        ocid=ocid,
        bidder=str(fields["uscc"]),
        certificate=party.identity.certificate,
        key=party.identity.key,
        payload=into / profile.payload,
        tender_file=tender_file,
        receives=party.identity.receives,
        profile=profile,
        holders=holders,
        pair=pair,
    )
    (into / shares.PART).unlink(missing_ok=True)
    if sealed.shares:
        (into / shares.PART).write_bytes(sealed.shares)
    (into / FILES["manifest"]).write_bytes(sealed.manifest)
    (into / FILES["signature"]).write_bytes(sealed.signature)
    (into / FILES["envelope"]).write_bytes(sealed.envelope)
    return into


#: the folder in which the second envelope is sealed, inside the folder of the bid
SECOND_FOLDER = "第二信封"


def seal_two(
    *,
    party: Party,
    round_id: str,
    ocid: str,
    fields: Mapping[str, Any],
    attachments: Iterable[Path],
    priced: Iterable[Path],
    into: Path,
    tender_file: str = "",
) -> Path:
    """Seal a bid in two envelopes: the price and the files `priced` first, in a package of their own that the first one
    carries; return the folder to hand in. Each has its own key and is opened at its own time.

    :raises PriceInFirstEnvelope: an attachment of the first envelope is named as one with prices
    """
    nonce = bidbox.new_nonce()
    whose = {name: fields[name] for name in ("bidder", "uscc") if name in fields}
    offer = {name: value for name, value in fields.items() if name in bidbox.OF_THE_SECOND}
    second = into / SECOND_FOLDER
    seal(
        party=party,
        round_id=round_id,
        ocid=ocid,
        fields=whose | offer,
        attachments=priced,
        into=second,
        tender_file=tender_file,
        pair=bidbox.Pair(nonce=nonce),
    )
    carried = []
    for part, path in files_of(second).items():
        carried.append(path.rename(second / bidbox.SECOND[part]))
    rest = {name: value for name, value in fields.items() if name not in bidbox.OF_THE_SECOND}
    given = list(attachments)
    bidbox.require_priceless(rest | {"attachments": [{"name": p.name} for p in given]})
    manifest = second / bidbox.SECOND["manifest"]
    return seal(
        party=party,
        round_id=round_id,
        ocid=ocid,
        fields=rest,
        attachments=[*given, *carried],
        into=into,
        tender_file=tender_file,
        pair=bidbox.Pair(nonce=nonce, second=bidbox.digest_of(manifest)),
    )


def priced_bill(*, tendered: Mapping[str, Any], filled: Path, price: str, into: Path) -> Path:
    """Check a filled-in bill (xlsx or JSON) against the tender's and the bid price; return bill.json to attach.

    :raises BillBroken: a line is missing, changed or without a price, or the sum is not the bid price
    """
    data = filled.read_bytes()
    if data[:4] == b"PK\x03\x04":
        offered = xlsx.parse(data)
    else:
        try:
            offered = quantities.read(json.loads(data))
        except (ValueError, RecursionError):
            raise quantities.BillBroken("已标价清单应为填好的xlsx或JSON文件") from None
    quantities.self_check(quantities.read(tendered), offered, bid_price=price)
    into.mkdir(parents=True, exist_ok=True)
    made = into / "bill.json"
    made.write_bytes(canonical(quantities.filled(offered).as_json()))
    return made


def snapshot(*, party: Party, records: Iterable[str] = ()) -> dict[str, Any]:
    """Fetch one's own records frozen, to be put into a bid as its `registry` field.

    :raises Problem: a record that is not there
    :raises PackageBroken: what came is not whole
    """
    query = "&".join(f"record={quote(record)}" for record in records)
    found: dict[str, Any] = party.get(f"/registry/snapshot?{query}")
    if not rules.is_whole(found):
        raise bidbox.PackageBroken("平台给出的登记信息副本不完整, 请稍后重试")
    return found


#: a payload beyond this goes up in pieces, and goes on where it was after a break
PIECES_FROM = 32 * 1024 * 1024


def submit(
    *, party: Party, round_id: str, folder: Path, key: str | None = None, old_file: bool = False
) -> dict[str, Any]:
    """Hand a sealed folder over and return the centre's answer with its acknowledgement.

    `old_file` confirms that a bid made against an earlier version of the tender file is meant. A large payload is
    uploaded first, resumably; a run that was broken off goes on where it was.

    :raises Problem: the platform refused
    """
    paths, asked = files_of(folder), {"old_file": "true"} if old_file else {}
    payload = paths["payload"]
    if payload.stat().st_size > PIECES_FROM:
        asked["upload"] = uploads.upload(party, paths.pop("payload"))
    handles = {part: path.open("rb") for part, path in paths.items()}
    try:
        files = {
            part: (paths[part].name, handle, "application/octet-stream") for part, handle in handles.items()
        }
        query = f"?{urlencode(asked)}" if asked else ""
        answer: dict[str, Any] = party.ask("POST", f"/rounds/{round_id}/bids{query}", files=files, key=key)
        uploads.forget(payload)
        return answer
    finally:
        for handle in handles.values():
            handle.close()


def bid_key(*, party: Party, envelope: bytes) -> str:
    """Return the bid_key inside an envelope that is for this party.

    :raises EnvelopeBroken: not for this key
    """
    assert party.identity is not None, "the private key is needed"
    return cms.open_envelope(envelope, key=party.identity.key).decode()


def release(*, party: Party, bid_id: str) -> dict[str, Any]:
    """Fetch one's own envelope, open it here, and hand the one-time key over.

    :raises Problem: the platform refused
    """
    found = party.get(f"/bids/{bid_id}/envelope")
    key = bid_key(party=party, envelope=base64.b64decode(found["envelope"]))
    answer: dict[str, Any] = party.post(f"/bids/{bid_id}/key", {"bid_key": key})
    return answer


def holders_of(party: Party, tender_id: str) -> list[shares.Holder]:
    """Return who keeps parts of bid_keys by the tender file in force; nobody where it names none."""
    document = party.get(f"/tenders/{tender_id}/file")["document"]
    return [
        shares.Holder(
            uscc=row["uscc"],
            name=row["name"],
            certificate=x509.load_pem_x509_certificate(row["certificate"].encode()),
        )
        for row in document.get("share_holders") or []
    ]


def release_share(*, party: Party, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Open one's own part of somebody's bid_key here, and hand it over.

    :raises Problem: the platform refused
    """
    part = bid_key(party=party, envelope=base64.b64decode(asked["envelope"]))
    answer: dict[str, Any] = party.post(f"/bids/{asked['bid']}/shares", {"text": part})
    return answer
