"""Invented records of the demo bidders, kept through the same act as everyone's."""

from datetime import timedelta

from ggzy.jobs.worker import load_effects, run_due
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import legal_now
from ggzy.parties.queries import accounts_of_role
from ggzy.registry.actions import keep_record
from ggzy.registry.queries import has_records
from ggzy.registry.rules import Kind

BIDDERS = ("jia", "yi", "bing", "ding")


def manager_certificate(username: str) -> str:
    """Return the invented certificate number of a demo bidder's project manager."""
    return f"训137000000000{BIDDERS.index(username)}"


def build_records() -> None:
    """Give each demo bidder records, once; one licence ends soon, so that its announcement can be seen."""
    now = legal_now()
    for account in accounts_of_role(Role.BIDDER.value):
        organisation = account.organisation
        if account.username not in BIDDERS or organisation is None or has_records(organisation.pk):
            continue
        n = BIDDERS.index(account.username)
        actor = Actor(
            role=Role.BIDDER,
            person=account.public_id,
            organisation=organisation.public_id,
            organisation_pk=organisation.pk,
            organisation_name=organisation.name,
            uscc=organisation.uscc,
        )
        far, near = (str((now + timedelta(days=days)).date()) for days in (1200, 30))
        rows: tuple[tuple[Kind, dict[str, str]], ...] = (
            (
                Kind.BASIC,
                {
                    "legal_form": "limited",
                    "legal_representative": f"训练法人{n + 1}",
                    "address": f"训练市建设路{n + 1}号",
                    "sme": "medium",
                },
            ),
            (
                Kind.QUALIFICATION,
                {
                    "code": "general_contract",
                    "specialty": "建筑工程",
                    "level": "first",
                    "number": f"D{n + 1}37000001",
                    "issuer": "训练省住房和城乡建设厅",
                    "valid_to": far,
                },
            ),
            (
                Kind.LICENCE,
                {
                    "code": "safety",
                    "number": f"(训)JZ安许证字{n + 1:06d}",
                    "issuer": "训练省住房和城乡建设厅",
                    "valid_to": near if n == 0 else far,
                },
            ),
            (
                Kind.PERSON,
                {
                    "name": "项目负责人",
                    "duty": "manager",
                    "certificate": manager_certificate(account.username),
                    "specialty": "建筑工程",
                    "valid_to": far,
                },
            ),
            (
                Kind.PERFORMANCE,
                {
                    "project": f"训练市第{n + 1}小学教学楼",
                    "code": "construction",
                    "client": "训练市教育局",
                    "amount": "23500000",
                    "finished_on": "2024-11-30",
                },
            ),
        )
        for kind, values in rows:
            keep_record(kind=kind, values=values, actor=actor, now=now)
    load_effects()  # the registers answer before the first bids are sealed
    run_due()
