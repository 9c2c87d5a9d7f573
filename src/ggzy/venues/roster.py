"""Who is on the roster of hosts and witnesses."""

from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput
from ggzy.parties.grid import Permission, require
from ggzy.parties.queries import accounts_of_role
from ggzy.venues.actions import lock_staff
from ggzy.venues.conflicts import SlotTaken
from ggzy.venues.models import Duty, Staff
from ggzy.venues.queries import said_span


@transaction.atomic
def take_on(*, name: str, role: str, username: str, many: bool, actor: Actor, now: datetime) -> Staff:
    """Put somebody on the roster of hosts and witnesses.

    :raises BadInput: no name, no such role, or no such account
    """
    require(actor, Permission.STAFF_MANAGE)
    name = name.strip()
    if not name or len(name) > 50:
        raise BadInput("请填写姓名, 不超过50字", field="name")
    if role not in {Staff.HOST, Staff.WITNESS}:
        raise BadInput("岗位应为开评标服务人员或见证员", field="role")
    if many and role != Staff.WITNESS:
        raise BadInput("只有见证员可以一人多标", field="many")
    account = next((a for a in accounts_of_role(Role.CENTRE) if a.username == username.strip()), None)
    if username.strip() and account is None:
        raise BadInput("没有这个中心账号, 请核对用户名, 或留空", field="username")
    made = Staff.objects.create(name=name, role=role, account=account, many=many)
    record_act(
        "venues.staff_taken_on",
        subject=made.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"role": role, "many": many},
    )
    return made


@transaction.atomic
def retire(*, staff_id: str, actor: Actor, now: datetime) -> Staff:
    """Take somebody off the roster; who still has a duty ahead stays until it is given to another.

    :raises SlotTaken: a duty lies ahead
    """
    require(actor, Permission.STAFF_MANAGE)
    (row,) = lock_staff([staff_id])
    ahead = (
        Duty.objects.filter(staff=row, live=True, booking__ends_at__gt=now).select_related("booking").first()
    )
    if ahead is not None:
        raise SlotTaken(
            f"{row.name}还有{said_span(ahead.booking.starts_at, ahead.booking.ends_at)}的场次, 请先改派他人",
            next_steps=(("查看该场次", f"/work/rooms/bookings/{ahead.booking.public_id}"),),
        )
    row.active = False
    row.save(update_fields=["active"])
    record_act("venues.staff_retired", subject=row.public_id, actor=actor, legal_at=now)
    return row
