"""A procurement by cooperation and innovation as OCDS: research contracts side by side, then one first purchase."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ggzy.evidence.queries import FeedRow
from ggzy.innovation.queries import ContractRow, InnovationRow, public_row_of
from ggzy.innovation.rules import Way
from ggzy.opendata.writing import date_of, money, release_of
from ggzy.procedures.catalogue import GP_HC
from ggzy.procedures.spec import Stage

#: act → the OCDS tag of the release it makes
TAGS = {
    "innovation.called": "tender",
    "innovation.file_issued": "tenderUpdate",
    "innovation.clarified": "tenderUpdate",
    "innovation.changed": "tenderUpdate",
    "innovation.terminated": "tenderCancellation",
    "innovation.determined": "award",
    "innovation.contract_signed": "contract",
    "innovation.first_published": "award",
    "innovation.first_signed": "contract",
}
_STATUS = {Stage.STOPPED: "cancelled", Stage.CONTRACTED: "complete"}
_CLOSED = {Stage.RD_OUT: "terminated", Stage.RD_PASSED: "terminated"}
#: a contract stands with its second signature
_SIGNED = {"innovation.contract_signed": Stage.RD_WORK, "innovation.first_signed": Stage.CONTRACTED}


def tag_of(act: FeedRow) -> str | None:
    """Return the tag of an act's release, None where the public hears nothing by it."""
    wanted = _SIGNED.get(act.act)
    if wanted is not None and act.fields.get("stage") != wanted.value:
        return None
    return TAGS.get(act.act)


class ResearchProcess:
    """One public purchase with the row its releases are made of: no plan, no cost and no loser's price is in it."""

    def __init__(self, row: InnovationRow) -> None:
        self.row = row

    @classmethod
    def of(cls, ocid: str) -> "ResearchProcess | None":
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
        """Return buyer and tender, and the awards and contracts that are public by now."""
        row = self.row
        out: dict[str, Any] = {
            "parties": self._parties(),
            "buyer": {"id": row.buyer_uscc, "name": row.buyer},
            "tender": self._tender(),
        }
        if (awards or everything) and (found := self._awards()):
            out["awards"] = found
        if (contracts or everything) and (signed := self._contracts()):
            out["contracts"] = signed
        return out

    @property
    def _first(self) -> ContractRow | None:
        return next((one for one in self.row.contracts if one.first), None)

    def _awards(self) -> list[dict[str, Any]]:
        row, first = self.row, self._first
        found = [
            self._award(one, one.contract, "研发供应商", one.compensation, row.determined_at)
            for one in row.contracts
        ]
        if first is not None and first.product_price is not None:
            price, at = first.product_price, row.first_published_at
            found.append(self._award(first, self._first_award, "首购产品", price, at))
        return found

    @property
    def _first_award(self) -> str:
        return f"{self.row.innovation}-first"

    def _award(
        self, one: ContractRow, award: str, what: str, amount: Decimal, at: datetime | None
    ) -> dict[str, Any]:
        return {
            "id": award,
            "title": f"{self.row.name}{what}",
            "status": "active",
            "value": money(amount),
            "suppliers": [{"id": one.uscc, "name": one.supplier}],
            "items": [self._item()],
        } | ({"date": date_of(at)} if at else {})

    def _contracts(self) -> list[dict[str, Any]]:
        row, first = self.row, self._first
        found = [
            {
                "id": one.number,
                "awardID": one.contract,
                "title": f"{row.name}研发合同",
                "status": _CLOSED.get(Stage(one.stage), "active"),
                "value": money(one.compensation),
                "dateSigned": date_of(one.signed_at),
                "period": {"startDate": date_of(one.signed_at), "endDate": date_of(one.ends_at)},
            }
            for one in row.contracts
            if one.signed_at and one.ends_at
        ]
        if first is not None and row.first_signed_at is not None and first.product_price is not None:
            found.append(
                {
                    "id": f"{first.number}-S",
                    "awardID": self._first_award,
                    "title": f"{row.name}首购协议",
                    "status": "active",
                    "value": money(first.product_price),
                    "dateSigned": date_of(row.first_signed_at),
                }
            )
        return found

    def _parties(self) -> list[dict[str, Any]]:
        row = self.row
        sides = [(row.buyer_uscc, row.buyer, ["buyer", "procuringEntity"])]
        sides += [(one.uscc, one.supplier, ["supplier"]) for one in row.contracts]
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
        targets = self.row.file.get("targets") or dict(self.row.call)["最低研发目标"]
        return {"id": self.row.innovation, "description": targets[:500], "quantity": 1}

    def _tender(self) -> dict[str, Any]:
        row = self.row
        out: dict[str, Any] = {
            "id": row.innovation,
            "title": row.name,
            "status": _STATUS.get(Stage(row.stage), "active"),
            "procuringEntity": {"id": row.buyer_uscc, "name": row.buyer},
            # open to whoever applies and is found qualified, or to those who were asked
            "procurementMethod": "selective" if row.way == Way.NOTICE else "limited",
            "procurementMethodDetails": GP_HC.label.split(" ", 1)[-1],
            "procurementMethodRationale": row.ground_label,
            "value": money(row.most_cost),
            "items": [self._item()],
        }
        if row.called_at and row.apply_until:
            out["tenderPeriod"] = {"startDate": date_of(row.called_at), "endDate": date_of(row.apply_until)}
        return out
