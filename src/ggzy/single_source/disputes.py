"""How a purchase from the only supplier is challenged: its result, by the supplier that negotiated.

Who would have liked to sell objects within the publicity (74号令第三十八条至第四十条); it took no part and challenges nothing.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from ggzy.kernel.actors import Actor
from ggzy.objections import proceedings
from ggzy.objections.proceedings import Proceeding, Step, law_from, window
from ggzy.single_source.models import Purchase

KIND = "single_source"


class _Purchases:
    def find(self, of: str, *, lock: bool = False) -> Proceeding | None:
        rows = Purchase.objects.select_related("buyer")
        row = (rows.select_for_update(of=("self",)) if lock else rows).filter(public_id=of).first()
        if row is None:
            return None
        public = bool(row.published_at or row.announced_at or row.ending)
        return Proceeding(
            kind=KIND,
            id=row.public_id,
            name=row.name,
            page=f"/single-sources/{row.public_id}",
            buyer=row.buyer_id,
            buyer_name=row.buyer.name,
            region_code=row.region_code,
            ocid=row.ocid,
            law=law_from(row.announced_at or row.argued_at),
            public=public,
        )

    def known(self, ofs: Collection[str]) -> set[str]:
        return set(ofs)

    def steps(self, of: str, *, supplier: int) -> list[Step]:
        row = Purchase.objects.get(public_id=of)
        if row.announced_at is None or row.supplier_id != supplier:
            return []
        ends = window(law_from(row.announced_at), started=row.announced_at, notice=True)
        return [Step(about="result", at=row.announced_at, ends=ends, holds=True)]

    def parties(self, of: str) -> set[int]:
        return set(Purchase.objects.filter(public_id=of).values_list("supplier_id", flat=True))

    def outcomes(self, of: str, *, about: str, step_at: datetime) -> frozenset[str]:
        # after the deal a purchase from the only supplier has no way back: who does not sign answers for it
        return frozenset()

    def carry_out(
        self, outcome: str, *, of: str, about: str, supplier: int, says: str, actor: Actor, now: datetime
    ) -> None:
        raise AssertionError(f"no {outcome} was offered")

    def postpone(self, of: str, *, by: timedelta, now: datetime) -> None:
        """After the result no time of the supplier's runs but the one to sign, which only reminds."""


proceedings.register(KIND, _Purchases())
