"""Template words: moments in Beijing time, money with its unit, badges, the timeline of clocks."""

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ggzy.kernel.actors import Role
from ggzy.kernel.clock import BEIJING
from ggzy.law.families import Family, family
from ggzy.procedures.spec import STAGE_LABELS, Stage
from ggzy.ui import words
from ggzy.ui.icons import PATHS

register = template.Library()

#: the pieces of a name of code, each with the joint that ends it
_JOINTS = re.compile(r"[^./:_]*[./:_]+|[^./:_]+")

_TONES = {
    Stage.OPEN_FOR_BID: "live",
    Stage.OPENING: "live",
    Stage.EVALUATING: "busy",
    Stage.CAND_PUB: "live",
    Stage.CONTRACTED: "good",
    Stage.NOTIFIED: "good",
    Stage.AWARDED: "good",
    Stage.QUAL: "busy",
    Stage.CONFIRMED: "good",
    Stage.ANNOUNCED: "good",
    Stage.PUBLISHED: "good",
    Stage.CANCELLED: "bad",
    Stage.STOPPED: "bad",
    Stage.CHANGED: "bad",
    Stage.PUBLICITY: "live",
    Stage.REARGUE: "busy",
    Stage.APPROVAL: "busy",
    Stage.RECORDED: "good",
    Stage.ANNOUNCE: "live",
    Stage.JOINED: "good",
    Stage.REJECTED: "bad",
    Stage.ACTIVE: "live",
    Stage.SUPPLEMENT: "busy",
    Stage.MINI_BID: "live",
    Stage.TURN: "live",
    Stage.DEALT: "good",
    Stage.FAILED: "bad",
    Stage.TERMINATED: "bad",
    Stage.PQ_OPEN: "live",
    Stage.PQ_REVIEW: "busy",
    Stage.PQ_DONE: "good",
    Stage.PQ_FAILED: "bad",
    Stage.IV_SENT: "live",
    Stage.IV_DONE: "good",
    Stage.IV_FAILED: "bad",
    Stage.TS1_OPEN: "live",
    Stage.TS1_REVIEW: "busy",
    Stage.TS2_OPEN: "live",
    Stage.TS_DONE: "good",
    Stage.TS_FAILED: "bad",
}


def _aware(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(BEIJING) if isinstance(value, datetime) else None


@register.filter
def moment(value: Any) -> str:
    """Return 2026-03-02 09:30 in Beijing time, "—" when there is none."""
    found = _aware(value)
    return f"{found:%Y-%m-%d %H:%M}" if found else "—"


@register.filter
def moment_exact(value: Any) -> str:
    """Return the moment with seconds."""
    found = _aware(value)
    return f"{found:%Y-%m-%d %H:%M:%S}" if found else "—"


@register.filter
def clock(value: Any) -> str:
    """Return the time of day alone, 09:30."""
    found = _aware(value)
    return f"{found:%H:%M}" if found else "—"


@register.filter
def clock_exact(value: Any) -> str:
    """Return the time of day with seconds, 09:30:05, "" when there is none."""
    found = _aware(value)
    return f"{found:%H:%M:%S}" if found else ""


@register.filter
def span(value: Any) -> str:
    """Return seconds as people say them: 42秒, 5分钟, 2小时5分钟."""
    seconds = int(value or 0)
    if seconds < 60:
        return f"{seconds}秒"
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 48:
        return f"{hours // 24}天"
    return f"{hours}小时{minutes}分钟" if hours else f"{minutes}分钟"


@register.filter
def service_time(value: Any) -> str:
    """Return service minutes as people say them: 40分钟, 1小时, 3个工作日 (eight hours each)."""
    minutes = int(value or 0)
    if minutes >= 480 and minutes % 480 == 0:
        return f"{minutes // 480}个工作日"
    hours, rest = divmod(minutes, 60)
    return (f"{hours}小时" if hours else "") + (f"{rest}分钟" if rest or not hours else "")


@register.filter
def day(value: Any) -> str:
    """Return 2026年3月2日."""
    found = _aware(value)
    return f"{found.year}年{found.month}月{found.day}日" if found else "—"


@register.filter
def end_of_day(value: Any) -> str:
    """Return an exclusive midnight as the day it ends: 3月27日24时."""
    found = _aware(value)
    if found is None:
        return "—"
    if (found.hour, found.minute, found.second) == (0, 0, 0):
        last = found - timedelta(days=1)
        return f"{last.year}年{last.month}月{last.day}日24时"
    return f"{found:%Y-%m-%d %H:%M}"


@register.filter
def iso(value: Any) -> str:
    """Return the moment for machines."""
    found = _aware(value)
    return found.isoformat() if found else ""


@register.filter
def local_input(value: Any) -> str:
    """Return the moment for a datetime-local field."""
    found = _aware(value)
    return f"{found:%Y-%m-%dT%H:%M}" if found else ""


@register.filter
def yuan(value: Any) -> str:
    """Return an amount of 元 with its separators, "—" when there is none."""
    try:
        return f"{Decimal(str(value)):,.2f} 元" if value not in (None, "") else "—"
    except InvalidOperation:
        return str(value)


@register.filter
def package_said(fields: Any) -> list[tuple[str, str]]:
    """Return what an applicant's or proposer's package says, for people."""
    return words.package(fields or {})


@register.filter
def places(value: Any) -> str:
    """Return a locked clause with its places shown as blanks."""
    return re.sub(r"\{[a-z][a-z0-9_]*\}", "______", str(value))


@register.filter
def size(value: Any) -> str:
    """Return a file size for people."""
    amount = int(value or 0)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount} {unit}"
        amount //= 1024
    return f"{amount} GB"


@register.filter
def short(value: Any) -> str:
    """Return the first and last digits of a long hash."""
    text = str(value or "")
    return f"{text[:10]}…{text[-6:]}" if len(text) > 20 else text


@register.filter
def at_joints(value: Any) -> SafeString:
    """Return a name of code that a line may break only at its joints: after a dot, a slash, a colon, an underscore."""
    return format_html_join(
        SafeString("<wbr>"), "{}", ((part,) for part in _JOINTS.findall(str(value or "")))
    )


@register.filter
def get(value: Any, key: Any) -> Any:
    """Return a mapping's item."""
    return value.get(key) if hasattr(value, "get") else None


@register.filter
def items(value: Any) -> list[tuple[Any, Any]]:
    """Return a mapping's pairs."""
    return list(value.items()) if hasattr(value, "items") else []


@register.filter
def roles(value: Any) -> str:
    """Return who may act, in the order of the roles."""
    return "、".join(role.label for role in Role if role in value)


@register.filter
def region(value: Any) -> str:
    """Return what a region is called, with its code."""
    return words.region(str(value or ""))


@register.filter
def act_label(value: Any) -> str:
    """Return what people call an act of the log."""
    return words.act(str(value))


@register.filter
def said(value: Any, kind: str) -> str:
    """Return the word for a state by its kind: draw, call, bid or limit."""
    table = {
        "draw": words.DRAW_STATES,
        "call": words.CALL_STATES,
        "bid": words.BID_STATES,
        "agreement": words.AGREEMENT_STATES,
        "loan": words.LOAN_STATES,
    }[kind]
    return table.get(str(value), str(value))


@register.filter
def act_facts(fields: Any) -> str:
    """Return the public fields of an act that people can read, in one line."""
    return words.facts(fields if isinstance(fields, dict) else {})


@register.filter
def in_words(text: str, own: Family | None) -> str:
    """Return a fixed sentence of ours in the words of the family that the page is about."""
    return own.in_words(text) if own else text


@register.simple_tag(takes_context=True)
def stage_badge(context: dict[str, Any], stage: str, procedure: str = "") -> SafeString:
    """Return a badge for where a round stands, in the words of its procedure, or of the family that the page is about."""
    found, own = Stage(stage), family(procedure) if procedure else context.get("family")
    says = (own.stages.get(found.value) if own else None) or STAGE_LABELS[found]
    return format_html('<span class="badge badge-{}">{}</span>', _TONES.get(found, "calm"), says)


@register.simple_tag(takes_context=True)
def countdown(context: dict[str, Any], until: Any, look: str = "", text: str = "") -> SafeString:
    """Return how long there is until a moment, as of the page's `now`; the browser lets it run on from there.

    `text` stands there until the browser takes over, for a page that must be the same whenever it is read.
    """
    end, since = _aware(until), _aware(context.get("now"))
    if end is None or since is None:
        return format_html("{}", "—")
    speed = getattr(context.get("clock"), "speed", 1)
    return format_html(
        '<span class="{}" data-until="{}" data-now="{}" data-speed="{}" role="timer">{}</span>',
        f"timer {look}".strip(),
        end.isoformat(),
        since.isoformat(),
        speed,
        text or _left(end - since),
    )


def _left(span: timedelta) -> str:
    """Return a span as 3天 09:55:11, and 00:00:00 once it is over."""
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}天 {clock}" if days else clock


@register.inclusion_tag("ui/timeline.html")
def timeline(rows: Any) -> dict[str, Any]:
    """Show statutory clocks: moment, what, clause, arithmetic, kept or not."""
    return {"rows": rows}


@register.inclusion_tag("ui/empty.html")
def empty(says: str, label: str = "", href: str = "") -> dict[str, str]:
    """Show that there is nothing here, and what to do next."""
    return {"says": says, "label": label, "href": href}


@register.inclusion_tag("ui/sign.html", takes_context=True)
def sign_form(
    context: dict[str, Any], action: str, to_sign: str, label: str, confirm: str = ""
) -> dict[str, Any]:
    """Show a form whose submission is signed by the person's certificate in the browser.

    `to_sign` is the address that answers {"to_sign": base64}.
    """
    return {
        "action": action,
        "to_sign": to_sign,
        "label": label,
        "confirm": confirm,
        "csrf_token": context.get("csrf_token"),
        "certificate": context["actor"].certificate,
    }


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon; it is decoration, the word beside it is what is read out."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        PATHS[name],
    )


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *starts: str) -> SafeString:
    """Mark a link of the navigation when the page that is shown lies under one of these addresses."""
    path = context.get("path", "")
    inside = any(path == start or path.startswith(f"{start}/") for start in starts)
    return SafeString(' aria-current="page"' if inside else "")


@register.simple_tag(takes_context=True)
def current_exactly(context: dict[str, Any], address: str) -> SafeString:
    """Mark a link of the navigation when it is the page that is shown."""
    return SafeString(' aria-current="page"' if context.get("path") == address else "")


@register.inclusion_tag("ui/file.html")
def file_link(href: str, name: str, size: int = 0, sha256: str = "") -> dict[str, Any]:
    """Show a file: its name, its size in bytes for people, and the hash by which it is known."""
    return {"href": href, "name": name, "size": size, "sha256": sha256}


@register.inclusion_tag("ui/steps.html")
def step_line(steps: Any, label: str = "进行到哪一步") -> dict[str, Any]:
    """Show what is done, what is now and what comes; a step has a `label` and a `state` (done, now, "")."""
    return {"steps": steps, "label": label}


@register.inclusion_tag("ui/progress.html")
def progress(done: int, total: int, label: str) -> dict[str, Any]:
    """Show how much of a long work is done."""
    return {"done": done, "total": total, "label": label}
