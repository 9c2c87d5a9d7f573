"""What a writer made of a template: its filled slots, the chosen library clauses, answers to findings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ggzy.drafting.library import LIBRARY, SECTORS
from ggzy.drafting.standard import TEMPLATES
from ggzy.drafting.template import Clause, Template
from ggzy.kernel.refusals import BadInput, Refusal

MOST_ANSWERS = 100


class TemplateChanged(Refusal):
    """The locked words are not those the file was written with."""

    code = "drafting.template_changed"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A written justification of a finding that the writer keeps: which finding, and why it is lawful here."""

    finding: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A clause as it is read."""

    chapter: str
    key: str
    title: str
    text: str
    law: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ClauseSet:
    """A template filled in. `template` is "" while none is chosen; slots may wait while the file is a draft."""

    template: str
    version: str
    slots: tuple[tuple[str, str | tuple[str, ...]], ...]
    sector: str
    library: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def base(self) -> Template | None:
        """Return the template it was written with."""
        return TEMPLATES[self.template, self.version] if self.template else None

    @property
    def filled(self) -> dict[str, str | list[str]]:
        """Return the slots by key."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in self.slots}

    def as_json(self) -> dict[str, Any]:
        """Return what is hashed and published: what was filled in, and the hash of every locked clause."""
        base = self.base
        locked = {**(base.clauses if base else {}), **{key: LIBRARY[key] for key in self.library}}
        return {
            "template": self.template,
            "version": self.version,
            "template_sha256": base.sha256 if base else "",
            "slots": self.filled,
            "sector": self.sector,
            "library": list(self.library),
            "locked": {key: clause.sha256 for key, clause in locked.items()},
            "answers": [{"finding": a.finding, "reason": a.reason} for a in self.answers],
        }

    def rendered(self) -> list[Rendered]:
        """Return every clause as it is read, in order; chosen library clauses follow the contract's own."""
        base, filled, out = self.base, self.filled, []
        for chapter in base.chapters if base else ():
            out += [_read(chapter.title, c, filled) for c in chapter.clauses]
            if chapter.key == "contract":
                out += [_read(chapter.title, LIBRARY[key], filled) for key in self.library]
        return out

    def missing(self) -> list[str]:
        """Return the names of required slots that are still empty."""
        base, filled = self.base, self.filled
        return [s.says for s in base.slots.values() if s.required and not filled.get(s.key)] if base else []


def _read(chapter: str, clause: Clause, filled: Mapping[str, str | list[str]]) -> Rendered:
    return Rendered(
        chapter=chapter,
        key=clause.key,
        title=clause.title,
        text=clause.rendered(filled),
        law=clause.law,
        sha256=clause.sha256,
    )


def parse(raw: Any) -> ClauseSet | None:
    """Return the clauses in a JSON value, None where there are none. Locked words are never read from it.

    :raises BadInput: an unknown template, slot or clause, or a value that is not of its kind
    :raises TemplateChanged: it was written with other locked words than this version has
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise BadInput("范本内容应为一组字段", field="clauses")
    code, version = str(raw.get("template", "")), str(raw.get("version", ""))
    if code and (code, version) not in TEMPLATES:
        raise BadInput("没有这个招标文件范本或版本", field="clauses.template")
    base = TEMPLATES[code, version] if code else None
    said = str(raw.get("template_sha256", ""))
    if base and said and said != base.sha256:
        raise TemplateChanged("招标文件范本的标准条款与编制时不一致, 标准条款不能改动, 请重新载入范本")
    sector = str(raw.get("sector", ""))
    if sector and sector not in SECTORS:
        raise BadInput("请选择行业", field="clauses.sector")
    return ClauseSet(
        template=code,
        version=version if code else "",
        slots=_slots(raw.get("slots") or {}, base),
        sector=sector,
        library=_library(raw.get("library") or []),
        answers=_answers(raw.get("answers") or []),
    )


def _slots(raw: Any, base: Template | None) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    if not isinstance(raw, Mapping):
        raise BadInput("填写内容应为一组字段", field="clauses.slots")
    known = base.slots if base else {}
    if unknown := [key for key in raw if key not in known]:
        raise BadInput(f"范本中没有“{str(unknown[0])[:40]}”这一项, 标准条款不能增改", field="clauses.slots")
    out: list[tuple[str, str | tuple[str, ...]]] = []
    for key, slot in known.items():
        value = slot.read(raw.get(key, ""))
        if value:
            out.append((key, tuple(value) if isinstance(value, list) else value))
    return tuple(out)


def _library(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise BadInput("选用条款应为列表", field="clauses.library")
    if unknown := [key for key in raw if key not in LIBRARY]:
        raise BadInput(f"条款库中没有“{str(unknown[0])[:40]}”", field="clauses.library")
    return tuple(key for key in LIBRARY if key in set(raw))


def _answers(raw: Any) -> tuple[Answer, ...]:
    if not isinstance(raw, list | tuple) or len(raw) > MOST_ANSWERS:
        raise BadInput("说明应为列表", field="clauses.answers")
    out: dict[str, Answer] = {}
    for row in raw:
        finding = str(row.get("finding", "")) if isinstance(row, Mapping) else ""
        reason = str(row.get("reason", "")).strip() if isinstance(row, Mapping) else ""
        if len(finding) != 16 or not 10 <= len(reason) <= 2000 or "\0" in reason:
            raise BadInput("请写明保留该内容的理由(10至2000字), 并引用法律依据", field="clauses.answers")
        out[finding] = Answer(finding=finding, reason=reason)
    return tuple(out.values())


def blank() -> ClauseSet:
    """Return the newest construction template with its defaults: where a writer starts."""
    code, version = max(TEMPLATES)
    base = TEMPLATES[code, version]
    found = parse(
        {
            "template": code,
            "version": version,
            "slots": {s.key: s.default for s in base.slots.values() if s.default},
        }
    )
    assert found is not None
    return found
