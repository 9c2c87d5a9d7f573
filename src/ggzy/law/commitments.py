"""What a centre promises beyond the law: another row, which may only be stricter."""

from dataclasses import dataclass
from datetime import date

from ggzy.law.limits import Bound, Direction, TimeLimit, Unit


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """A centre's promise. Missing it is a service report; missing the law is a violation."""

    limit: TimeLimit
    length: int
    unit: Unit
    source: str
    in_force_from: date

    def __post_init__(self) -> None:
        if self.unit is not self.limit.unit:
            raise ValueError("a promise is counted in the unit of the law it betters")
        if not self.is_stricter:
            raise ValueError("a promise may only be stricter than the law")

    @property
    def is_stricter(self) -> bool:
        """Say whether the promise betters the law: shorter under a ceiling, longer over a floor."""
        if self.limit.bound is Bound.AT_LEAST or self.limit.direction is Direction.BEFORE:
            return self.length >= self.limit.length
        return self.length <= self.limit.length
