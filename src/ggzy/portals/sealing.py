"""What the browser needs to seal a bid and to open its envelope. The sealing itself is ui/static/ui/bid*.js."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.bidding import queries as bids
from ggzy.bidding import shares
from ggzy.bidding.actions import Acknowledged, Package
from ggzy.bidding.profiles import ENVELOPE, PROFILES
from ggzy.identity import sm2, trust
from ggzy.identity.queries import certificate_of, certificates_of
from ggzy.kernel import uploads
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.opening import second
from ggzy.opening.shares import AskedShare
from ggzy.portals.frame import now, who
from ggzy.procedures.catalogue import BY_CODE
from ggzy.registry import queries as registry
from ggzy.tendering.bills import bill_of_round
from ggzy.tendering.document import ReviewPart
from ggzy.tendering.queries import LotRow, TenderFile

#: the four files of a sealed bid: part, file name ("" for the payload: by its algorithms), what it is
_PARTS = (
    ("manifest", "manifest.json", "清单"),
    ("signature", "manifest.p7s", "清单签名"),
    ("envelope", ENVELOPE, "密钥信封"),
    ("payload", "", "加密投标文件"),
)


def parts_of(row: LotRow) -> tuple[tuple[str, str, str], ...]:
    """Return the four files of a sealed bid for a round: part, file name, what it is."""
    return tuple((part, name or PROFILES[row.sealing].payload, says) for part, name, says in _PARTS)


def shares_in(request: HttpRequest) -> bytes:
    """Return the parts of the key that came along, if the bidder gave any."""
    upload = request.FILES.get(shares.PART.removesuffix(".json"))
    return upload.read(shares.MOST + 1) if upload else b""


def package_of(request: HttpRequest) -> Package:
    """Return the four files of a sealed bid; the payload may have been uploaded before, in pieces (`upload`).

    :raises BadInput: one is missing
    :raises NoUpload: no such upload, or somebody else's
    :raises UploadNotWhole: bytes of it are missing
    """
    upload = request.POST.get("upload", "")
    missing = [
        f"{says}{f'({name})' if name else ''}"
        for part, name, says in _PARTS
        if part not in request.FILES and not (part == "payload" and upload)
    ]
    if missing:
        raise BadInput(f"还缺少{'、'.join(missing)}, 请选择seal命令输出目录中的全部四个文件", field="payload")
    return Package(
        manifest=request.FILES["manifest"].read(),
        signature=request.FILES["signature"].read(),
        envelope=request.FILES["envelope"].read(),
        shares=shares_in(request),
        payload=uploads.pieces(uploads.whole(upload, owner=str(who(request).account_pk)))
        if upload
        else request.FILES["payload"].chunks(),
        old_file=bool(request.POST.get("old_file")),
    )


def used_up(request: HttpRequest) -> None:
    """Clear the upload away that has become a bid; one that was refused stays for the next try."""
    if upload := request.POST.get("upload", ""):
        transaction.on_commit(partial(uploads.drop, upload))


#: what every bidder promises (投标函)
PROMISE = "响应招标文件全部要求"


def seal_facts(*, row: LotRow, file: TenderFile, live: bids.OwnBid | None, actor: Actor) -> dict[str, Any]:
    """Return what a bid for a round is sealed with and checked against, on the bidder's own machine."""
    document = file.document
    return {
        **_place(row, live, actor),
        "priced": BY_CODE[row.procedure_code].priced,
        "detailed": True,
        "page": f"/work/rounds/{row.round}/bid",
        "submit_to": f"/work/rounds/{row.round}/submit",
        "tender_file": file.sha256,
        "ceiling_price": f"{row.ceiling_price:.2f}" if row.ceiling_price else None,
        "items": unit_items(document),
        "duration_days": row.duration_days,
        "quality": document["quality"],
        "validity_days": document["bid_validity_days"],
        "share_holders": [
            {"uscc": h["uscc"], "name": h["name"], "certificate": _der(h["certificate"])}
            for h in document.get("share_holders") or []
        ],
        "consortium_allowed": bool(document["consortium_allowed"]),
        "subcontract_allowed": bool(document.get("subcontract_allowed")),
        "has_bill": bill_of_round(row.round) is not None,
        "has_dark": any(c.get("dark") for c in document["criteria"]),
        "promises": promises(document),
        "procured": bool(document.get("policy")),
        "two_envelopes": two_envelopes(document),
    }


def offer_facts(
    *, row: LotRow, round_id: str, file: TenderFile, live: bids.OwnBid | None, actor: Actor
) -> dict[str, Any]:
    """Return the same for a last offer: a price, and what is handed in anew after the talks."""
    return {
        **_place(replace(row, round=round_id), live, actor),
        "priced": True,
        "detailed": False,
        "page": f"/work/offers/{round_id}",
        "submit_to": f"/work/offers/{round_id}/submit",
        "tender_file": file.sha256,
        "ceiling_price": f"{min(row.budget, row.ceiling_price or row.budget):.2f}",
        "consortium_allowed": bool(file.document["consortium_allowed"]),
        "promises": [],
        "procured": True,
    }


def unit_items(document: dict[str, Any]) -> list[dict[str, str]]:
    """Return the items whose unit prices a response names, with their ceilings; [] where it names one price."""
    items = (document.get("terms") or {}).get("items") or []
    return [item | {"price": f"{Decimal(item['price']):.2f}"} for item in items]


def two_envelopes(document: dict[str, Any]) -> bool:
    """Say whether a file's prices are sealed in an envelope of their own."""
    return bool(((document.get("scheme") or {}).get("method") or {}).get("envelopes") == 2)


def front_facts(*, row: LotRow, live: bids.OwnBid | None, actor: Actor) -> dict[str, Any]:
    """Return the same for a package of a front: an application or a proposal, which carries no price."""
    return {
        **_place(row, live, actor),
        "priced": False,
        "detailed": False,
        "page": f"/work/fronts/{row.round}/package",
        "submit_to": f"/work/fronts/{row.round}/submit",
        "text_field": "proposal" if row.procedure_code == "GC_TWO_STAGE" else "qualifications",
        "consortium_allowed": True,
        "promises": [],
    }


def _place(row: LotRow, live: bids.OwnBid | None, actor: Actor) -> dict[str, Any]:
    return {
        "round": row.round,
        "ocid": row.ocid,
        "bidder": actor.uscc,
        "bidder_name": actor.organisation_name,
        "live_manifest": live.manifest_sha256 if live else "",
        "sealing": row.sealing,
        "other_certificate": row.sealing == "gm" and _algorithm(actor.certificate) != "SM2",
        **_certificate(actor.certificate),
    }


def promises(document: dict[str, Any]) -> list[str]:
    """Return what a tender file asks its bidders to promise: the letter of bid's own, and each required commitment."""
    asked = [
        r["text"]
        for r in document.get("requirements") or []
        if "承诺" in r["text"] and r["part"] != ReviewPart.FORMAL
    ]
    deposit = "commitment" in (document.get("deposit_forms") or [])
    return [PROMISE, *asked, *(["以信用承诺代替投标保证金"] if deposit else [])]


def open_facts(*, bid_id: str, key_to: str, actor: Actor) -> dict[str, Any]:
    """Return the own envelope, whose certificate opens it, and where the key is handed over."""
    envelope, manifest = second.own_envelope(bid_id=bid_id, actor=actor)
    return {
        "key_to": key_to,
        "envelope": base64.b64encode(envelope).decode(),
        "bid_key": manifest["bid_key"],
        **_certificate(manifest["certificate"]),
    }


def holding_facts(row: AskedShare) -> str:
    """Return, as JSON, the envelope of a part that a holder is asked for, and which of its certificates opens it."""
    return json.dumps({"envelope": row.envelope, **_certificate(row.fingerprint)})


def acknowledged(made: Acknowledged) -> HttpResponse:
    """Answer the script that handed a bid in: the moment and the centre's signed word."""
    return JsonResponse(
        {
            "bid": made.bid,
            "received_at": made.received_at.isoformat(),
            "replaced": made.replaced,
            "acknowledgement": made.acknowledgement,
        }
    )


def own_certificates(actor: Actor) -> list[dict[str, str]]:
    """Return one's certificates by public key: by it the browser tells whose private key a file holds."""
    return certificates_by_key(actor.account_pk)


def certificates_by_key(account_pk: int) -> list[dict[str, str]]:
    """Return an account's certificates by public key."""
    return [
        {"fingerprint": row["fingerprint"], "spki": spki(trust.load(row["pem"]))}
        for row in certificates_of(account_pk=account_pk)
    ]


def spki(certificate: x509.Certificate) -> str:
    """Return the public key as it is exported (SubjectPublicKeyInfo, base64)."""
    if trust.algorithm_of(certificate) == "SM2":
        return base64.b64encode(sm2.key_info(sm2.key_of(certificate)).dump()).decode()
    data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode()


def _algorithm(fingerprint: str) -> str:
    return trust.algorithm_of(trust.load(certificate_of(fingerprint).pem)) if fingerprint else ""


def _certificate(fingerprint: str) -> dict[str, str]:
    if not fingerprint:
        return {"fingerprint": "", "certificate": "", "receives": ""}
    found = certificate_of(fingerprint)
    return {"fingerprint": fingerprint, "certificate": _der(found.pem), "receives": _der(found.receives)}


def _der(pem: str) -> str:
    return base64.b64encode(trust.load(pem).public_bytes(Encoding.DER)).decode()


def snapshot(request: HttpRequest) -> HttpResponse:
    """Answer with one's own records frozen; reading them leaves no trace."""
    try:
        found = registry.own_snapshot(records=request.GET.getlist("record"), actor=who(request), now=now())
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return JsonResponse(found)
