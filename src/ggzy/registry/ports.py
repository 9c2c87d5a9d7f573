"""The registers outside that can say whether a record is so. Adapters: `ggzy.adapters.registers`."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol


class RegisterUnavailable(Exception):
    """The register gave no answer; the record stays 待核验 and is asked about again later."""


@dataclass(frozen=True, kw_only=True)
class LicenceQuestion:
    """Is this organisation registered under this code and name?"""

    uscc: str
    name: str


@dataclass(frozen=True, kw_only=True)
class QualificationQuestion:
    """Does this organisation hold a qualification or licence with this number, until this day?"""

    uscc: str
    code: str
    number: str
    valid_to: date | None


@dataclass(frozen=True, kw_only=True)
class PersonQuestion:
    """Is this certificate registered for a person of this name with this organisation?"""

    uscc: str
    name: str
    certificate: str
    specialty: str


@dataclass(frozen=True, kw_only=True)
class CreditQuestion:
    """What does the public credit list say of this organisation?"""

    uscc: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a register said: whether it agrees with the record, in a sentence. It never decides."""

    agrees: bool
    says: str
    source: str
    demo: bool


class Registers(Protocol):
    """The four registers. Each method answers, or raises `RegisterUnavailable`."""

    def licence(self, question: LicenceQuestion) -> Answer:
        """Ask the register of business licences (营业执照)."""
        ...

    def qualification(self, question: QualificationQuestion) -> Answer:
        """Ask the register of qualifications and safety licences (资质、安全生产许可)."""
        ...

    def person(self, question: PersonQuestion) -> Answer:
        """Ask the register of practising people (注册人员)."""
        ...

    def credit(self, question: CreditQuestion) -> Answer:
        """Ask the public credit list (信用)."""
        ...
