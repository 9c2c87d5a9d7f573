"""The steps before the main procedure, told through the public API: prequalification, invitation, two stages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ggzy.client import bids
from ggzy.client.party import Party


def prequalification(*, limit: int = 0, drawn: bool = False) -> dict[str, Any]:
    """Return a plain prequalification part: 合格制, 有限数量制 with a limit, or as many as that drawn by lot."""
    out: dict[str, Any] = {
        "method": "drawn" if drawn else "limited_number" if limit else "all_qualified",
        "requirements": [
            {"key": "licence", "text": "营业执照、资质和安全生产许可符合要求"},
            {"key": "finance", "text": "近三年财务状况良好"},
        ],
    }
    if limit:
        out["limit"] = limit
    if limit and not drawn:
        out["criteria"] = [
            {"key": "works", "title": "类似工程业绩", "weight": "60"},
            {"key": "staff", "title": "主要人员", "weight": "40"},
        ]
    return out


def publish_prequalification(
    owner: Party, tender_id: str, *, file_until: datetime, deadline: datetime
) -> None:
    """Publish the prequalification notice with its two dates."""
    owner.post(
        f"/tenders/{tender_id}/prequalification",
        {"file_until": file_until.isoformat(), "deadline": deadline.isoformat()},
    )


def send_package(
    sender: Party,
    *,
    ocid: str,
    round_id: str,
    folder: Path,
    content: Mapping[str, Any],
    attachments: Sequence[Path] = (),
) -> dict[str, Any]:
    """Seal a package without a price on the sender's own machine and hand it over."""
    fields = {"bidder": sender.name, "uscc": sender.uscc, "members": [], **content}
    bids.seal(party=sender, round_id=round_id, ocid=ocid, fields=fields, attachments=attachments, into=folder)
    return bids.submit(party=sender, round_id=round_id, folder=folder)


def apply(applicant: Party, *, ocid: str, round_id: str, folder: Path, **more: Any) -> dict[str, Any]:
    """Apply for prequalification."""
    content = {
        "qualifications": {"licence": "一级", "works": "3项"},
        "manager": {"name": "项目负责人"},
        **more,
    }
    return send_package(applicant, ocid=ocid, round_id=round_id, folder=folder, content=content)


def propose(proposer: Party, *, ocid: str, round_id: str, folder: Path, **more: Any) -> dict[str, Any]:
    """Hand in a technical proposal of the first stage."""
    content = {"proposal": "采用装配式结构, 工期可缩短", **more}
    return send_package(proposer, ocid=ocid, round_id=round_id, folder=folder, content=content)


def release(party: Party, *, round_id: str) -> None:
    """Decrypt one's own package after the deadline."""
    for bid in party.get(f"/bids?round={round_id}")["bids"]:
        if bid["state"] == "live":
            bids.release(party=party, bid_id=bid["bid"])


def review(
    members: Sequence[Party],
    round_id: str,
    *,
    failing: Mapping[str, str] | None = None,
    points: Mapping[str, str] | None = None,
) -> None:
    """Let every member review and sign. `failing`: {USCC: reason}; `points`: {USCC: share of each criterion}."""
    for member in members:
        desk = member.get(f"/rounds/{round_id}/review-desk")
        results = {
            p["package"]: {
                r["key"]: {
                    "passes": p["uscc"] not in (failing or {}),
                    "reason": (failing or {}).get(p["uscc"], ""),
                }
                for r in desk["requirements"]
            }
            for p in desk["packages"]
        }
        scores = {
            p["package"]: {
                c["key"]: str(Decimal(c["weight"]) * Decimal((points or {}).get(p["uscc"], "0.8")))
                for c in desk["criteria"]
            }
            for p in desk["packages"]
        }
        member.post(f"/rounds/{round_id}/review-sheet", {"results": results, "scores": scores})
    for member in members:
        waiting = member.get(f"/rounds/{round_id}/review-to-sign")
        member.post(
            f"/rounds/{round_id}/review-signature", {"signature": member.signature_on(waiting["to_sign"])}
        )
