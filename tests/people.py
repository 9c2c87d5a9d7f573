"""A fixed cast for tests: organisations and actors, made once per test database where a test asks for them."""

from dataclasses import dataclass

from ggzy.kernel.actors import Actor, Role


@dataclass(frozen=True)
class Who:
    """A person of the cast by the role they play."""

    role: Role
    name: str


def actor(role: Role, **more: object) -> Actor:
    """Return an actor who is signed in with a certificate, for rules that only read the role."""
    fields: dict[str, object] = {
        "person": f"{role.value}-person",
        "organisation": f"{role.value}-organisation",
        "account_pk": 1,
        "organisation_pk": 1,
        "certificate": "c" * 64,
    }
    return Actor(role=role, **(fields | more))  # type: ignore[arg-type]
