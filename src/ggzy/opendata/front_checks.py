"""What a stranger recomputes of a front: its clocks, and where the sheets are held, who was qualified. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ggzy.experts import rules as experts
from ggzy.fronts import rules
from ggzy.kernel.calendars import CHINA
from ggzy.law import table
from ggzy.law.families import GC, GP
from ggzy.law.limits import TimeLimit, beijing_date, earliest_moment, latest_before
from ggzy.opendata.checks import Act, _check, _Findings, _named, seeds_of
from ggzy.tendering.document import Prequalification, parse


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@_check
def clocks(rows: list[Act], out: _Findings) -> None:
    """The statutory clocks of a prequalification were kept, and nothing closed before its deadline."""
    for published in _named(rows, "fronts.prequalification_published"):
        start, until = _moment(published.fields["published_at"]), _moment(published.fields["file_until"])
        deadline = _moment(published.fields["deadline"])
        law = table.in_force(beijing_date(start))
        own = GP if any(key.startswith("GP") for key in published.fields["limits"]) else GC
        to_apply = law[own.time_to_apply]
        since, _ = rules.applies_from(to_apply, published_at=start, file_until=until)
        for key, begins, ends in ((own.file_to_apply, start, until), (to_apply.key, since, deadline)):
            count = earliest_moment(law[key], started=begins, calendar=CHINA)
            out.judge(
                f"clock.{key}",
                law[key].says,
                ends >= count.instant,
                f"{law[key].length_label}: {count.arithmetic}",
                f"{law[key].cites}: {count.arithmetic}, 时间不足",
            )
        for round_id in published.fields["rounds"]:
            _clarified(rows, round_id, law[own.application_amended], out)
            last = _postponed(rows, round_id, deadline, out)
            _closed(rows, round_id, last, out)
    for published in _named(rows, "fronts.first_stage_published"):
        for round_id in published.fields["rounds"]:
            last = _postponed(rows, round_id, _moment(published.fields["deadline"]), out)
            _closed(rows, round_id, last, out)


def _postponed(rows: list[Act], round_id: str, deadline: datetime, out: _Findings) -> datetime:
    """Judge that a deadline only moved back, and return the one that stands last."""
    for row in rows:
        if row.act in {"fronts.clarified", "fronts.postponed"} and round_id in row.fields["rounds"]:
            moved = _moment(row.fields["deadline"])
            if row.act == "fronts.postponed":
                title = "资格预审或第一阶段延期"
                out.judge("change.front_later", title, moved > deadline, "截止时间只推后", "截止时间被提前")
            deadline = moved
    return deadline


def _clarified(rows: list[Act], round_id: str, limit: TimeLimit, out: _Findings) -> None:
    """Judge whether every clarification left the statutory days before the deadline it set."""
    for row in _named(rows, "fronts.clarified"):
        if round_id not in row.fields["rounds"]:
            continue
        deadline = _moment(row.fields["deadline"])
        count = latest_before(limit, event=deadline, calendar=CHINA)
        if row.fields["affects_applications"]:
            out.judge(
                f"clock.{limit.key}",
                limit.says,
                _moment(row.fields["clarified_at"]) < count.instant,
                count.arithmetic,
                f"{limit.cites}: {count.arithmetic}, 澄清过迟而没有顺延",
            )


def _closed(rows: list[Act], round_id: str, deadline: datetime, out: _Findings) -> None:
    for closed in _named(rows, "fronts.closed", round_id):
        out.judge(
            "clock.front_closed",
            "申请或建议截止",
            _moment(closed.fields["closed_at"]) >= deadline,
            "在截止时刻之后才截止",
            "早于截止时间截止",
        )


@_check
def qualified(rows: list[Act], out: _Findings) -> None:
    """Who was qualified follows from the members' sheets and the part of the file; all members signed the same report."""
    parts = _parts(rows)
    for compiled in _named(rows, "fronts.review_compiled"):
        signed = _named(rows, "fronts.review_signed", compiled.round)
        digest = compiled.fields["report_sha256"]
        size = next((r.fields["size"] for r in _seated(rows, compiled.round)), 0)
        if _named(rows, "fronts.reported", compiled.round):
            out.judge(
                "qualification.signed",
                "资格审查报告签名",
                len({r.fields["member"] for r in signed}) == size
                and all(r.fields["report_sha256"] == digest for r in signed),
                f"{size}名成员签署了同一份报告",
                "资格审查报告没有由全体成员签署, 或签署的内容不一",
            )
        if "report" in compiled.withheld:
            out.say("qualification.decided", "资格审查结果", "withheld", "审查表和报告只有监督级证据包公开")
            continue
        _decided(rows, compiled, parts[compiled.round], out)


def _parts(rows: list[Act]) -> dict[str, Prequalification]:
    """Return {front: the part of the file that governs it}."""
    return {
        round_id: parse_part(row.fields["prequalification"])
        for row in _named(rows, "fronts.prequalification_published")
        for round_id in row.fields["rounds"]
    }


def _seated(rows: list[Act], round_id: str) -> list[Act]:
    return [r for r in _named(rows, "fronts.committee_seated") if round_id in r.fields["rounds"]]


def parse_part(raw: Mapping[str, Any]) -> Prequalification:
    """Return the prequalification part of a published notice."""
    part = parse({"method": "lowest_evaluated_price", "prequalification": raw}).prequalification
    assert part is not None
    return part


def _decided(rows: list[Act], compiled: Act, part: Prequalification, out: _Findings) -> None:
    sheets = [
        r.fields["content"]
        for r in sorted(
            _named(rows, "fronts.sheet_handed_in", compiled.round), key=lambda r: str(r.fields["member"])
        )
    ]
    report = compiled.fields["report"]
    said = {row["package"]: (row["passed"], row["score"], row["rank"]) for row in report["applicants"]}
    draws = {r.subject for r in _seated(rows, compiled.round)}
    randomness, code = experts.joined(seeds_of(rows, draws)), bytes.fromhex(compiled.round)
    mine = rules.qualified(
        [s["results"] for s in sheets],
        [s["scores"] for s in sheets],
        packages=sorted(said),
        part=part,
        lot_of={p: experts.position(randomness=randomness, code=code, label=p) for p in said},
    )
    again = {
        row.package: (row.passed, str(row.score) if row.score is not None else None, row.rank) for row in mine
    }
    out.judge(
        "qualification.decided",
        "资格审查结果",
        again == said,
        "由各成员审查表和预审文件重算的结果与报告一致",
        "由各成员审查表重算的结果与报告不一致",
    )


@_check
def drawn(rows: list[Act], out: _Findings) -> None:
    """Who was invited follows from the list frozen at the deadline and the seeds given after it (87号令第十四条)."""
    parts = _parts(rows)
    for act in _named(rows, "fronts.invitees_drawn"):
        title = "邀请招标随机抽取"
        frozen = next(r for r in _named(rows, "fronts.list_frozen", act.round))
        said = act.fields
        out.judge(
            "invitation.list",
            title,
            experts.pool_digest(said["labels"]) == frozen.fields["list_sha256"],
            f"{len(said['labels'])}个编号与申请截止时固定的名单一致",
            "编号与申请截止时固定的名单不一致",
        )
        before = rows[: rows.index(frozen)]
        early = [r for r in _named(before, "experts.seed_committed") if r.fields["draw"] == said["draw"]]
        again = rules.drawn(
            said["labels"],
            qualified=said["qualified"],
            count=parts[act.round].limit,
            randomness=experts.joined(seeds_of(rows, {said["draw"]})),
            code=bytes.fromhex(act.round),
        )
        out.judge(
            "invitation.drawn",
            title,
            again == said["drawn"]
            and not early
            and said["draw"] in {r.subject for r in _seated(rows, act.round)},
            f"由名单和三方种子重算, 抽中的{len(again)}个编号相同; 名单先于种子固定",
            "由名单和三方种子重算的结果不同, 或者种子先于名单给出",
        )
        if "opened" in act.withheld:
            continue
        report = next(r for r in _named(rows, "fronts.review_compiled", act.round)).fields["report"]
        passed = {row["package"] for row in report["applicants"] if row["passed"]}
        opened = said["opened"]
        out.judge(
            "invitation.names",
            title,
            all(experts.proves(salt=o["salt"], expert=o["package"], label=o["label"]) for o in opened)
            and sorted(o["label"] for o in opened if o["package"] in passed) == sorted(said["qualified"]),
            "编号对应的申请和审查报告中的合格者一致",
            "编号与申请不符, 或者抽取的范围不是全部合格者",
        )


ALL = (clocks, qualified, drawn)
