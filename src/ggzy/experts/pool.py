"""The centre's own pool behind the port. A terminal of a provincial pool would be another one of these."""

from collections.abc import Collection, Sequence

from ggzy.experts.models import Expert
from ggzy.experts.ports import ExpertPool


class OwnPool:
    """The experts that this centre keeps itself (训练中心 keeps invented ones)."""

    def candidates(self, *, specialty: str, without_employers: Collection[str]) -> Sequence[Expert]:
        """Return the active experts of a specialty, ordered by public id."""
        return [
            expert
            for expert in Expert.objects.filter(active=True).order_by("public_id")
            if any(known.startswith(specialty) for known in expert.specialties)
            and expert.employer_uscc not in without_employers
        ]


def pool() -> ExpertPool:
    """Return the pool this centre draws from."""
    return OwnPool()
