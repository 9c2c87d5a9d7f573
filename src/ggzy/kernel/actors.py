"""Who acts: handed down from the edge to every action. Which acts a role may do is `parties.grid`."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Capacities in which a person acts on the platform."""

    TENDEREE = "tenderee"
    AGENCY = "agency"
    BIDDER = "bidder"
    EXPERT = "expert"
    CENTRE = "centre"
    PARTNER = "partner"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    FINANCE = "finance"
    PUBLIC = "public"
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return _LABELS[self]


_LABELS = {
    Role.TENDEREE: "招标人",
    Role.AGENCY: "代理机构",
    Role.BIDDER: "投标人",
    Role.EXPERT: "评标专家",
    Role.CENTRE: "中心工作人员",
    Role.PARTNER: "协作中心人员",
    Role.SUPERVISOR: "监督人员",
    Role.ADMIN: "系统管理员",
    Role.FINANCE: "金融机构",
    Role.PUBLIC: "社会公众",
    Role.SYSTEM: "系统",
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person acting for one organisation, as the edge has established it.

    `person` and `organisation` are public ids ("" for the public and the system); `certificate` is the
    SHA-256 fingerprint of the certificate that signed in, "" where only a password did; `proof_is_old` says that
    this was longer ago than an act that binds allows. `helper` is the name of somebody of the centre who prepares for
    this organisation by its consent (帮办代办), "" for everybody who acts for themselves.
    """

    role: Role
    person: str = ""
    organisation: str = ""
    account_pk: int = 0
    organisation_pk: int = 0
    name: str = ""
    organisation_name: str = ""
    uscc: str = ""
    certificate: str = ""
    proof_is_old: bool = False
    address: str = ""
    helper: str = ""

    @property
    def signed_in(self) -> bool:
        """Say whether this is a known person."""
        return bool(self.person)


ANYONE = Actor(role=Role.PUBLIC, name="社会公众")
SYSTEM = Actor(role=Role.SYSTEM, name="系统")
