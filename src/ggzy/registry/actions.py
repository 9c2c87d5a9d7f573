"""Acts on records: keep a new version, end a record, ask the registers (by a clock, never in the request)."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.registry import ports, rules
from ggzy.registry.models import RecordCheck, RecordVersion, RegistryRecord
from ggzy.registry.rules import Kind

VERIFY = "registry.verify"
ASK_AGAIN = timedelta(minutes=30)
MOST_FILE = 20 << 20
MOST_FILES = 10


@transaction.atomic
def keep_record(
    *,
    kind: Kind,
    values: Mapping[str, Any],
    attached: Sequence[tuple[str, bytes]] = (),
    record_id: str = "",
    actor: Actor,
    now: datetime,
) -> RecordVersion:
    """Keep a record of the actor's organisation, or a new version of one; good at once, nobody approves it.

    Files of the version before stay with it unless new ones come. The registers are asked afterwards, by a clock.

    :raises NotPermitted: not a tenderee, agency or bidder
    :raises NotFound: no such record of this organisation
    :raises BadInput: a value that cannot be right
    :raises RecordEnded: the record was withdrawn
    :raises NothingChanged: the same values and files as before
    """
    require(actor, Permission.REGISTRY_KEEP)
    organisation = Organisation.objects.select_for_update().get(pk=actor.organisation_pk)
    record, last = _record(kind, record_id, organisation)
    before = json.loads(last.personal) if last and last.personal else {}
    said = rules.read(kind, values, keep=before)
    kept = _files(attached) or (last.files if last else [])
    salt = os.urandom(32).hex()
    if last and (last.data, {k: v for k, v in before.items() if k != "salt"}) == (said.data, said.personal):
        same_time = (last.valid_from, last.valid_to) == (said.valid_from, said.valid_to)
        if same_time and last.files == kept:
            raise rules.NothingChanged("内容与上一版相同, 没有需要保存的变更")
    if record is None:
        record = RegistryRecord.objects.create(organisation=organisation, kind=kind.value, made_at=now)
    number = last.number + 1 if last else 1
    shown = rules.shown_in_snapshot(kind=kind, said=said, files=kept)
    version = RecordVersion.objects.create(
        record=record,
        number=number,
        data=said.data,
        personal=json.dumps({**said.personal, "salt": salt}, ensure_ascii=False),
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        files=kept,
        sha256=rules.version_digest(record=record.public_id, number=number, shown=shown, salt=salt),
        made_at=now,
    )
    if kind in _QUESTIONS:
        set_timer(kind=VERIFY, subject=version.public_id, due_at=now)
    _recorded("registry.kept", version, actor=actor, now=now)
    return version


def _record(
    kind: Kind, record_id: str, organisation: Organisation
) -> tuple[RegistryRecord | None, RecordVersion | None]:
    """Return the record to be changed and its last version; for basic data the only one there may be."""
    rows = RegistryRecord.objects.filter(organisation=organisation, kind=kind.value)
    if record_id:
        record = rows.filter(public_id=record_id).first()
        if record is None:
            raise NotFound("本单位没有这条登记信息", next_steps=(("主体库", "/work/registry"),))
    else:
        record = rows.first() if kind is Kind.BASIC else None
    last = record.versions.order_by("-number").first() if record else None
    if last and last.withdrawn:
        raise rules.RecordEnded(
            "这条登记信息已停用, 请新增一条", next_steps=(("新增", f"/work/registry/{kind.value}/new"),)
        )
    return record, last


def _files(attached: Sequence[tuple[str, bytes]]) -> list[dict[str, Any]]:
    if len(attached) > MOST_FILES:
        raise BadInput(f"一条登记信息最多{MOST_FILES}个文件", field="files")
    for name, data in attached:
        if not data or len(data) > MOST_FILE:
            raise BadInput(f"文件“{name}”为空或超过20MB, 请重新选择", field="files")
        if len(name) > 200:
            raise BadInput("文件名不超过200字", field="files")
    return [{"name": name, "sha256": files.keep(data), "size": len(data)} for name, data in attached]


@transaction.atomic
def end_record(*, record_id: str, actor: Actor, now: datetime) -> RecordVersion:
    """Withdraw a record: a last version says so, the earlier ones stay. A second time changes nothing.

    :raises NotFound: no such record of this organisation
    """
    require(actor, Permission.REGISTRY_KEEP)
    record = (
        RegistryRecord.objects.select_for_update()
        .filter(public_id=record_id, organisation_id=actor.organisation_pk)
        .first()
    )
    last = record.versions.order_by("-number").first() if record else None
    if record is None or last is None:
        raise NotFound("本单位没有这条登记信息", next_steps=(("主体库", "/work/registry"),))
    if last.withdrawn:
        return last
    version = RecordVersion.objects.create(
        record=record,
        number=last.number + 1,
        data=last.data,
        personal=last.personal,
        valid_from=last.valid_from,
        valid_to=last.valid_to,
        files=last.files,
        sha256=last.sha256,
        withdrawn=True,
        made_at=now,
    )
    _recorded("registry.ended", version, actor=actor, now=now)
    return version


def _recorded(act: str, version: RecordVersion, *, actor: Actor, now: datetime) -> None:
    """Write the act with the hash only: neither values nor names leave the registry by the log."""
    record_act(
        act,
        subject=version.record.public_id,
        actor=actor,
        legal_at=now,
        public={"kind": version.record.kind, "version": version.number, "version_sha256": version.sha256},
    )


def _questions_of(version: RecordVersion) -> list[tuple[str, Any]]:
    organisation = version.record.organisation
    uscc, data = organisation.uscc, version.data
    personal = json.loads(version.personal) if version.personal else {}
    match Kind(version.record.kind):
        case Kind.BASIC:
            return [
                ("licence", ports.LicenceQuestion(uscc=uscc, name=organisation.name)),
                ("credit", ports.CreditQuestion(uscc=uscc)),
            ]
        case Kind.QUALIFICATION | Kind.LICENCE:
            question = ports.QualificationQuestion(
                uscc=uscc, code=data["code"], number=data["number"], valid_to=version.valid_to
            )
            return [("qualification", question)]
        case Kind.PERSON:
            asked = ports.PersonQuestion(
                uscc=uscc,
                name=personal.get("name", ""),
                certificate=data["certificate"],
                specialty=data["specialty"],
            )
            return [("person", asked)]
        case _:
            return []


#: kinds for which there is a register to ask; the others are what the organisation says, with its files
_QUESTIONS = frozenset({Kind.BASIC, Kind.QUALIFICATION, Kind.LICENCE, Kind.PERSON})


def registers() -> ports.Registers | None:
    """Return the registers this centre is connected with, None if it has none (records stay 待核验)."""
    path = settings.REGISTERS
    made: ports.Registers | None = import_string(path)() if path else None
    return made


@effect(VERIFY)
def verify(subject: str, now: datetime) -> datetime | None:
    """Ask the registers about one version and keep each answer; a register that is silent is asked again later."""
    version = RecordVersion.objects.select_related("record__organisation").filter(public_id=subject).first()
    connected = registers()
    if version is None or connected is None or version.checks.exists():
        return None
    try:
        answers = [(name, getattr(connected, name)(question)) for name, question in _questions_of(version)]
    except ports.RegisterUnavailable:
        return now + ASK_AGAIN
    for name, answer in answers:
        RecordCheck.objects.create(
            version=version,
            register=name,
            source=answer.source,
            demo=answer.demo,
            outcome="agrees" if answer.agrees else "differs",
            says=answer.says[:300],
            checked_at=now,
        )
    _recorded("registry.checked", version, actor=SYSTEM, now=now)
    return None
