"""What a stranger, or the supervisor, recomputes of a government procurement: its clocks, who is left, the ranking. Pure."""

from datetime import datetime
from typing import Any

from ggzy.evaluation.rules import unqualified
from ggzy.kernel.calendars import CHINA
from ggzy.law import table
from ggzy.law.limits import beijing_date, keeps
from ggzy.opendata.checks import (
    Act,
    _check,
    _documents,
    _Findings,
    _named,
    _sitting,
    family_of,
    ranked_again,
)
from ggzy.tendering.document import Method, parse


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@_check
def clocks(rows: list[Act], out: _Findings) -> None:
    """The winner was determined and the result published in time (87号令第六十八、六十九条)."""
    if family_of(rows).code != "GP":
        return
    for published in _named(rows, "tendering.published"):
        law = table.in_force(beijing_date(_moment(published.fields["published_at"])))
        for lot in published.fields["lots"]:
            round_id = lot["round"]
            for key, begins, ends in (
                ("GP-T08", ("evaluation.reported", "reported_at"), ("awarding.awarded", "determined_at")),
                ("GP-T10", ("awarding.awarded", "determined_at"), ("awarding.notified", "sent_at")),
            ):
                first, then = _named(rows, begins[0], round_id)[-1:], _named(rows, ends[0], round_id)[-1:]
                if not first or not then:
                    continue
                limit = law[key]
                if then[0].fields.get("by_silence"):
                    says = "期满没有确定, 依法视同确定排名第一的候选人"
                    out.say(f"clock.{key}", limit.says, "passed", says)
                    continue
                out.judge(
                    f"clock.{key}",
                    limit.says,
                    keeps(
                        limit,
                        started=_moment(first[0].fields[begins[1]]),
                        moment=_moment(then[0].fields[ends[1]]),
                        calendar=CHINA,
                    ),
                    f"{limit.length_label}办理",
                    f"{limit.cites}: 未在{limit.length_label}办理",
                )


@_check
def ranking(rows: list[Act], out: _Findings) -> None:
    """Who was not qualified follows from the buyer's check, and the ranking and the winner from what is left."""
    documents = _documents(rows)
    for compiled in _named(rows, "evaluation.report_compiled"):
        if compiled.round not in documents or "document" not in documents[compiled.round][0].fields:
            continue
        notice, lot = documents[compiled.round]
        document = parse(notice.fields["document"])
        if document.policy is None:
            continue
        if "report" in compiled.withheld:
            out.say("ranking", "评标排序", "withheld", "政府采购只公告中标供应商, 排序由监督级证据包核验")
            continue
        report: dict[str, Any] = compiled.fields["report"]
        again: dict[str, list[str]] = {}
        if not document.policy.group_checks:
            (checked,) = _named(rows, "evaluation.qualified", compiled.round)[-1:]
            again = unqualified(
                checked.fields["results"],
                checked.fields["credit"],
                requirements=document.owners_requirements,
            )
            out.judge(
                "qualification",
                "资格审查",
                {row["bid"]: row["reasons"] for row in report["unqualified"]} == again,
                f"由审查表重算, 不合格{len(again)}家, 与评标报告一致",
                "重算的资格审查结论与评标报告不一致",
            )
        signed = {
            r.fields["member"]
            for act in ("evaluation.report_signed", "evaluation.deemed_agreed")
            for r in _named(rows, act, compiled.round)
            if r.fields["report_sha256"] == compiled.fields["report_sha256"]
        }
        sheets = {
            r.fields["member"]: r.fields["content"]
            for r in _named(rows, "evaluation.sheet_handed_in", compiled.round)
            if r.fields["kind"] == "scores" and _sitting(r) == int(report.get("sitting", 1))
        }
        scored = document.method is Method.COMPREHENSIVE
        gone = {*again, *(row["bid"] for row in report["rejected"])}
        places = ranked_again(
            rows,
            compiled.round,
            document,
            lot,
            [sheets[m] for m in sorted(signed)] if scored else [],
            gone,
            out,
        )
        mine = [(p.rank, p.bid, str(p.price)) for p in places]
        theirs = [(r["rank"], r["bid"], r["price"]) for r in report["ranking"]]
        out.judge(
            "ranking",
            "评标排序",
            mine == theirs,
            f"由唱标报价、声明和招标文件重算的{len(mine)}名排序与评标报告一致",
            "重算的排序与评标报告不一致",
        )
        for chosen in _named(rows, "awarding.chosen", compiled.round):
            if chosen.fields["report_sha256"] != compiled.fields["report_sha256"]:
                continue
            several = document.policy.several
            out.judge(
                "award",
                "确定的多家供应商",
                several is not None
                and [(c["bid"], c["price"]) for c in chosen.fields["chosen"]]
                == [(p.bid, str(p.price)) for p in places[: several.keeps(len(places))]],
                f"确定的{len(chosen.fields['chosen'])}家就是排序在前的, 家数由文件载明的数量和淘汰比例算出",
                "确定的供应商不是排序在前的, 或家数与文件载明的不一致",
            )
        for award in _named(rows, "awarding.awarded", compiled.round)[:1]:
            out.judge(
                "award",
                "中标供应商",
                bool(places) and award.fields["bid"] == places[0].bid,
                "中标供应商是排名第一的候选人",
                "中标供应商不是排名第一的候选人",
            )


ALL = (clocks, ranking)
