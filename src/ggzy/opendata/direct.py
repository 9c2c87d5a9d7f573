"""A purchase from one supplier as OCDS: a process without bids, whose method is direct."""

from typing import Any

from ggzy.evidence.queries import FeedRow
from ggzy.opendata.writing import date_of, money, release_of
from ggzy.procedures.catalogue import GP_DY
from ggzy.procedures.spec import Stage
from ggzy.single_source.queries import PurchaseRow, public_row_of

#: act → the OCDS tag of the release it makes
TAGS = {
    "single_source.went_on": "tender",
    "single_source.argued_anew": "tenderUpdate",
    "single_source.terminated": "tenderCancellation",
    "single_source.announced": "award",
    "single_source.contract_signed": "contract",
}
_STATUS = {
    Stage.CHANGED: "cancelled",
    Stage.TERMINATED: "cancelled",
    Stage.ANNOUNCED: "complete",
    Stage.CONTRACTED: "complete",
}


def tag_of(act: FeedRow) -> str | None:
    """Return the tag of an act's release, None where the public hears nothing by it."""
    stage = act.fields.get("stage")
    # without a publicity the first that anybody hears is the result; a contract stands with its second signature
    if act.act == "single_source.went_on" and stage != Stage.PUBLICITY:
        return None
    if act.act == "single_source.contract_signed" and stage != Stage.CONTRACTED:
        return None
    return TAGS.get(act.act)


class DirectProcess:
    """One public purchase with the row its releases are made of."""

    def __init__(self, row: PurchaseRow) -> None:
        self.row = row

    @classmethod
    def of(cls, ocid: str) -> "DirectProcess | None":
        """Return the purchase that is this process, None where it is none, or is not public."""
        row = public_row_of(ocid)
        return cls(row) if row else None

    @property
    def tags(self) -> dict[str, str]:
        """Return the acts that make releases."""
        return TAGS

    def release(self, act: FeedRow) -> dict[str, Any] | None:
        """Return the release of an act, None where the public hears nothing by it."""
        tag = tag_of(act)
        if tag is None:
            return None
        parts = self.parts(awards=tag in {"award", "contract"}, contracts=tag == "contract")
        return release_of(self.row.ocid, act, tag, parts)

    def parts(
        self, *, awards: bool = False, contracts: bool = False, everything: bool = False
    ) -> dict[str, Any]:
        """Return buyer and tender, and the award and the contract once they are public."""
        row = self.row
        out: dict[str, Any] = {
            "parties": self._parties(),
            "buyer": {"id": row.buyer_uscc, "name": row.buyer},
            "tender": self._tender(),
        }
        if (awards or everything) and row.announced_at and row.recorded_at and row.price is not None:
            out["awards"] = [
                {
                    "id": row.purchase,
                    "title": f"{row.name}成交结果",
                    "status": "active",
                    "date": date_of(row.recorded_at),
                    "value": money(row.price),
                    "suppliers": [{"id": row.supplier_uscc, "name": row.supplier}],
                    "items": [self._item()],
                }
            ]
        if (contracts or everything) and row.signed_at and row.price is not None:
            out["contracts"] = [
                {
                    "id": row.deal_code,
                    "awardID": row.purchase,
                    "title": f"{row.name}合同",
                    "status": "active",
                    "value": money(row.price),
                    "dateSigned": date_of(row.signed_at),
                }
            ]
        return out

    def _parties(self) -> list[dict[str, Any]]:
        sides = [(self.row.buyer_uscc, self.row.buyer, ["buyer", "procuringEntity"])]
        if self.row.announced_at:
            sides.append((self.row.supplier_uscc, self.row.supplier, ["supplier"]))
        return [
            {
                "id": uscc,
                "name": name,
                "identifier": {"scheme": "CN-USCC", "id": uscc, "legalName": name},
                "roles": roles,
            }
            for uscc, name, roles in sides
        ]

    def _item(self) -> dict[str, Any]:
        return {"id": self.row.purchase, "description": self.row.needs[:500], "quantity": 1}

    def _tender(self) -> dict[str, Any]:
        row = self.row
        return {
            "id": row.purchase,
            "title": row.name,
            "status": _STATUS.get(Stage(row.stage), "active"),
            "procuringEntity": {"id": row.buyer_uscc, "name": row.buyer},
            "procurementMethod": "direct",
            "procurementMethodDetails": GP_DY.label.split(" ", 1)[-1],
            "procurementMethodRationale": f"{row.ground_label}。{row.reason}"[:2000],
            "value": money(row.budget),
            "items": [self._item()],
        }
