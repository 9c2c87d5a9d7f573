"""What pages and the API show of contracts."""

from ggzy.contracting.models import Contract


def contracts_of(round_pks: list[int]) -> dict[int, Contract]:
    """Return {round primary key: contract}, signed or being signed."""
    rows = Contract.objects.filter(award__round_id__in=round_pks, award__ended_at=None).select_related(
        "award"
    )
    return {c.award.round_id: c for c in rows}
