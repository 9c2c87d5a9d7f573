"""Bookmarks 收藏: a list of the workbench that a person keeps under a name. Nobody else sees them."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Bookmark

MOST = 30


@dataclass(frozen=True)
class BookmarkRow:
    """A kept list."""

    bookmark: str
    label: str
    address: str


def bookmarks_of(actor: Actor) -> list[BookmarkRow]:
    """Return what a person kept, in the order in which it was kept."""
    rows = Bookmark.objects.filter(account_id=actor.account_pk).order_by("pk")
    return [BookmarkRow(*row) for row in rows.values_list("public_id", "label", "address")]


def keep(*, label: str, address: str, actor: Actor, now: datetime) -> BookmarkRow:
    """Keep a list of the workbench under a name; the same name again takes the new list.

    :raises BadInput: no name, no list of this site, or too many
    """
    require(actor, Permission.WORKBENCH_READ)
    label = " ".join(label.split())[:40]
    if not label:
        raise BadInput("请给这个列表起个名字", field="label")
    if not address.startswith("/work/") or "\\" in address or len(address) > 500:
        raise BadInput("只能收藏工作台里的列表", field="address")
    known = Bookmark.objects.filter(account_id=actor.account_pk)
    if known.exclude(label=label).count() >= MOST:
        raise BadInput(f"最多收藏{MOST}个列表, 请先取消不用的", field="label")
    made, _ = known.update_or_create(
        label=label, defaults={"address": address, "account_id": actor.account_pk, "kept_at": now}
    )
    return BookmarkRow(made.public_id, made.label, made.address)


def drop(*, bookmark_id: str, actor: Actor) -> None:
    """Drop a kept list; one that is gone already is gone."""
    require(actor, Permission.WORKBENCH_READ)
    Bookmark.objects.filter(account_id=actor.account_pk, public_id=bookmark_id).delete()
