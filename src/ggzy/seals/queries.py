"""What the holder and the centre see of stamps; which stamp a sealing takes; what was sealed with which image."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.identity.models import Certificate
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.parties.grid import Permission, require
from ggzy.seals.actions import is_holder
from ggzy.seals.models import SealUse, Stamp, StampEvent, Timestamping
from ggzy.seals.rules import ACTS, Kind, State, choose, wanted_for


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One step of a stamp's history."""

    label: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class StampRow:
    """One stamp as its holder and the centre see it."""

    stamp: str
    kind: str
    label: str
    holder: str
    state: str
    says: str
    drawn: bool
    image: str
    applied_by: str
    applied_at: datetime
    reason: str
    certificates: tuple[str, ...]
    own: bool
    events: tuple[EventRow, ...]
    uses: int


_MOST = 200


def own_stamps(*, viewer: Actor) -> list[StampRow]:
    """Return the stamps of the actor and of the actor's organisation, the live ones first."""
    require(viewer, Permission.STAMP_KEEP)
    rows = Stamp.objects.filter(account_id=viewer.account_pk)
    if viewer.organisation_pk:
        rows = rows | Stamp.objects.filter(organisation_id=viewer.organisation_pk).exclude(kind=Kind.PERSONAL)
    return _rows(list(_ordered(rows)[:_MOST]), viewer)


def stamps_to_decide(*, viewer: Actor, state: str = "") -> list[StampRow]:
    """Return every holder's stamps in a state for the centre ("" what waits), the oldest application first.

    Applications are few and decided on soon; the list ends at 200.
    """
    require(viewer, Permission.STAMP_DESK)
    rows = Stamp.objects.filter(state=state or State.APPLIED)
    return _rows(list(_ordered(rows)[:_MOST]), viewer)


def waiting_count() -> int:
    """Return how many applications wait for the centre."""
    return Stamp.objects.filter(state=State.APPLIED).count()


def _ordered(rows):  # type: ignore[no-untyped-def]
    return rows.select_related("organisation", "account__person").order_by("-applied_at", "-pk")


def _rows(stamps: list[Stamp], viewer: Actor) -> list[StampRow]:
    pks = [s.pk for s in stamps]
    events: dict[int, list[StampEvent]] = {pk: [] for pk in pks}
    for event in StampEvent.objects.filter(stamp_id__in=pks).select_related("account__person").order_by("pk"):
        events[event.stamp_id].append(event)
    bound: dict[int, list[str]] = {pk: [] for pk in pks}
    links = Stamp.certificates.through.objects.filter(stamp_id__in=pks)
    for pk, fingerprint in links.values_list("stamp_id", "certificate__fingerprint"):
        bound[pk].append(fingerprint)
    uses = dict.fromkeys(pks, 0)
    for pk in SealUse.objects.filter(stamp_id__in=pks).values_list("stamp_id", flat=True):
        uses[pk] += 1
    order = list(State)
    made = [
        StampRow(
            stamp=s.public_id,
            kind=s.kind,
            label=Kind(s.kind).label,
            holder=_holder(s),
            state=s.state,
            says=State(s.state).label,
            drawn=s.drawn,
            image=s.image,
            applied_by=s.account.person.name,
            applied_at=s.applied_at,
            reason=next((e.reason for e in reversed(events[s.pk]) if e.reason), ""),
            certificates=tuple(bound[s.pk]),
            own=s.account_id == viewer.account_pk,
            events=tuple(
                EventRow(label=ACTS[e.act], by=e.account.person.name, at=e.at, reason=e.reason)
                for e in events[s.pk]
            ),
            uses=uses[s.pk],
        )
        for s in stamps
    ]
    return sorted(made, key=lambda row: order.index(State(row.state)))


def _holder(stamp: Stamp) -> str:
    person = stamp.account.person.name
    if stamp.organisation is None:
        return str(person)
    return f"{stamp.organisation.name} {person}" if Kind(stamp.kind).square else str(stamp.organisation.name)


@dataclass(frozen=True, kw_only=True)
class BindableCertificate:
    """A certificate that a stamp may be bound to."""

    fingerprint: str
    whose: str
    ca: str
    not_after: datetime


def bindable(*, viewer: Actor, now: datetime) -> list[BindableCertificate]:
    """Return the live certificates of the actor's organisation (of the person where there is none), the own ones first."""
    require(viewer, Permission.STAMP_KEEP)
    rows = Certificate.objects.filter(revoked_at=None, not_after__gt=now).select_related("account__person")
    rows = (
        rows.filter(organisation_id=viewer.organisation_pk)
        if viewer.organisation_pk
        else rows.filter(account_id=viewer.account_pk)
    )
    found = sorted(rows.order_by("-pk")[:_MOST], key=lambda c: c.account_id != viewer.account_pk)
    return [
        BindableCertificate(
            fingerprint=c.fingerprint, whose=c.account.person.name, ca=c.ca, not_after=c.not_after
        )
        for c in found
    ]


def image_of(*, stamp_id: str, viewer: Actor) -> bytes:
    """Return the image of a stamp, for its holder, the centre and the supervisor.

    :raises NotFound: no such stamp
    :raises NotPermitted: anyone else: an image of a stamp is what a forger looks for
    """
    require(viewer, Permission.STAMP_KEEP)
    stamp = Stamp.objects.filter(public_id=stamp_id).first()
    if stamp is None:
        raise NotFound("没有这枚印章")
    if viewer.role not in {Role.CENTRE, Role.ADMIN, Role.SUPERVISOR} and not is_holder(stamp, viewer):
        raise NotPermitted("印章图样由持有人、交易中心和监督部门查看")
    return files.read(stamp.image)


def stamp_for(*, purpose: str, certificate: Certificate, actor: Actor) -> Stamp | None:
    """Return the stamp that a sealing takes, locked against a change until the transaction ends; None where there is none.

    :raises StampSuspended: it is suspended
    :raises CertificateNotBound: it is bound to other certificates
    """
    organisation = bool(actor.organisation_pk)
    wanted = wanted_for(purpose, organisation=organisation)
    rows = Stamp.objects.select_for_update(of=("self",), no_key=True).filter(
        kind__in=wanted, state__in=[State.IN_FORCE, State.SUSPENDED]
    )
    rows = (
        rows.filter(organisation_id=actor.organisation_pk)
        if organisation
        else rows.filter(account_id=actor.account_pk)
    )
    stamps = list(rows.order_by("pk"))
    if not stamps:
        return None
    bound: dict[int, set[str]] = {}
    links = Stamp.certificates.through.objects.filter(stamp_id__in=[s.pk for s in stamps])
    for pk, fingerprint in links.values_list("stamp_id", "certificate__fingerprint"):
        bound.setdefault(pk, set()).add(fingerprint)
    found = choose(
        [(Kind(s.kind), State(s.state), frozenset(bound.get(s.pk, ())), s.public_id) for s in stamps],
        wanted=wanted,
        certificate=_line_of(certificate),
    )
    return next((s for s in stamps if s.public_id == found), None)


def _line_of(certificate: Certificate) -> frozenset[str]:
    """Return a certificate and those that it renews, one after the other."""
    found = {certificate.fingerprint}
    step = certificate.renews
    while step is not None and step.fingerprint not in found and len(found) < 10:
        found.add(step.fingerprint)
        step = step.renews
    return frozenset(found)


@dataclass(frozen=True, kw_only=True)
class SealState:
    """How a sealed document stands: its level, and whether its timestamp is there, waits, or came in a copy."""

    level: str
    timestamp: str
    stamped: str
    stamped_at: datetime | None

    @property
    def says(self) -> str:
        """Return the words people read."""
        return {
            "in": "已加盖可信时间戳(B-LTA)",
            "later": "时间戳已补",
            "waiting": "时间戳: 待补",
        }.get(self.timestamp, "无时间戳")


def states_of(digests: list[str]) -> dict[str, SealState]:
    """Return {digest of a sealed document: how it stands}, in two queries."""
    later = {t.document: t for t in Timestamping.objects.filter(document__in=digests)}
    out = {}
    for use in SealUse.objects.filter(after__in=digests).order_by("pk"):
        row = later.get(use.after)
        word = "in" if use.level == "B-LTA" else "none"
        if row is not None and word == "none":
            word = {"done": "later", "waiting": "waiting"}.get(row.state, "none")
        out[use.after] = SealState(
            level=use.level,
            timestamp=word,
            stamped=row.stamped if row else "",
            stamped_at=row.stamped_at if row else None,
        )
    return out


def state_of(digest: str) -> SealState | None:
    """Return how one sealed document stands; None for what was not sealed here."""
    return states_of([digest]).get(digest)


def stamped_copy_of(digest: str) -> str:
    """Return the document whose timestamped copy a digest is, "" if it is none."""
    return Timestamping.objects.filter(stamped=digest).values_list("document", flat=True).first() or ""
