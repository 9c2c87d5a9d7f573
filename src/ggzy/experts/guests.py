"""Experts of other pools at the check-in: who they are is opened after the opening, against what their own pool gave them.

A guest gets a stand-in in this platform, which no list draws from, binds a certificate to it as everybody does, and
checks in. What is kept of them is a name and an employer, and after a time not even that.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.experts import rules
from ggzy.experts.borrowing import PoolNotThere, source_of
from ggzy.experts.locking import DrawNotNow, lock_draw, record
from ggzy.experts.models import Candidate, Draw, Expert
from ggzy.experts.ports import Opened, SourceRefused, SourceUnavailable
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.opening.queries import bidders_of_rounds, not_yet_opened
from ggzy.parties.actions import keep_person, open_account
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account

MASK = "experts.mask_guest"
#: how much of a label somebody must type: enough to be one among all that agreed to come
LEAST_LABEL = 8


class NotOurGuest(PoolNotThere):
    """The other pool does not open this label to this token, or opens another one."""

    code = "experts.not_our_guest"
    status = 409


def arrive(*, label: str, token: str, username: str, password: str, actor: Actor, now: datetime) -> Account:
    """Open an account for an expert of another pool who has agreed to come, once the bids are opened. Again: the same one.

    Their pool is asked who the label is, against the token; salt and id prove the label, or nobody is let in.

    :raises NotFound: nobody of another pool has agreed to come under this label
    :raises DrawNotNow: the bids are not opened yet, or somebody else took the place
    :raises PoolNotThere: the pool does not answer
    :raises NotOurGuest: it says no, or opens somebody else
    """
    require(actor, Permission.PARTY_REGISTER)
    found = _expected(label)
    rounds = list(found.draw.rounds.all())
    if not_yet_opened(rounds):
        raise DrawNotNow("开标结束后才能核对身份和签到, 请在开标后再来")
    if found.expert is not None:
        if found.expert.account.username == username.strip():
            return found.expert.account
        raise DrawNotNow("这个编号已经开通账号, 请直接登录", next_steps=(("登录", "/login"),))
    if not token.strip():
        raise BadInput("请填写同意参加后收到的签到凭证", field="token")
    who = _opened(
        found, token=token.strip(), bidders=[b.uscc for b in bidders_of_rounds([r.pk for r in rounds])]
    )
    return _stand_in(found, who, username=username, password=password, actor=actor, now=now)


def _expected(label: str) -> Candidate:
    label = label.strip().lower()
    rows = Candidate.objects.filter(
        loan__isnull=False,
        state=Candidate.ACCEPTED,
        label__startswith=label,
        draw__state__in=[Draw.CALLING, Draw.CONFIRMED, Draw.SEATED],
    ).select_related("draw__tender", "loan__agreement", "loan__draw__tender", "expert__account")
    found = list(rows[:2]) if len(label) >= LEAST_LABEL and label.isalnum() else []
    if len(found) != 1:
        raise NotFound("没有这个编号的共享专家同意参加评标, 请核对编号的前8位或者更多位")
    return found[0]


def _opened(found: Candidate, *, token: str, bidders: list[str]) -> Opened:
    assert found.loan is not None, "a guest comes with a loan"
    try:
        who = source_of(found.loan).identify(
            lent=found.loan.lent, label=found.label, token=token, bidders=bidders
        )
    except SourceRefused as no:
        raise NotOurGuest(f"{found.loan.name}不确认这位专家: {no}", field="token") from None
    except SourceUnavailable as trouble:
        raise PoolNotThere(
            f"{found.loan.name}暂时没有答复({trouble}), 身份没有核对成功, 请稍后再试或者请中心工作人员联系对方"
        ) from None
    if not rules.proves(salt=who.salt, expert=who.expert, label=found.label) or not who.name.strip():
        raise NotOurGuest(
            f"{found.loan.name}打开的不是这个编号, 不能签到, 请中心工作人员联系对方核实", field="label"
        )
    return who


@transaction.atomic
def _stand_in(
    found: Candidate, who: Opened, *, username: str, password: str, actor: Actor, now: datetime
) -> Account:
    draw = lock_draw(found.draw.public_id)
    mine = draw.candidates.select_related("expert__account").get(pk=found.pk)
    if mine.expert is not None or mine.state != Candidate.ACCEPTED:
        raise DrawNotNow("这个编号已经开通账号或者不再参加, 请与中心工作人员联系")
    known = Expert.objects.select_related("account__person").filter(public_id=who.expert).first()
    if known is not None and (known.active or known.account.username != username.strip()):
        raise NotOurGuest(
            "这位专家在本平台已有账号: 请填写上次使用的用户名, 本中心专家库的专家不作为共享专家签到"
        )
    mine.expert = known or _new_guest(who, username=username, password=password)
    account = mine.expert.account
    mine.salt, mine.avoids = who.salt, who.avoids[:200]
    mine.save(update_fields=["expert", "salt", "avoids"])
    record(draw, "experts.guest_identified", actor, now, {"label": mine.label})
    set_timer(kind=MASK, subject=account.public_id, due_at=now + timedelta(days=settings.GUEST_DAYS))
    return account


def _new_guest(who: Opened, *, username: str, password: str) -> Expert:
    if not who.expert or len(who.expert) > 32:
        raise NotOurGuest("出借方给出的专家号不正确, 请中心工作人员联系对方")
    account = open_account(
        username=username, password=password, person_name=who.name, role=Role.EXPERT, organisation=None
    )
    # the pool's own id: with the salt it proves the label to whom a rule lets look
    return Expert.objects.create(
        public_id=who.expert,
        account=account,
        specialties=[],
        employer_uscc=who.employer_uscc[:18],
        employer_name=who.employer_name,
        active=False,
    )


@effect(MASK)
def mask_guest(account_id: str, now: datetime) -> datetime | None:
    """Keep of a guest no more than the first character of the name; the account signs in no more."""
    account = (
        Account.objects.select_for_update(of=("self",)).select_related("person").get(public_id=account_id)
    )
    name = account.person.name
    keep_person(account.person, name=name[:1] + "*" * max(1, len(name) - 1))
    account.active = False
    account.save(update_fields=["active"])
    Expert.objects.filter(account=account).update(employer_name="", employer_uscc="")
    record_act("experts.guest_masked", subject=account.public_id, actor=SYSTEM, legal_at=now)
    return None
