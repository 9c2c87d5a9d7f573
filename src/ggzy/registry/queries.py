"""Rows of records: one's own, the public part, the frozen snapshot, and how a snapshot stands at a moment."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.limits import beijing_date
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.registry import rules
from ggzy.registry.models import RecordCheck, RecordVersion, RegistryRecord
from ggzy.registry.rules import Kind, State

_OPEN = [Role.TENDEREE.value, Role.AGENCY.value, Role.BIDDER.value]


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """One register's answer."""

    source: str
    demo: bool
    agrees: bool
    says: str
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """The last version of a record, without any secret value."""

    record: str
    kind: Kind
    title: str
    number: int
    #: (label, what people read) of each value that is shown
    values: tuple[tuple[str, str], ...]
    #: what a form starts from: codes, not labels; secret values are never in it
    given: dict[str, str]
    #: names of secret values that are kept
    secrets: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    files: list[dict[str, Any]]
    state: State
    ends_soon: bool
    withdrawn: bool
    made_at: datetime
    checks: tuple[CheckRow, ...]

    @property
    def demo(self) -> bool:
        """Say whether an answer is a twin's, which the page must tell."""
        return any(check.demo for check in self.checks)


def _row(version: RecordVersion, *, on: date, personal: bool = True) -> RecordRow:
    kind = Kind(version.record.kind)
    kept = json.loads(version.personal) if personal and version.personal else {}
    secret = {f.name for f in rules.FIELDS[kind] if f.secret}
    given = {**version.data, **{k: v for k, v in kept.items() if k not in secret and k != "salt"}}
    checks = tuple(
        CheckRow(
            source=c.source,
            demo=c.demo,
            agrees=c.outcome == "agrees",
            says=c.says,
            checked_at=c.checked_at,
        )
        for c in sorted(version.checks.all(), key=lambda c: c.pk)
    )
    hidden = set() if personal else rules.PRIVATE_VALUES
    values = tuple(
        (f.label, (f.codes or {}).get(given[f.name], given[f.name]))
        for f in rules.FIELDS[kind]
        if given.get(f.name) and f.name not in hidden
    )
    return RecordRow(
        record=version.record.public_id,
        kind=kind,
        title=rules.title(kind, given),
        number=version.number,
        values=values,
        given=given if personal else {},
        secrets=tuple(sorted(secret & set(kept))),
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        files=version.files if personal else [],
        state=rules.state_of(valid_to=version.valid_to, outcomes=[c.agrees for c in checks], on=on),
        ends_soon=rules.ends_soon(version.valid_to, on=on),
        withdrawn=version.withdrawn,
        made_at=version.made_at,
        checks=checks,
    )


def _last_versions(organisation_pk: int) -> list[RecordVersion]:
    return list(
        RecordVersion.objects.filter(record__organisation_id=organisation_pk)
        .order_by("record_id", "-number")
        .distinct("record_id")
        .select_related("record")
        .prefetch_related("checks")
    )


def own_records(*, actor: Actor, now: datetime) -> list[RecordRow]:
    """Return the actor's organisation's records as they stand, withdrawn ones left out.

    :raises NotPermitted: not a tenderee, agency or bidder
    """
    require(actor, Permission.REGISTRY_KEEP)
    on = beijing_date(now)
    return [_row(v, on=on) for v in _last_versions(actor.organisation_pk) if not v.withdrawn]


def ending_soon(*, organisation_pk: int, now: datetime) -> list[RecordRow]:
    """Return records of an organisation that have ended or end within weeks, for its bench."""
    on = beijing_date(now)
    rows = RecordVersion.objects.filter(
        record__organisation_id=organisation_pk, valid_to__lte=on + rules.AHEAD
    )
    if not rows.exists():
        return []
    found = [_row(v, on=on) for v in _last_versions(organisation_pk) if not v.withdrawn]
    ending = [r for r in found if r.ends_soon or r.state is State.EXPIRED]
    return sorted(ending, key=lambda r: r.valid_to or on)


def history(*, record_id: str, actor: Actor, now: datetime) -> list[RecordRow]:
    """Return every version of an own record, newest first.

    :raises NotFound: no such record of this organisation
    """
    require(actor, Permission.REGISTRY_KEEP)
    versions = (
        RecordVersion.objects.filter(
            record__public_id=record_id, record__organisation_id=actor.organisation_pk
        )
        .select_related("record")
        .prefetch_related("checks")
        .order_by("-number")
    )
    found = [_row(v, on=beijing_date(now)) for v in versions]
    if not found:
        raise NotFound("本单位没有这条登记信息", next_steps=(("主体库", "/work/registry"),))
    return found


def own_file(*, digest: str, actor: Actor) -> str:
    """Return the name of a file that stands in one of the actor's organisation's records.

    :raises NotFound: no such file of this organisation
    """
    require(actor, Permission.REGISTRY_KEEP)
    version = RecordVersion.objects.filter(
        record__organisation_id=actor.organisation_pk, files__contains=[{"sha256": digest}]
    ).first()
    if version is None:
        raise NotFound("没有这份文件, 或尚未公开")
    return str(next(f["name"] for f in version.files if f["sha256"] == digest))


def own_snapshot(*, records: Sequence[str], actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the actor's own records frozen, to be put into a bid on the bidder's own machine; nothing is logged.

    With no record named, all that a bid may rely on. What is secret (id numbers, the account) is never in it.

    :raises BadInput: a record that is not there, is withdrawn, or cannot stand in a bid
    """
    require(actor, Permission.REGISTRY_KEEP)
    on = beijing_date(now)
    versions = [
        v
        for v in _last_versions(actor.organisation_pk)
        if not v.withdrawn and Kind(v.record.kind) in rules.CHOOSABLE
    ]
    if records:
        wanted = set(records)
        if missing := wanted - {v.record.public_id for v in versions}:
            raise BadInput(
                f"登记信息{sorted(missing)[0][:32]}不存在、已停用或不能用于投标, 请在主体库核对",
                field="records",
            )
        versions = [v for v in versions if v.record.public_id in wanted]
    if len(versions) > rules.MOST_CHOSEN:
        raise BadInput(f"一份投标最多依据{rules.MOST_CHOSEN}条登记信息, 请用 --record 选择", field="records")
    rows = []
    for version in versions:
        row = _row(version, on=on)
        rows.append(
            {
                "record": row.record,
                "version": row.number,
                "title": row.title,
                **_shown(version),
                "version_sha256": version.sha256,
                "state": row.state.value,
                "checks": [
                    {
                        "source": c.source,
                        "demo": c.demo,
                        "agrees": c.agrees,
                        "says": c.says,
                        "checked_at": c.checked_at.isoformat(),
                    }
                    for c in row.checks
                ],
            }
        )
    return rules.snapshot(
        organisation=actor.organisation_name, uscc=actor.uscc, rows=rows, taken_at=now.isoformat()
    )


def _shown(version: RecordVersion) -> dict[str, Any]:
    kept = json.loads(version.personal) if version.personal else {}
    kept.pop("salt", None)
    said = rules.Said(
        data=version.data, personal=kept, valid_from=version.valid_from, valid_to=version.valid_to
    )
    return rules.shown_in_snapshot(kind=Kind(version.record.kind), said=said, files=version.files)


@dataclass(frozen=True, kw_only=True)
class StandRow:
    """One record of a sealed snapshot, beside how the registry stood at the deadline."""

    kind: Kind
    title: str
    values: tuple[tuple[str, str], ...]
    valid_to: date | None
    files: tuple[str, ...]
    #: the snapshot says what the registry held, word for word
    same: bool
    state: State
    changed_later: bool
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A sealed snapshot as the committee reads it."""

    whole: bool
    rows: tuple[StandRow, ...]
    demo: bool


def stand_of_snapshots(snapshots: Mapping[str, tuple[str, Any]], *, at: datetime) -> dict[str, Stand | None]:
    """Return {bid: its snapshot beside the registry's state at the deadline}; `snapshots` is {bid: (USCC, value)}.

    Only for after the opening. What is shown is always what was sealed; the registry adds whether it held just
    that, and what its registers had answered by the deadline. Three queries for any number of bids.
    """
    whole = {
        bid: value
        for bid, (uscc, value) in snapshots.items()
        if rules.is_whole(value) and value.get("uscc") == uscc
    }
    named = [str(row.get("record")) for value in whole.values() for row in value["records"]]
    held: dict[tuple[str, str, int], RecordVersion] = {}
    newest: dict[str, int] = {}
    versions = (
        RecordVersion.objects.filter(record__public_id__in=named, made_at__lte=at)
        .select_related("record__organisation")
        .prefetch_related("checks")
    )
    for version in versions:
        record = version.record
        held[(record.organisation.uscc, record.public_id, version.number)] = version
    for record_id, number in RecordVersion.objects.filter(record__public_id__in=named).values_list(
        "record__public_id", "number"
    ):
        newest[record_id] = max(number, newest.get(record_id, 0))
    out: dict[str, Stand | None] = {}
    for bid, (uscc, value) in snapshots.items():
        if value is None:
            out[bid] = None
            continue
        if bid not in whole:
            out[bid] = Stand(whole=False, rows=(), demo=False)
            continue
        rows = tuple(_stand(row, uscc=uscc, held=held, newest=newest, at=at) for row in value["records"])
        out[bid] = Stand(whole=True, rows=rows, demo=any(c.demo for r in rows for c in r.checks))
    return out


def _stand(
    row: Mapping[str, Any],
    *,
    uscc: str,
    held: Mapping[tuple[str, str, int], RecordVersion],
    newest: Mapping[str, int],
    at: datetime,
) -> StandRow:
    kind, data = Kind(row["kind"]), row["data"]
    version = held.get((uscc, str(row.get("record")), _number(row.get("version"))))
    shown = {key: row.get(key) for key in ("kind", "data", "valid_from", "valid_to", "files")}
    same = version is not None and version.sha256 == rules.version_digest(
        record=version.record.public_id,
        number=version.number,
        shown=shown,
        salt=json.loads(version.personal or "{}").get("salt", ""),
    )
    checks = tuple(
        CheckRow(
            source=c.source,
            demo=c.demo,
            agrees=c.outcome == "agrees",
            says=c.says,
            checked_at=c.checked_at,
        )
        for c in (sorted(version.checks.all(), key=lambda c: c.pk) if same and version else [])
        if c.checked_at <= at
    )
    valid_to = version.valid_to if same and version else None
    values = tuple(
        (f.label, (f.codes or {}).get(data[f.name], data[f.name]))
        for f in rules.FIELDS[kind]
        if data.get(f.name) and not f.secret
    )
    return StandRow(
        kind=kind,
        title=rules.title(kind, data),
        values=values,
        valid_to=valid_to,
        files=tuple(str(f.get("name")) for f in row.get("files") or [] if isinstance(f, Mapping)),
        same=same,
        state=rules.state_of(valid_to=valid_to, outcomes=[c.agrees for c in checks], on=beijing_date(at)),
        changed_later=version is not None and newest.get(version.record.public_id, 0) > version.number,
        checks=checks,
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def tied(parties: Iterable[tuple[str, str, str]], *, at: datetime) -> list[rules.Tied]:
    """Return what the registry held by a moment of (bid, name, USCC) for the ties of 条例34."""
    given = list(parties)
    versions = (
        RecordVersion.objects.filter(
            record__organisation__uscc__in={uscc for _, _, uscc in given},
            record__kind__in=[Kind.BASIC.value, Kind.RELATION.value],
            made_at__lte=at,
        )
        .order_by("record_id", "-number")
        .distinct("record_id")
        .select_related("record__organisation")
    )
    heads: dict[str, dict[str, str]] = {}
    ties: dict[str, list[tuple[str, str]]] = {}
    for version in versions:
        uscc = version.record.organisation.uscc
        if version.withdrawn:
            continue
        if version.record.kind == Kind.BASIC:
            heads[uscc] = json.loads(version.personal or "{}")
        elif version.data.get("uscc"):
            ties.setdefault(uscc, []).append((version.data["uscc"], version.data["relation"]))
    return [
        rules.Tied(
            bidder=bid,
            name=name,
            uscc=uscc,
            head=heads.get(uscc, {}).get("legal_representative", ""),
            head_id=heads.get(uscc, {}).get("legal_representative_id", ""),
            ties=tuple(ties.get(uscc, ())),
        )
        for bid, name, uscc in given
    ]


def registered(usccs: Iterable[str]) -> set[str]:
    """Return those of these codes that are registered here."""
    return set(Organisation.objects.filter(uscc__in=set(usccs)).values_list("uscc", flat=True))


@dataclass(frozen=True, kw_only=True)
class OrganisationRow:
    """An organisation as anyone may read it: no person, no account, no relation."""

    organisation: str
    name: str
    uscc: str
    kinds: tuple[str, ...]
    region: str
    records: tuple[RecordRow, ...] = ()

    @property
    def demo(self) -> bool:
        """Say whether an answer shown here is a twin's."""
        return any(row.demo for row in self.records)


def find_organisations(*, words: str = "", kind: str = "", page: int = 1) -> list[OrganisationRow]:
    """Return registered tenderees, agencies and bidders by name or code, twenty at a time (one more tells of more)."""
    rows = Organisation.objects.filter(kinds__overlap=[kind] if kind in _OPEN else _OPEN)
    if words:
        rows = rows.filter(Q(name__icontains=words[:100]) | Q(uscc=words.strip().upper()[:18]))
    start = (max(page, 1) - 1) * 20
    return [_public(o) for o in rows.order_by("name", "pk")[start : start + 21]]


def _public(o: Organisation, records: tuple[RecordRow, ...] = ()) -> OrganisationRow:
    kinds = tuple(Role(k).label for k in o.kinds if k in _OPEN)
    return OrganisationRow(
        organisation=o.public_id, name=o.name, uscc=o.uscc, kinds=kinds, region=o.region_code, records=records
    )


def organisation(*, organisation_id: str, now: datetime) -> OrganisationRow:
    """Return the public part of an organisation.

    :raises NotFound: no such organisation among those that trade here
    """
    found = Organisation.objects.filter(public_id=organisation_id, kinds__overlap=_OPEN).first()
    if found is None:
        raise NotFound("没有这个单位", next_steps=(("查找单位", "/organisations"),))
    on = beijing_date(now)
    rows = tuple(
        _row(v, on=on, personal=False)
        for v in _last_versions(found.pk)
        if not v.withdrawn and Kind(v.record.kind) in rules.PUBLIC
    )
    return _public(found, rows)


def has_records(organisation_pk: int) -> bool:
    """Say whether an organisation has said anything of itself (training data)."""
    return RegistryRecord.objects.filter(organisation_id=organisation_pk).exists()


def checks_of(record_id: str) -> int:
    """Return how many answers of registers are kept for a record."""
    return RecordCheck.objects.filter(version__record__public_id=record_id).count()
