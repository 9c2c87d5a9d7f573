"""What anyone may see of the trust list: its versions, their differences, its CAs, how fresh their revocation lists are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from ggzy.identity import recognition, trust, trustlist
from ggzy.identity.models import CrlSource, RevocationList, TrustList
from ggzy.kernel.refusals import NotFound


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A revocation list that was kept."""

    sha256: str
    number: str
    revoked: int
    this_update: datetime
    next_update: datetime | None
    fetched_at: datetime


@dataclass(frozen=True, kw_only=True)
class Source:
    """An address of revocation lists: how fresh, since when asked in vain, and what was fetched before."""

    address: str
    freshness: str
    tried_at: datetime | None
    trouble: str
    latest: Fetched | None
    history: tuple[Fetched, ...]

    @property
    def says(self) -> str:
        """Return the word people read."""
        return {"fresh": "有效", "stale": "已过期", "none": "尚未取得"}[self.freshness]


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A certificate of a CA."""

    name: str
    root: bool
    fingerprint: str
    algorithm: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, kw_only=True)
class ListedCA:
    """A CA as /trust shows it."""

    id: str
    name: str
    status: str
    status_label: str
    algorithms: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime | None
    anchors: tuple[Anchor, ...]
    sources: tuple[Source, ...]
    rules: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version that is or was in force, and what it changed."""

    number: int
    in_force_from: datetime
    reason: str
    sha256: str
    previous_sha256: str
    proposed_by: str
    confirmed_by: str
    differences: tuple[trustlist.Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A version that waits for its second administrator."""

    id: str
    number: int
    reason: str
    proposed_at: datetime
    own: bool
    stale: bool
    seen: str
    differences: tuple[trustlist.Difference, ...]
    entries: tuple[dict[str, Any], ...]


def cas(*, now: datetime) -> tuple[int, list[ListedCA]]:
    """Return the number of the version in force (0: none yet) and its CAs."""
    known = recognition.known_at(now)
    return known.version, [_listed(ca, now) for ca in known.entries]


def _listed(ca: trustlist.TrustedCA, now: datetime) -> ListedCA:
    return ListedCA(
        id=ca.id,
        name=ca.name,
        status=ca.status.value,
        status_label=ca.status.label,
        algorithms=ca.algorithms,
        purposes=tuple(p.label for p in trustlist.Purpose if p in ca.purposes),
        valid_from=ca.valid_from,
        valid_until=ca.valid_until,
        anchors=tuple(
            Anchor(
                name=trust.name_of(one),
                root=one in ca.anchors,
                fingerprint=trustlist.in_groups(trust.fingerprint(one)),
                algorithm=trust.algorithm_of(one),
                not_before=one.not_valid_before_utc,
                not_after=one.not_valid_after_utc,
            )
            for one in ca.certificates
        ),
        sources=tuple(_source(ca.id, address, now) for address in ca.crl),
        rules=ca.rules,
    )


def _source(ca: str, address: str, now: datetime) -> Source:
    row = CrlSource.objects.filter(centre_id=settings.CENTRE_ID, ca=ca, address=address).first()
    kept = row.lists.defer("der").order_by("-this_update", "-pk")[:10] if row else ()
    history = tuple(
        Fetched(
            sha256=one.sha256,
            number=one.number,
            revoked=one.revoked,
            this_update=one.this_update,
            next_update=one.next_update,
            fetched_at=one.fetched_at,
        )
        for one in kept
    )
    latest = history[0] if history else None
    fresh = latest is not None and latest.next_update is not None and latest.next_update >= now
    return Source(
        address=address,
        freshness="none" if latest is None else "fresh" if fresh else "stale",
        tried_at=row.tried_at if row else None,
        trouble=row.trouble if row else "",
        latest=latest,
        history=history,
    )


def versions() -> list[Version]:
    """Return every version that was in force, newest first, each with what it changed."""
    out, before = [], []
    for row in _confirmed().select_related("proposed_by", "confirmed_by").order_by("number"):
        out.append(
            Version(
                number=row.number,
                in_force_from=row.confirmed_at,
                reason=row.reason,
                sha256=row.sha256,
                previous_sha256=row.signed["previous_sha256"],
                proposed_by=row.proposed_by.public_id,
                confirmed_by=row.confirmed_by.public_id,
                differences=tuple(trustlist.differences(before, row.entries)),
            )
        )
        before = row.entries
    return out[::-1]


def document(number: int) -> dict[str, Any]:
    """Return a version as the centre signed it.

    :raises NotFound: no such version was ever in force
    """
    row = _confirmed().filter(number=number).first()
    if row is None:
        raise NotFound("没有这一版信任列表", next_steps=(("信任列表", "/trust"),))
    signed: dict[str, Any] = row.signed
    return signed


def crl_of(digest: str) -> bytes:
    """Return a kept revocation list by its SHA-256.

    :raises NotFound: none such
    """
    row = RevocationList.objects.filter(centre_id=settings.CENTRE_ID, sha256=digest).first()
    if row is None:
        raise NotFound("没有这份吊销列表", next_steps=(("信任列表", "/trust"),))
    return bytes(row.der)


def proposals(*, account_pk: int, now: datetime) -> list[Proposal]:
    """Return the versions that wait for a second administrator, as one administrator sees them."""
    from ggzy.identity.listing import seen_digest

    known = recognition.known_at(now)
    in_force = [trustlist.as_json(ca) for ca in known.entries] if known.version else []
    rows = TrustList.objects.filter(centre_id=settings.CENTRE_ID, state=TrustList.PROPOSED).order_by("pk")
    return [
        Proposal(
            id=row.public_id,
            number=row.number,
            reason=row.reason,
            proposed_at=row.proposed_at,
            own=row.proposed_by_id == account_pk,
            stale=row.number != known.version + 1,
            seen=seen_digest(row.entries),
            differences=tuple(trustlist.differences(in_force, row.entries)),
            entries=tuple(row.entries),
        )
        for row in rows
    ]


def entries_in_force(*, now: datetime) -> list[dict[str, Any]]:
    """Return the entries in force as they stand in a list: what a new version starts from."""
    return [trustlist.as_json(ca) for ca in recognition.known_at(now).entries]


def _confirmed() -> Any:
    return TrustList.objects.filter(centre_id=settings.CENTRE_ID, state=TrustList.CONFIRMED)


def changed_entries(
    entries: Sequence[dict[str, Any]], row: dict[str, Any], *, original: str = ""
) -> list[dict[str, Any]]:
    """Return entries with one of them (by its id, `original` before a change) replaced, or added at the end."""
    out = [row if one["id"] == (original or row["id"]) else one for one in entries]
    return out if row in out else [*out, row]
