"""Judgements of an opening: may it open, who is accounted how, may prices be shown, may it end. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ggzy.kernel.refusals import Citation, Refusal
from ggzy.methods.explain import parameter_in_words
from ggzy.methods.run import Scheme, Value, draw, randomness_of

FINAL = frozenset({"opened", "revoked", "withdrawn"})
#: who must decrypt in time, and what follows if nobody does
IN_TIME = Citation("电子招标投标办法", "第三十一条")


class TooEarlyToOpen(Refusal):
    """The deadline has not passed; checked before the count, or the refusal would tell it."""

    code = "opening.too_early"
    basis = Citation("招标投标法", "第三十四条")


class TooFewBids(Refusal):
    """Fewer than the procedure requires."""

    code = "opening.too_few_bids"
    basis = Citation("招标投标法实施条例", "第四十四条")


class WindowClosed(Refusal):
    """The time for releasing keys is over."""

    code = "opening.window_closed"
    basis = IN_TIME


class CannotEndYet(Refusal):
    """Something of the opening is not finished."""

    code = "opening.cannot_end_yet"


class NotOpening(Refusal):
    """No opening of this round is under way."""

    code = "opening.not_under_way"


class SecondNotYet(Refusal):
    """The second envelopes may not be opened yet, or their opening not be told for so soon."""

    code = "opening.second_not_yet"


class CheckInNotNow(Refusal):
    """Checking in is not open yet, or over."""

    code = "opening.check_in_not_now"


#: from when on before the deadline bidders may check in
CHECK_IN_BEFORE = timedelta(hours=2)


def require_may_check_in(*, deadline: datetime | None, over: bool, now: datetime) -> None:
    """Let a check-in pass from two hours before the deadline until prices are shown.

    :raises CheckInNotNow: too early, or too late
    """
    if over:
        raise CheckInNotNow("签到在唱标前办理, 现在已经唱标或流标; 交出密钥和确认开标记录同样记入开标签到表")
    if deadline is None or now < deadline - CHECK_IN_BEFORE:
        hours = int(CHECK_IN_BEFORE.total_seconds() // 3600)
        raise CheckInNotNow(f"投标截止前{hours}小时起可以签到, 请届时再来; 不签到不影响投标")


@dataclass(frozen=True, kw_only=True)
class OpeningFacts:
    """What decides whether a round may be opened."""

    deadline: datetime
    sealed_bids: int
    minimum_bids: int


def require_may_open(facts: OpeningFacts, *, now: datetime) -> None:
    """Let an opening pass after the deadline and with enough bids.

    :raises TooEarlyToOpen: before the deadline, whatever the count
    :raises TooFewBids: fewer bids than the procedure requires
    """
    if now < facts.deadline:
        raise TooEarlyToOpen("投标截止时间未到, 不能开标; 开标在投标截止的同一时刻公开进行")
    if facts.sealed_bids < facts.minimum_bids:
        raise TooFewBids(f"投标人少于{facts.minimum_bids}个, 不得开标, 应当重新招标")


def window_after_pause(
    *, window_ends_at: datetime, paused_at: datetime, resumed_at: datetime, remedy: timedelta
) -> datetime:
    """Return when the decryption window ends after an interruption: what was left of it, and the file's remedy.

    An interruption is nobody's time: a window of which twelve minutes were left has twelve minutes left.
    """
    left = max(window_ends_at - paused_at, timedelta(0))
    return resumed_at + left + remedy


#: by how much the opening of second envelopes is told before it begins
NOTICE_OF_SECOND = timedelta(minutes=30)


def require_told_early(*, opens_at: datetime, now: datetime) -> None:
    """Let a moment pass for which everybody has time to come.

    :raises SecondNotYet: it is too soon
    """
    if opens_at < now + NOTICE_OF_SECOND:
        minutes = int(NOTICE_OF_SECOND.total_seconds() // 60)
        raise SecondNotYet(f"第二信封开标应至少提前{minutes}分钟通知全体投标人, 请另定较晚的时间")


def require_may_open_second(*, opens_at: datetime | None, now: datetime) -> None:
    """Let second envelopes be opened at the moment that was told to all, or later.

    :raises SecondNotYet: no moment was told, or it has not come
    """
    if opens_at is None:
        raise SecondNotYet("第二信封的开标时间还没有通知, 请先确定时间并发出通知")
    if now < opens_at:
        raise SecondNotYet("通知的第二信封开标时间未到, 不能提前开启")


def may_show_prices(states: Sequence[str], *, window_ended: bool) -> bool:
    """Say whether prices may be shown: every key is released or out of time, so nobody can choose any more.

    A released bid that is still being decrypted holds nobody up: its key is committed, it is shown when it is open.
    """
    return window_ended or not any(state == "waiting" for state in states)


def all_settled(states: Sequence[str]) -> bool:
    """Say whether every bid is opened or accounted for."""
    return all(state in FINAL for state in states)


def require_may_end(*, settled: bool, open_objections: int, opened: int) -> None:
    """Let an opening end that has been read out, whose objections are answered and which opened something.

    :raises CannotEndYet: one of these is missing; the sentence says which
    """
    if not settled:
        raise CannotEndYet("还有投标文件在等待解密, 全部解密或解密时限届满并唱标后才能结束开标")
    if open_objections:
        raise CannotEndYet(
            f"还有{open_objections}条开标异议未答复, 当场答复并记录后才能结束开标",
            basis=Citation("招标投标法实施条例", "第四十四条"),
        )
    if opened < 1:
        raise CannotEndYet("没有一份投标文件成功解密, 不能按正常程序结束开标, 请办理重新招标")


def require_nothing_opened(*, settled: bool, open_objections: int, opened: int) -> None:
    """Let an opening fail in which every bid is settled and none was opened.

    :raises CannotEndYet: keys are still awaited, a bid was opened, or an objection is not answered
    """
    if not settled:
        raise CannotEndYet("还有投标文件在等待解密, 全部处理后才能认定")
    if opened:
        raise CannotEndYet(f"有{opened}份投标文件开启成功, 应当继续开标, 不能以此为由重新招标")
    if open_objections:
        raise CannotEndYet(
            f"还有{open_objections}条开标异议未答复, 当场答复并记录后才能办理",
            basis=Citation("招标投标法实施条例", "第四十四条"),
        )


def drawn_parameters(scheme: Scheme, *, salts: Sequence[str], round_id: str) -> dict[str, Value]:
    """Return the parameters of a method that an opening draws: from the opened bids' price salts and the round's id.

    The salts were committed to before the deadline and are public from the reading-out on, so anyone can draw again.
    """
    return draw(scheme.method, randomness=randomness_of(salts), code=bytes.fromhex(round_id))


def drawn_in_words(scheme: Scheme, drawn: Mapping[str, Value]) -> list[dict[str, Any]]:
    """Return drawn parameters as the opening record keeps them: name, title, value (as text, and as said) and range."""
    return [
        {
            "name": parameter.name,
            "title": parameter.title,
            "value": [str(v) for v in value] if isinstance(value, tuple) else str(value),
            "said": parameter_in_words(parameter, value),
            "range": parameter_in_words(parameter, None),
        }
        for parameter in scheme.method.parameters
        if (value := drawn.get(parameter.name)) is not None
    ]
