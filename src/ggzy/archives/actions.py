"""Asking for a package, making it in the background, handing the archive over."""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from ggzy.archives import bag, collecting, rules
from ggzy.archives.check import check_files, is_defect
from ggzy.archives.models import HandOver, Package
from ggzy.bidding.models import Bid
from ggzy.complaints.queries import why_disputed
from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel import calendars, files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound, NotPermitted, Refusal
from ggzy.objections.challenges import result_announced
from ggzy.objections.rules import result_challenge_ends
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
    require_tenderee,
)
from ggzy.tendering.stamps import law_of

#: stages at which nothing more comes, so that an archive can be packed
PACKED_FROM = frozenset(
    {Stage.PERFORMING, Stage.ARCHIVED, Stage.FAILED, Stage.CANCELLED, Stage.STOPPED, Stage.TERMINATED}
)
_CLERK = Actor(role=Role.SYSTEM)
_TIMER = "make_package"
#: a round that ended before a contract is handed over as it stands; no move is left to make
ENDED = frozenset({Stage.FAILED, Stage.CANCELLED, Stage.STOPPED, Stage.TERMINATED})
#: how long the job waits for the log to cover the last act before it looks again
_PAUSE = timedelta(seconds=1)


class TooEarlyToPack(Refusal):
    """The round is still running."""

    code = "archives.too_early"
    basis = rules.BASIS


class NothingToTakeYet(Refusal):
    """A bidder's pack exists from the opening on; the answer is the same whoever asks."""

    code = "archives.nothing_yet"


class HandedOverAlready(Refusal):
    """The archive of this round was taken over before."""

    code = "archives.handed_over_already"


def packed_from(round_: Round) -> bool:
    """Say whether nothing more comes in a round: it is performed, or over, or rests with a result of several."""
    return round_.stage in PACKED_FROM or procedure_of(round_).has(round_.stage, "archive")


@transaction.atomic
def ask_archive(*, round_id: str, actor: Actor, now: datetime) -> Package:
    """Have the archive of a round packed; while one is being made, that one is returned.

    :raises NotPermitted: neither the owner side nor the centre
    :raises TooEarlyToPack: the round is still running
    """
    require(actor, Permission.ARCHIVE_MAKE)
    round_ = lock_round(round_id)
    if actor.role is not Role.CENTRE:
        require_owner_side(round_.lot.tender, actor)
    if not packed_from(round_):
        raise TooEarlyToPack("本标段还在进行, 开始履约、流标或终止以后才能归档打包")
    return _ask(round_, reader=Package.ARCHIVE, organisation=None, actor=actor, now=now)


@transaction.atomic
def ask_pack(*, round_id: str, actor: Actor, now: datetime) -> Package:
    """Have a dispute pack made at the actor's own level; while one is being made, that one is returned.

    :raises NotPermitted: not a party of this round
    :raises NothingToTakeYet: a bidder asks before the opening
    :raises TooEarlyToPack: the centre asks for its copy while the round runs
    """
    require(actor, Permission.PACK_TAKE)
    round_ = lock_round(round_id)
    if round_.published_at is None:
        raise NotFound("没有这个标段轮次, 或尚未发布公告")
    if actor.role is Role.SUPERVISOR:
        return _ask(round_, reader=Package.SUPERVISOR, organisation=None, actor=actor, now=now)
    if actor.role is Role.CENTRE:
        if not packed_from(round_):
            raise TooEarlyToPack("本标段还在进行, 开始履约、流标或终止以后, 中心才能制作存档副本")
        return _ask(round_, reader=Package.OWNER, organisation=None, actor=actor, now=now)
    if actor.role is Role.BIDDER:
        _require_took_part(round_, actor)
        reader, whose = Package.BIDDER, actor.organisation_pk
    else:
        require_owner_side(round_.lot.tender, actor)
        reader, whose = Package.OWNER, actor.organisation_pk
    return _ask(round_, reader=reader, organisation=whose, actor=actor, now=now)


def _require_took_part(round_: Round, actor: Actor) -> None:
    over = round_.stage in ENDED
    if not over and collecting.shown_opening(round_.pk) is None:
        raise NothingToTakeYet("唱标以后, 或者本轮结束以后, 才能取得本单位的证据包")
    if not Bid.objects.filter(round=round_, bidder_id=actor.organisation_pk).exists():
        raise NotPermitted("证据包由本标段的投标人、招标人、代理机构和监督部门取得")


def _ask(round_: Round, *, reader: str, organisation: int | None, actor: Actor, now: datetime) -> Package:
    running = Package.objects.filter(round=round_, reader=reader, organisation_id=organisation)
    found = running.exclude(state=Package.READY).first()
    if found is not None:
        return found
    opened = collecting.shown_opening(round_.pk) is not None
    package = Package.objects.create(
        round=round_,
        reader=reader,
        organisation_id=organisation,
        account_id=actor.account_pk,
        level=rules.level_of(reader=reader, opened=opened),
        state=Package.WAITING,
        asked_at=now,
        region_code=round_.region_code,
    )
    _record(
        "archives.asked", package, actor=actor, now=now, supervisor={"reader": reader, "level": package.level}
    )
    set_timer(kind=_TIMER, subject=package.public_id, due_at=now)
    return package


def _record(act: str, package: Package, *, actor: Actor, now: datetime, **levels: Any) -> None:
    """Record an act on a package; in a round that was never opened a bidder's stays in escrow, or it would name one."""
    hidden = package.reader == Package.BIDDER and collecting.shown_opening(package.round.pk) is None
    record_act(
        act,
        subject=package.public_id,
        actor=actor,
        legal_at=now,
        **place_of(package.round),
        escrowed=hidden,
        **levels,
    )


def _draft(package: Package) -> Path:
    folder: Path = settings.FILES / "packages" / f"{package.public_id}.draft"
    return folder


@effect(_TIMER)
def make_package(subject: str, now: datetime) -> datetime | None:
    """Take the next step of making a package; each is one transaction and begins anew after a crash."""
    package = (
        Package.objects.select_for_update(of=("self",))
        .select_related(
            "round__lot__tender__tenderee", "round__lot__tender__agency", "round__lot__tender__project"
        )
        .get(public_id=subject)
    )
    if package.state == Package.READY:
        return None
    if package.state == Package.WAITING or not _draft(package).is_dir():
        return _collect(package, now)
    return _finish(package, now)


def _collect(package: Package, now: datetime) -> datetime:
    pack = collecting.evidence_of(package)
    if pack["pending"]:
        return now + _PAUSE  # the sequencer has not placed the last act yet
    draft = _draft(package)
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "data").mkdir(parents=True)
    collecting.collect(package, pack, draft, now=now)
    collecting.seal(package, draft, now=now)
    round_ = package.round
    package.acts = collecting.acts_in_log(ocid=round_.lot.tender.ocid, round_id=round_.public_id)
    package.state = Package.COLLECTED
    package.save(update_fields=["acts", "state"])
    return now


def _finish(package: Package, now: datetime) -> None:
    draft = _draft(package)
    payload = bag.Folder(draft)
    found = check_files(payload)
    target = draft.with_suffix(".zip")
    bag.pack(draft, target, name=f"archive-{package.public_id}")
    with target.open("rb") as made:
        os.fsync(made.fileno())
    package.size, package.files = target.stat().st_size, len(payload.names())
    package.digest, _ = bag.digest(bag.Folder(target.parent), target.name)
    files.keep_file(target, package.digest)
    shutil.rmtree(draft)
    package.findings = [
        {"name": f.name, "title": f.title_zh, "outcome": f.outcome, "detail": f.detail_zh}
        for f in found
        if is_defect(f)
    ]
    package.counts = rules.by_nature((f.name, f.outcome) for f in found)
    package.missing = [f.title_zh for f in found if f.name.startswith("integrity.item.")]
    package.state, package.made_at = Package.READY, now
    package.save()
    _record(
        "archives.made",
        package,
        actor=_CLERK,
        now=now,
        public={"package_sha256": package.digest, "size": package.size},
        supervisor={"reader": package.reader, "level": package.level},
    )


def list_of(package: Package, *, retention: rules.Retention) -> dict[str, Any]:
    """Return the hand-over list of a package: what the tenderee signs."""
    round_ = package.round
    return {
        "document": "电子档案移交清单",
        "ocid": round_.lot.tender.ocid,
        "round": round_.public_id,
        "tender": round_.lot.tender.name,
        "lot": round_.lot.name,
        "package": package.public_id,
        "package_sha256": package.digest,
        "size": package.size,
        "files": package.files,
        "retention": retention.value,
        "test": package.counts,
    }


def _handed(round_: Round) -> Package | None:
    rows = Package.objects.filter(round=round_, reader=Package.ARCHIVE).select_related("round__lot__tender")
    return rows.order_by("-pk").first()


def _require_may(round_: Round, actor: Actor) -> Package:
    require_tenderee(round_.lot.tender, actor)
    if round_.stage not in ENDED:
        require_move(round_, "archive", actor=actor)
    elif HandOver.objects.filter(package__round=round_).exists():
        raise HandedOverAlready("本轮的电子档案已经移交, 不需要再次签署")
    package = _handed(round_)
    rules.require_may_hand_over(
        ready=package is not None and package.state == Package.READY,
        failed=len(package.findings) if package else 0,
        missing=package.missing if package else [],
        acts_in=package.acts if package else 0,
        acts_now=collecting.acts_in_log(ocid=round_.lot.tender.ocid, round_id=round_.public_id),
    )
    assert package is not None, "nothing but a ready package passes"
    return package


def _require_unchallengeable(round_: Round, *, now: datetime) -> None:
    """Let a round be closed for good whose result nobody may challenge any more: there is no contract to wait for.

    :raises TooEarlyToPack: the days to challenge the result still run, or those to complain, or a complaint waits
    """
    ends = result_challenge_ends(
        announced_at=result_announced(round_), law=law_of(round_), calendar=calendars.CHINA
    )
    if now < ends.instant:
        raise TooEarlyToPack(f"对结果提出质疑的期限尚未届满({ends.arithmetic}), 期满后才能移交归档")
    if why := why_disputed(round_, now=now):
        raise TooEarlyToPack(f"{why}, 之后才能移交归档")


@transaction.atomic
def hand_over_to_sign(*, round_id: str, retention: str, actor: Actor) -> bytes:
    """Return the hand-over list to sign, under the same conditions as the act itself.

    :raises Refusal: as `hand_over`
    """
    require(actor, Permission.ARCHIVE_HAND_OVER, signed=True)
    package = _require_may(lock_round(round_id), actor)
    return canonical(list_of(package, retention=rules.retention(retention)))


@transaction.atomic
def hand_over(*, round_id: str, retention: str, signature: str, actor: Actor, now: datetime) -> HandOver:
    """Take the archive over with a signature on its list: PERFORMING → ARCHIVED; a round that ended stays as it is.

    :raises NotPermitted: not the tenderee itself
    :raises HandedOverAlready: it was taken over before
    :raises NotReady: there is no finished package
    :raises TooEarlyToPack: the result of several suppliers may still be challenged or complained of
    :raises TestFailed: the four-nature test found something, or an item is missing
    :raises PackageStale: the log knows more than the package
    :raises SignatureWrong: the signature is not on this list
    """
    require(actor, Permission.ARCHIVE_HAND_OVER, signed=True)
    round_ = lock_round(round_id)
    package = _require_may(round_, actor)
    if procedure_of(round_).several and round_.stage not in ENDED:
        _require_unchallengeable(round_, now=now)
    kept = rules.retention(retention)
    said = list_of(package, retention=kept)
    signed = sign_document(
        kind="archive_handover",
        subject=package.public_id,
        document=canonical(said),
        signature=signature,
        actor=actor,
        now=now,
    )
    if round_.stage not in ENDED:
        make_move(round_, "archive", actor=actor, now=now)
    made = HandOver.objects.create(
        package=package,
        retention=kept.value,
        list=said,
        signature=signed,
        handed_over_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "archives.handed_over",
        subject=package.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"package_sha256": package.digest, "retention": kept.value, "list": said},
    )
    return made
