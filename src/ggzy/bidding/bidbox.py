"""The sealed bid: four files that anyone can open with openssl and age, once the bid_key is free. Pure.

bid.age       the payload (bid.sm4 with the national algorithms, see profiles): a tar of bid.json and the attachments
key.p7m       CMS EnvelopedData holding the bid_key, to the bidder's own certificate (GB/T 35275 for SM2)
manifest.json canonical JSON that commits to each field of the bid with its own 256-bit salt (the salts are inside
              the ciphertext), to the bid_key and to every part
manifest.p7s  detached CMS signature of the bidder on the manifest (GB/T 35275 for SM2)
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ggzy.bidding import shares
from ggzy.bidding.profiles import AGE, BY_FORMAT, ENVELOPE, GM, Profile, WrongBidKey
from ggzy.identity import cms
from ggzy.identity.trust import fingerprint
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import Citation, Refusal

__all__ = ["WrongBidKey"]
MOST_JSON = 1 << 20
MOST_ATTACHMENTS = 500


class PackageBroken(Refusal):
    """The package is not what its manifest says, or not in our format."""

    code = "bidding.package_broken"
    status = 422


class PriceNotAllowed(PackageBroken):
    """A package that must not carry a price names one (含报价退回)."""

    code = "bidding.price_not_allowed"
    basis = Citation("招标投标法实施条例", "第三十条")


class PriceInFirstEnvelope(PackageBroken):
    """A price stands in the first of two envelopes."""

    code = "bidding.price_in_first_envelope"


class CommitmentBroken(Refusal):
    """What was inside is not what the manifest committed to."""

    code = "bidding.commitment_broken"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A sealed bid as it is handed over."""

    manifest: bytes
    signature: bytes
    envelope: bytes
    payload: Path
    #: shares.json, where the bidder gave parts of the key to the holders of the tender file
    shares: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What ties the two packages of a bid in two envelopes: one nonce, in the first also the digest of the second's
    manifest. `second` is "" in the second package itself."""

    nonce: str
    second: str = ""

    def as_json(self) -> dict[str, str]:
        """Return what a manifest says of it."""
        return {"nonce": self.nonce} | ({"second": self.second} if self.second else {})


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What was inside a bid: its fields, the salts that prove them, and where attachments were put."""

    fields: dict[str, Any]
    salts: dict[str, str]
    attachments: dict[str, Path]


def seal(
    *,
    fields: Mapping[str, Any],
    attachments: Iterable[Path],
    round_id: str,
    ocid: str,
    bidder: str,
    certificate: x509.Certificate,
    key: cms.PrivateKey,
    payload: Path,
    tender_file: str = "",
    receives: x509.Certificate | None = None,
    profile: Profile = AGE,
    holders: Sequence[shares.Holder] = (),
    pair: Pair | None = None,
) -> Sealed:
    """Seal a bid into `payload` (written) and return the package. The bid_key leaves only inside the envelope.

    `certificate` signs; the envelope is to `receives`, the encryption certificate of a dual pair, or to the same one.
    With `holders` the bidder chooses that the three of them together may open it after the opening has begun.
    `fields` are JSON values; attachments are named by their file names and committed by hash and size.
    `tender_file` is the SHA-256 of the version of the tender file that the bid was made against, if it is known.
    `pair` ties the packages of a bid in two envelopes; the second is sealed first and travels in the first.
    """
    paths = list(attachments)
    if len({p.name for p in paths}) != len(paths):
        raise PackageBroken("两个附件的文件名相同, 请改名后再加密")
    listed = [
        {"name": p.name, "size": p.stat().st_size, "sha256": digest_of(p)}
        | ({"sm3": digest_of(p, "sm3")} if profile is GM else {})
        for p in paths
    ]
    content = {**fields, "attachments": listed}
    salts = {name: os.urandom(32).hex() for name in content}
    inside = {"format": profile.format, "fields": content, "salts": salts}
    bid_key = profile.new_key()
    plain = payload.with_suffix(".plain")
    try:
        with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, "bid.json", canonical(inside))
            for path in paths:
                info = tarfile.TarInfo(f"attachments/{path.name}")
                info.size = path.stat().st_size
                with path.open("rb") as source:
                    tar.addfile(info, source)
        profile.encrypt(plain, payload, bid_key=bid_key)
    finally:
        plain.unlink(missing_ok=True)
    envelope = cms.seal_to(receives or certificate, bid_key.encode())
    parts = shares.split(bid_key, holders) if holders else b""
    manifest = canonical(
        {
            "format": profile.format,
            "ocid": ocid,
            "round": round_id,
            "bidder": bidder,
            "certificate": fingerprint(certificate),
            "bid_key": profile.binds(bid_key),
            **({"tender_file": tender_file} if tender_file else {}),
            **({"pair": pair.as_json()} if pair else {}),
            "fields": {
                name: profile.commit(bytes.fromhex(salts[name]), value) for name, value in content.items()
            },
            "parts": {
                profile.payload: {"size": payload.stat().st_size, **_digests(_pieces(payload))},
                ENVELOPE: {"size": len(envelope), **_digests([envelope])},
                **({shares.PART: {"size": len(parts), **_digests([parts])}} if parts else {}),
            },
        }
    )
    return Sealed(
        manifest=manifest,
        signature=cms.sign_detached(manifest, key=key, certificate=certificate),
        envelope=envelope,
        payload=payload,
        shares=parts,
    )


#: the four files of the second envelope, as attachments of the first package: part → name
SECOND = {
    "payload": "第二信封-bid.age",
    "envelope": "第二信封-key.p7m",
    "manifest": "第二信封-manifest.json",
    "signature": "第二信封-manifest.p7s",
}
#: fields of a bid that stand in its second envelope, beside whose it is
OF_THE_SECOND = frozenset({"price"})
#: the attachment with the priced bill of quantities
BILL = "bill.json"


def new_nonce() -> str:
    """Return a nonce that ties two packages."""
    return os.urandom(32).hex()


def names_of_second(sealed: Sealed) -> dict[str, bytes | Path]:
    """Return the files of a sealed second package under the names by which the first carries them."""
    parts: dict[str, bytes | Path] = {
        "payload": sealed.payload,
        "envelope": sealed.envelope,
        "manifest": sealed.manifest,
        "signature": sealed.signature,
    }
    return {SECOND[part]: content for part, content in parts.items()}


def require_second(files: Mapping[str, Path], *, first: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of the second package that an opened first one carries, after holding it against the first.

    `files` are the four by part. What is inside stays sealed.

    :raises PackageBroken: a file is missing, or it is not the second package of this bid
    """
    if missing := [SECOND[part] for part in SECOND if part not in files]:
        raise PackageBroken(f"第一信封里没有第二信封的文件“{missing[0]}”")
    raw = files["manifest"].read_bytes()
    read = read_manifest(raw)
    if hashlib.sha256(raw).hexdigest() != first["pair"].get("second"):
        raise PackageBroken("第二信封的清单不是第一信封清单写明的那一份")
    same = ("format", "ocid", "round", "bidder", "certificate")
    if any(read[name] != first[name] for name in same) or (read.get("pair") or {}) != {
        "nonce": first["pair"]["nonce"]
    }:
        raise PackageBroken("第二信封与第一信封不属于同一份投标")
    for part, name in (("payload", profile_of(read).payload), ("envelope", ENVELOPE)):
        if digest_of(files[part]) != read["parts"][name]["sha256"]:
            raise PackageBroken(f"第二信封的文件“{SECOND[part]}”与其清单不符")
    return read


def require_priceless(fields: Mapping[str, Any]) -> None:
    """Let the fields of an opened first package pass in which no price stands, nor a priced bill is attached.

    :raises PriceInFirstEnvelope: one does
    """
    names = [str(a.get("name", "")).lower() for a in fields.get("attachments", []) if isinstance(a, Mapping)]
    if names_a_price(fields) or BILL in names or any(word in name for name in names for word in PRICE_WORDS):
        raise PriceInFirstEnvelope("第一信封(商务及技术文件)里含有报价; 报价和已标价清单只能放在第二信封")


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the SHA-256 (or the SM3) of a file in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, algorithm).hexdigest()


def _digests(pieces: Iterable[bytes]) -> dict[str, str]:
    """Return SHA-256 and SM3 (GB/T 32905) of a stream."""
    both = {"sha256": hashes.Hash(hashes.SHA256()), "sm3": hashes.Hash(hashes.SM3())}
    for piece in pieces:
        for digest in both.values():
            digest.update(piece)
    return {name: digest.finalize().hex() for name, digest in both.items()}


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


#: names under which a price would stand in a package that must not carry one
PRICE_WORDS = ("price", "报价", "总价", "单价")


def names_a_price(content: Any) -> bool:
    """Say whether anything in opened fields stands under the name of a price, at any depth."""
    if isinstance(content, Mapping):
        return any(word in str(key).lower() for key in content for word in PRICE_WORDS) or any(
            names_a_price(value) for value in content.values()
        )
    return isinstance(content, list | tuple) and any(names_a_price(item) for item in content)


def read_manifest(manifest: bytes, *, priced: bool | None = True, paired: bool = False) -> dict[str, Any]:
    """Return the manifest's JSON after checking its shape. With `priced` None, with or without a price.

    `paired`: it is the first of two envelopes, carries no price and names its second.

    :raises PriceNotAllowed: it names a price and must not
    :raises PriceInFirstEnvelope: it is paired and names one
    :raises PackageBroken: not canonical JSON of our format, or a part is missing
    """
    priced = False if paired else priced
    if len(manifest) > MOST_JSON:
        raise PackageBroken("投标清单(manifest.json)过大")
    try:
        read = json.loads(manifest)
        same = canonical(read) == manifest
    except (ValueError, RecursionError):
        raise PackageBroken("投标清单(manifest.json)不是有效的JSON, 请用投标客户端重新加密") from None
    if not same or not isinstance(read, dict) or read.get("format") not in BY_FORMAT:
        raise PackageBroken("投标清单不是本平台的格式, 请使用本平台的投标客户端")
    parts, fields = read.get("parts"), read.get("fields")
    if (
        not isinstance(parts, dict)
        or set(parts) - {shares.PART} != {profile_of(read).payload, ENVELOPE}
        or not isinstance(fields, dict)
        or not fields
        or (priced and "price" not in fields)
    ):
        raise PackageBroken("投标清单缺少必要内容, 请用投标客户端重新加密")
    if not isinstance(read.get("tender_file", ""), str):
        raise PackageBroken("投标清单中的招标文件摘要应为文字")
    if priced is False and names_a_price(fields):
        if paired:
            raise PriceInFirstEnvelope(
                "本标段采用双信封, 报价只能放在第二信封; 请用投标客户端按双信封重新加密"
            )
        raise PriceNotAllowed(
            "本轮的文件不得含报价, 含报价的退回(资格预审申请、技术建议、磋商和谈判的首次响应都不含报价); 请去掉报价后重新加密提交"
        )
    if paired != bool(_pair_of(read).get("second")) and priced is not None:
        raise PackageBroken(
            "本标段采用双信封, 这份投标没有第二信封(报价文件); 请用投标客户端按双信封重新加密"
            if paired
            else "本标段不采用双信封, 报价应放在同一份投标文件里; 请重新加密"
        )
    if b"\\u0000" in manifest:
        raise PackageBroken("投标清单中含有不可见的控制字符")
    if not all(
        isinstance(read.get(name), str) for name in ("ocid", "round", "bidder", "certificate", "bid_key")
    ):
        raise PackageBroken("投标清单没有写明投标人、标段或投标密钥, 请用投标客户端重新加密")
    if not all(isinstance(c, str) and len(c) == 64 for c in fields.values()):
        raise PackageBroken("投标清单中的承诺值不完整, 请用投标客户端重新加密")
    if not all(isinstance(p, dict) and isinstance(p.get("sha256"), str) for p in parts.values()):
        raise PackageBroken("投标清单没有写明各部分的摘要")
    return read


_HEX = frozenset("0123456789abcdef")


def _pair_of(read: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a manifest says of the two envelopes; {} where it is a package alone.

    :raises PackageBroken: it says it in another way than ours
    """
    pair = read.get("pair", {})
    if not isinstance(pair, dict) or set(pair) - {"nonce", "second"} or (pair and "nonce" not in pair):
        raise PackageBroken("投标清单中的双信封标记不符合格式")
    if not all(isinstance(v, str) and len(v) == 64 and set(v) <= _HEX for v in pair.values()):
        raise PackageBroken("投标清单中的双信封标记不符合格式")
    return pair


def profile_of(manifest: Mapping[str, Any]) -> Profile:
    """Return with which algorithms a bid is sealed, by its manifest."""
    return BY_FORMAT[manifest["format"]]


def require_key(bid_key: str, *, manifest: Mapping[str, Any]) -> str:
    """Return a bid_key that is the one the manifest committed to.

    :raises WrongBidKey: not a key, or another one
    """
    if profile_of(manifest).binds(bid_key) != manifest.get("bid_key"):
        raise WrongBidKey("投标密钥与投标时承诺的不一致")
    return bid_key.strip()


def open_payload(
    payload: Path, *, bid_key: str, manifest: Mapping[str, Any], into: Path | None = None
) -> Opened:
    """Open a bid with its bid_key and check everything inside against the manifest.

    Attachments are written below `into` when given. Nothing of a hostile tar reaches another path: members are read
    by position and named by us.

    :raises WrongBidKey: the key does not open the file, or is not the one committed to
    :raises PackageBroken: what is inside is not a bid
    :raises CommitmentBroken: a field is not what was committed
    """
    key = require_key(bid_key, manifest=manifest)
    plain = payload.with_name(f"{payload.name}.plain")
    try:
        profile_of(manifest).decrypt(payload, plain, bid_key=key)
        with plain.open("rb") as source:
            return _read_tar(source, manifest=manifest, into=into)
    finally:
        plain.unlink(missing_ok=True)


def _read_tar(source: BinaryIO, *, manifest: Mapping[str, Any], into: Path | None) -> Opened:
    attachments: dict[str, Path] = {}
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            members = iter(tar)
            first = next(members)
            if first.name != "bid.json" or first.size > MOST_JSON:
                raise PackageBroken("投标文件中没有投标数据(bid.json)")
            inside = json.loads(_content(tar, first))
            fields, salts = inside["fields"], inside["salts"]
            if not isinstance(fields, dict) or not isinstance(salts, dict):
                raise PackageBroken("投标数据(bid.json)不符合格式")
            if "\\u0000" in canonical(fields).decode():
                raise PackageBroken("投标数据中含有不可见的控制字符")
            _check_commitments(fields, salts, manifest)
            listed = {row["name"]: row for row in fields.get("attachments", [])}
            seen: set[str] = set()
            for count, member in enumerate(members):
                name = Path(member.name).name
                if count >= MOST_ATTACHMENTS or not _plain(member) or name not in listed or name in seen:
                    raise PackageBroken("投标文件中有清单以外的内容")
                seen.add(name)
                national = hashlib.new("sm3") if "sm3" in listed[name] else None
                digest, target = hashlib.sha256(), into / f"{count:03d}.bin" if into else None
                reader = tar.extractfile(member)
                assert reader is not None
                with target.open("wb") if target else open(os.devnull, "wb") as out:
                    while piece := reader.read(1 << 20):
                        digest.update(piece)
                        if national:
                            national.update(piece)
                        out.write(piece)
                same = digest.hexdigest() == listed[name]["sha256"] and listed[name]["size"] == member.size
                if not same or national and national.hexdigest() != listed[name]["sm3"]:
                    raise CommitmentBroken(f"附件“{name}”与清单承诺不一致")
                if target:
                    attachments[name] = target
            if missing := sorted(set(listed) - seen):
                raise CommitmentBroken(f"附件“{missing[0]}”在清单中, 但投标文件里没有")
    except (tarfile.TarError, StopIteration, KeyError, TypeError, ValueError, RecursionError) as wrong:
        raise PackageBroken("投标文件解密后的内容不符合格式") from wrong
    return Opened(fields=fields, salts=salts, attachments=attachments)


def _plain(member: tarfile.TarInfo) -> bool:
    """Say whether a member is an ordinary file: a sparse one claims more than it carries."""
    return member.isreg() and not member.issparse() and not any("sparse" in key for key in member.pax_headers)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    reader = tar.extractfile(member)
    if reader is None:
        raise PackageBroken("投标文件中没有投标数据(bid.json)")
    return reader.read()


def _check_commitments(
    fields: Mapping[str, Any], salts: Mapping[str, str], manifest: Mapping[str, Any]
) -> None:
    committed = manifest["fields"]
    if set(fields) != set(committed) or set(salts) != set(committed):
        raise CommitmentBroken("投标内容的项目与清单承诺的不一致")
    for name, value in fields.items():
        if profile_of(manifest).commit(bytes.fromhex(salts[name]), value) != committed[name]:
            raise CommitmentBroken(f"投标内容“{name}”与清单承诺不一致")
