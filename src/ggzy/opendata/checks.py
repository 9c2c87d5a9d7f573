"""What a stranger recomputes of a process from its pack: commitments, draw, ranking, clocks. Pure: no database.

Each check answers passed, failed or withheld; `withheld` says that this level of the pack does not hold what is needed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any

from ggzy.awarding import rules as awarding
from ggzy.bidding import bidbox
from ggzy.evaluation import rules as evaluation
from ggzy.evaluation import separating
from ggzy.evidence.verifier import Check, Outcome, Pack, shown_values
from ggzy.experts import rules as experts
from ggzy.identity import cms, trust
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import Refusal
from ggzy.law import table
from ggzy.law.families import FAMILIES, Family
from ggzy.law.limits import beijing_date, earliest_moment, keeps, latest_before, runs_out
from ggzy.opening import rules as opening
from ggzy.tendering.document import Method, TenderDocument, parse


@dataclass(frozen=True)
class Act:
    """An entry as a check reads it: what was done, in which round, and the fields this reader may see."""

    act: str
    subject: str
    round: str
    entry_hash: str
    fields: dict[str, Any]
    withheld: frozenset[str]


def acts(pack: Pack) -> list[Act]:
    """Return a pack's entries in the order of recording."""
    import json

    out = []
    for entry in pack["entries"]:
        leaf = json.loads(entry["leaf"])
        out.append(
            Act(
                act=leaf["act"],
                subject=leaf["subject"],
                round=leaf["round"],
                entry_hash=entry["entry_hash"],
                fields=shown_values(entry),
                withheld=frozenset(n for n, f in entry["fields"].items() if f["state"] != "shown"),
            )
        )
    return out


def _named(rows: Iterable[Act], act: str, round_id: str = "") -> list[Act]:
    return [row for row in rows if row.act == act and (not round_id or row.round == round_id)]


def _rounds(rows: Iterable[Act]) -> list[str]:
    return list(dict.fromkeys(row.round for row in rows if row.act == "opening.opened"))


class _Findings(list[Check]):
    def say(self, name: str, title: str, outcome: Outcome, detail: str) -> None:
        self.append(Check(name, title, outcome, detail))

    def judge(self, name: str, title: str, good: bool, yes: str, no: str) -> None:
        self.say(name, title, "passed" if good else "failed", yes if good else no)


def _check(function: Callable[[list[Act], _Findings], None]) -> Callable[[Pack], list[Check]]:
    @wraps(function)
    def run(pack: Pack) -> list[Check]:
        findings = _Findings()
        try:
            function(acts(pack), findings)
        except Refusal as wrong:  # what the pack holds is not even lawful in form
            findings.say(function.__name__, "证据内容", "failed", wrong.message)
        return list(findings)

    return run


def _documents(rows: list[Act]) -> dict[str, tuple[Act, Mapping[str, Any]]]:
    """Return {round: (the newest issue of the file for it, lot row)}."""
    return {
        lot["round"]: (row, lot)
        for row in rows
        if row.act in {"tendering.published", "changes.made"} and "document" in row.fields
        for lot in row.fields["lots"]
    }


@_check
def tender_file(rows: list[Act], out: _Findings) -> None:
    """The published tender file is the one whose hash the notice and the review named."""
    reviewed = {
        r.fields["tender_file_sha256"]
        for r in _named(rows, "tendering.review_concluded")
        if r.fields["passed"]
    }
    for row in _named(rows, "tendering.published"):
        if "document" in row.withheld:
            out.say(
                "file.hash",
                "招标文件摘要",
                "withheld",
                "招标文件只向获准投标的单位发出, 内容在当事人级证据包中",
            )
            out.judge(
                "file.reviewed",
                "公平竞争审查",
                bool(reviewed),
                "招标文件有通过的公平竞争审查结论",
                "招标文件没有公平竞争审查结论",
            )
            continue
        same = sha256(canonical({"document": row.fields["document"], "lots": row.fields["lots"]})).hex()
        out.judge(
            "file.hash",
            "招标文件摘要",
            same == row.fields["tender_file_sha256"],
            "招标文件内容与公告的摘要一致",
            f"招标文件内容的摘要是{same}, 公告的是{row.fields['tender_file_sha256']}",
        )
        digest = sha256(canonical(row.fields["document"])).hex()
        out.judge(
            "file.reviewed",
            "公平竞争审查",
            digest in reviewed,
            "发布的招标文件就是通过公平竞争审查的那一份",
            "发布的招标文件没有对应的公平竞争审查结论",
        )


@_check
def changes(rows: list[Act], out: _Findings) -> None:
    """A clarification's file is the one its hash names; one that affects bids left the law's days; no deadline moved forward."""
    deadlines: dict[str, datetime] = {}
    law: Mapping[str, Any] = {}
    for row in rows:
        if row.act == "tendering.published":
            law = table.in_force(beijing_date(_moment(row.fields["published_at"])))
            for lot in row.fields["lots"]:
                deadlines[lot["round"]] = _moment(row.fields["bid_deadline"])
        if row.act != "changes.made":
            continue
        title = f"变更第{row.fields['number']}号"
        if "document" in row.fields:
            content = {k: row.fields[k] for k in ("document", "lots", "addendum")}
            same = sha256(canonical(content)).hex() == row.fields["file"]["sha256"]
            out.judge(
                "change.file",
                title,
                same,
                "澄清后的招标文件与公布的摘要一致",
                "澄清后的招标文件与公布的摘要不一致",
            )
        moved = _moment(row.fields["bid_deadline"]) if row.fields.get("bid_deadline") else None
        for round_id in row.fields["rounds"]:
            before = deadlines.get(round_id)
            if before is None:
                continue
            if moved is not None and row.fields["kind"] not in {"resume", "end_outage"}:
                out.judge("change.later", title, moved >= before, "截止时间只推后", "截止时间被提前")
            deadlines[round_id] = moved or before
        if row.fields.get("affects_bids"):
            made = _moment(row.fields["made_at"])
            last = min(deadlines[r] for r in row.fields["rounds"] if r in deadlines)
            limit = law[family_of(rows).amended]
            in_time = made < latest_before(limit, event=last, calendar=CHINA).instant
            out.judge(
                f"clock.{limit.key}",
                title,
                in_time,
                f"{limit.cites}: 澄清距截止不少于{limit.length}日",
                f"{limit.cites}: 澄清距截止不足{limit.length}日而未延期",
            )


@_check
def bids(rows: list[Act], out: _Findings) -> None:
    """Every bid that was shown was received before the deadline, unchanged, and says what it committed to."""
    received = {row.entry_hash: row for row in _named(rows, "bidding.received")}
    for round_id in _rounds(rows):
        opened = _named(rows, "opening.opened", round_id)[0]
        if "live" in opened.withheld:
            out.say("bids.disclosed", "申请或建议", "withheld", "资格预审申请和技术建议由当事人级证据包核验")
            continue
        live = opened.fields["live"]
        missing = [h for h in live if h not in received]
        out.judge(
            "bids.disclosed",
            "截止时的投标",
            not missing,
            f"开标的{len(live)}份投标在截止前均有封存记录",
            f"有{len(missing)}份投标没有截止前的封存记录: {missing[:1]}",
        )
        closed = _named(rows, "opening.closed", round_id)
        if closed and "live" in closed[0].fields:
            out.judge(
                "bids.live_set",
                "截止时的承诺",
                closed[0].fields["live"] == live,
                "开标的投标与截止时刻承诺的集合相同",
                "开标的投标与截止时刻承诺的集合不同",
            )
        else:
            out.say(
                "bids.live_set",
                "截止时的承诺",
                "withheld",
                "截止时的集合只有监督级证据包公开, 其承诺值在日志中",
            )
        for row in _named(rows, "opening.bid_shown", round_id):
            _one_bid(row, received, out)


def _one_bid(row: Act, received: Mapping[str, Act], out: _Findings) -> None:
    who = row.fields["bidder"]
    manifest = row.fields["manifest"].encode()
    entry = received.get(row.fields["entry_hash"])
    same = entry is not None and entry.fields["manifest_sha256"] == sha256(manifest).hex()
    out.judge(
        "bids.manifest",
        f"投标清单({who})",
        same,
        "清单与截止前封存的摘要一致",
        "清单与截止前封存的摘要不一致",
    )
    try:
        cms.require_detached(
            bytes.fromhex(row.fields["manifest_signature"]),
            data=manifest,
            certificate=trust.load(row.fields["certificate"]),
        )
        read = bidbox.read_manifest(manifest, priced=None)
    except Refusal as wrong:
        out.say("bids.signature", f"投标签名({who})", "failed", wrong.message)
        return
    out.say("bids.signature", f"投标签名({who})", "passed", "清单由投标人证书签名")
    profile = bidbox.profile_of(read)
    for name, shown in (row.fields.get("fields") or {}).items():
        fits = profile.commit(bytes.fromhex(shown["salt"]), shown["value"]) == read["fields"].get(name)
        if not fits:
            out.say("bids.commitment", f"投标承诺({who})", "failed", f"“{name}”与投标时的承诺不符")
            return
    if frozen := row.fields.get("registry"):
        out.judge(
            "bids.registry",
            f"投标时的登记信息({who})",
            profile.commit(bytes.fromhex(frozen["salt"]), frozen["value"]) == read["fields"].get("registry"),
            "固定的登记信息与投标时的承诺一致",
            "固定的登记信息与投标时的承诺不符",
        )
    if row.fields["state"] == "opened":
        out.say("bids.commitment", f"投标承诺({who})", "passed", "唱标内容与投标时的承诺逐项一致")
    else:
        out.say("bids.commitment", f"投标承诺({who})", "withheld", f"未开启: {row.fields['reason']}")


@_check
def draw(rows: list[Act], out: _Findings) -> None:
    """The expert draw follows from the frozen labels and the parties' seeds, and calls went by rank."""
    for frozen in _first_lists(rows):
        mine = [row for row in rows if row.fields.get("draw") == frozen.subject]
        lists = {row.fields.get("list", 1): _frozen_list(row) for row in _named(mine, "experts.pool_frozen")}
        out.judge(
            "draw.pool",
            "专家库冻结",
            all(good for _, good in lists.values()),
            f"{sum(len(entries) for entries, _ in lists.values())}个编号与冻结摘要一致",
            "编号与冻结摘要不一致",
        )
        ranked = _named(mine, "experts.ranked")
        if not ranked:
            out.say("draw.rank", "抽取排序", "withheld", "抽取尚未完成, 种子还没有全部公开")
            continue
        commitments = {
            (_turn(r), r.fields["party"]): r.fields["commitment"]
            for r in _named(mine, "experts.seed_committed")
        }
        revealed = {
            (_turn(r), r.fields["party"]): r.fields["seed"] for r in _named(mine, "experts.seed_revealed")
        }
        honest = all(
            experts.seed_commitment(bytes.fromhex(s)) == commitments.get(of) for of, s in revealed.items()
        )
        out.judge(
            "draw.seeds", "随机种子", honest, "各方公开的种子与先前承诺一致", "有一方公开的种子与承诺不一致"
        )
        orders, good = [], True
        for row in ranked:
            frozen_lines, _ = lists.get(row.fields.get("list", 1), ([], False))
            entries = {e.label: e for e in frozen_lines}
            seeds = {party: seed for (turn, party), seed in revealed.items() if turn == _turn(row)}
            order = experts.ranking(
                entries, randomness=experts.joined(seeds), code=bytes.fromhex(frozen.subject)
            )
            good = good and order[: len(row.fields["order"])] == row.fields["order"]
            orders.append([entries[label] for label in order])
        out.judge(
            "draw.rank",
            "抽取排序",
            good,
            "由编号和种子重算的排序与公布的一致",
            "由编号和种子重算的排序与公布的不一致",
        )
        quotas = frozen.fields.get("quotas") or [{"count": frozen.fields["needed"]}]
        over = experts.passed_over(
            orders,
            [q["count"] for q in quotas],
            _steps(mine),
            one_per_unit=bool(frozen.fields.get("conditions", {}).get("one_per_unit")),
        )
        out.judge(
            "draw.calls",
            "通知次序",
            not over,
            "通知专家严格按名次和各专业名额进行",
            f"通知专家没有按名次进行: {over[:8]}",
        )
        answered = {r.fields["label"]: r.fields["accepted"] for r in _named(mine, "experts.answered")}
        left = {r.fields["label"] for r in _named(mine, "experts.checked_in") if r.fields["avoids"]}
        for seated in (*_named(mine, "evaluation.seated"), *_named(mine, "fronts.committee_seated")):
            good = all(
                answered.get(m["label"]) and m["label"] not in left
                for m in seated.fields["members"]
                if m["kind"] == "expert"
            )
            least = family_of(rows).least_committee
            lawful = seated.fields["size"] % 2 == 1 and seated.fields["size"] >= least
            lawful = lawful and 3 * seated.fields["experts"] >= 2 * seated.fields["size"]
            out.judge(
                "draw.committee",
                "评标委员会组成",
                good and lawful,
                f"{seated.fields['size']}名成员, 专家{seated.fields['experts']}名, 均由抽取产生且未回避",
                "评标委员会成员与抽取、应答或回避记录不符",
            )


#: acts of the log → the steps of a draw that a list is worked off by
_STEPS = {
    "experts.passed_busy": "busy",
    "experts.called_next": "called",
    "experts.no_answer": "silent",
    "experts.marked_absent": "absent",
    "experts.member_replaced": "left",
    "experts.taken_out": "left",
}


def _turn(row: Act) -> int:
    """Return to which turn of seeds an act belongs."""
    return int(row.fields.get("turn", 1))


def _first_lists(rows: list[Act]) -> list[Act]:
    """Return the freezing of each draw's first list: the draw itself."""
    return [row for row in _named(rows, "experts.pool_frozen") if row.fields.get("list", 1) == 1]


def _frozen_list(row: Act) -> tuple[list[experts.Entry], bool]:
    """Return the lines of a frozen list, and whether its digest is theirs."""
    if "entries" not in row.fields:  # a draw of one specialty, as it was published before quotas
        labels = row.fields["labels"]
        good = experts.pool_digest(labels) == row.fields["pool_sha256"]
        return [experts.Entry(label, (0,)) for label in labels], good
    entries = [experts.Entry(label, tuple(fits), unit) for label, fits, unit in row.fields["entries"]]
    return entries, experts.list_digest(entries) == row.fields["pool_sha256"]


def _steps(mine: list[Act]) -> list[tuple[str, str]]:
    """Return a draw's steps in their order, from the acts of the log."""
    steps: list[tuple[str, str]] = []
    for row in mine:
        label = str(row.fields.get("label") or "")
        if row.act == "experts.ranked":
            steps.append(("ranked", str(row.fields.get("list", 1))))
            steps += [("called", one) for one in row.fields.get("called", [])]
        elif row.act == "experts.answered":
            steps.append(("accepted" if row.fields["accepted"] else "refused", label))
        elif row.act == "experts.checked_in" and row.fields["avoids"]:
            steps.append(("avoided", label))
        elif row.act in _STEPS and label:
            steps.append((_STEPS[row.act], label))
    return steps


def _shown_offers(rows: list[Act], round_id: str, document: TenderDocument) -> list[evaluation.Offer]:
    # of a negotiated procurement the supervisor alone has what was opened
    quiet = document.negotiated
    shown = [
        (row.fields["bid"], {name: one["value"] for name, one in row.fields["fields"].items()})
        for row in _named(rows, "opening.answer_opened" if quiet else "opening.bid_shown", round_id)
        if row.fields["state"] == "opened"
    ]
    # a price in a second envelope, or of a last offer, came later, and only where that was opened
    second = {
        row.fields["bid"]: {name: one["value"] for name, one in row.fields["fields"].items()}
        for row in _named(rows, "opening.offer_revealed" if quiet else "opening.second_shown", round_id)
        if row.fields["state"] == "opened"
    }
    return [
        evaluation.declared(
            evaluation.Offer(
                bid=bid,
                # a bidder may have written whole 元; the platform reads two places
                price=Decimal(fields["price"]).quantize(CENT),
                duration_days=int(fields["duration_days"]),
            ),
            fields,
            policy=document.policy,
        )
        for bid, fields in ((bid, fields | second.get(bid, {})) for bid, fields in shown)
        if not (document.two_envelopes or quiet) or bid in second
    ]


def ranked_again(
    rows: list[Act],
    round_id: str,
    document: TenderDocument,
    lot: Mapping[str, Any],
    sheets: list[Any],
    rejected: Collection[str],
    out: _Findings,
) -> list[evaluation.Place]:
    """Return the places that follow from what was read out, the file, the sheets and the public draw."""
    shown = _shown_offers(rows, round_id, document)
    offers = [o for o in shown if o.bid not in rejected]
    randomness = experts.joined(_seeds_for(rows, round_id))
    code = bytes.fromhex(round_id)
    lot_of = {o.bid: experts.position(randomness=randomness, code=code, label=o.bid) for o in shown}
    ceiling = lot.get("ceiling_price")
    outcome = evaluation.by_scheme(
        offers,
        document=document,
        lot=evaluation.LotFacts(
            ceiling=Decimal(ceiling) if ceiling else None,
            duration_days=int(lot["duration_days"]),
            # a file with two envelopes draws nothing: the draw comes from the salts of prices
            drawn=_drawn_parameters(rows, round_id, document, out)
            if document.scheme and not document.two_envelopes
            else {},
        ),
        score_sheets=sheets,
        lot_of=lot_of,
        rejected=[o for o in shown if o.bid in rejected],
    )
    return evaluation.places_of(outcome, document=document, offers=offers, lot_of=lot_of)


@_check
def ranking(rows: list[Act], out: _Findings) -> None:
    """The published ranking follows from the prices that were read out, the tender file and, where held, the sheets."""
    documents = _documents(rows)
    for published in _named(rows, "awarding.publicity_started"):
        notice, lot = documents[published.round]
        if "document" in notice.withheld:
            out.say("ranking", "评标排序", "withheld", "招标文件只在当事人级证据包中, 排序由其核验")
            continue
        document = parse(notice.fields["document"])
        sheets: list[Any] = []
        if document.method is Method.COMPREHENSIVE:
            handed_in = [
                r
                for r in _named(rows, "evaluation.sheet_handed_in", published.round)
                if r.fields["kind"] == "scores" and _sitting(r) == _sitting(published)
            ]
            if any("content" in r.withheld for r in handed_in):
                out.say("ranking", "评标排序", "withheld", "综合评估法的评委打分只有监督级证据包公开")
                continue
            # a member may have corrected a sheet, and one who was replaced signed nothing: the last of who signed count
            last = {r.fields["member"]: r.fields["content"] for r in handed_in}
            sheets = [last[member] for member in sorted(_agreed(rows, published))]
        rejected = set(published.fields["rejected"])
        if document.two_envelopes and _sitting(published) == 1:
            _admitted_again(rows, published, document, lot, sheets, out)
        places = ranked_again(rows, published.round, document, lot, sheets, rejected, out)
        if document.award_plan:
            _shortlisted(published, places, document, out)
            _signed(rows, published, document, out)
            continue
        mine = [(p.rank, p.bid, str(p.price), _text(p.evaluated_price), _text(p.total)) for p in places]
        theirs = [
            (r["rank"], r["bid"], r["price"], r["evaluated_price"], r["total"])
            for r in published.fields["ranking"]
        ]
        out.judge(
            "ranking",
            "评标排序",
            mine == theirs,
            f"由唱标报价和招标文件重算的{len(mine)}名排序与公示一致",
            "重算的排序与公示不一致",
        )
        candidates = [c["bid"] for c in published.fields["candidates"]]
        over = _passed_over(rows, published, [p.bid for p in places], document.most_lots)
        out.judge(
            "ranking.candidates",
            "中标候选人",
            over == published.fields.get("passed_over", [])
            and candidates == awarding.candidates([p.bid for p in places], without=over),
            f"公示的{len(candidates)}名候选人就是排序前列",
            "公示的候选人不是排序前列",
        )
        if published is _named(rows, "awarding.publicity_started", published.round)[-1]:
            _awards(rows, published, candidates, {m[1]: m[2] for m in mine}, out)
        _signed(rows, published, document, out)


def _admitted_again(
    rows: list[Act],
    published: Act,
    document: TenderDocument,
    lot: Mapping[str, Any],
    sheets: list[Any],
    out: _Findings,
) -> None:
    """Hold who was asked for a second envelope against the members' scores and the method."""
    days = {
        row.fields["bid"]: int(row.fields["fields"]["duration_days"]["value"])
        for row in _named(rows, "opening.bid_shown", published.round)
        if row.fields["state"] == "opened" and all(row.fields["bid"] in sheet for sheet in sheets)
    }
    ceiling = lot.get("ceiling_price")
    kept_out = evaluation.out_by_first_envelope(
        days,
        document=document,
        lot=evaluation.LotFacts(
            ceiling=Decimal(ceiling) if ceiling else None,
            duration_days=int(lot["duration_days"]),
            drawn={},
        ),
        score_sheets=sheets,
    )
    admitted = set(_named(rows, "opening.second_opened", published.round)[-1].fields["admitted"])
    out.judge(
        "second.passed",
        "第一信封评审结果",
        admitted == set(days) - set(kept_out) if document.criteria else True,
        f"由评委打分重算, 通过第一信封的{len(admitted)}份与开启第二信封的一致",
        "重算的第一信封评审结果与开启第二信封的投标不一致",
    )


def _signed(rows: list[Act], published: Act, document: TenderDocument, out: _Findings) -> None:
    signed = _agreed(rows, published)
    out.judge(
        "report.signed",
        "评标报告签名",
        len(signed) == document.committee_size,
        f"{len(signed)}名成员签署了同一份报告",
        f"报告应有{document.committee_size}名成员签署, 同一份报告现有{len(signed)}名",
    )


def _shortlisted(
    published: Act, places: list[evaluation.Place], document: TenderDocument, out: _Findings
) -> None:
    """The published candidates are the first places, told by name, with nothing that tells an order."""
    assert document.award_plan is not None
    rows = published.fields["candidates"]
    chosen = separating.shortlist(places, most=document.award_plan.candidates)
    by_name = sorted(rows, key=lambda row: (row["bidder"], row["bid"]))
    silent = all(row["rank"] is None and row["total"] is None for row in rows)
    out.judge(
        "ranking.candidates",
        "中标候选人(评定分离)",
        sorted(row["bid"] for row in rows) == chosen and rows == by_name and silent,
        f"公示的{len(rows)}名候选人就是评审前列, 按名称排列, 不显示名次和得分",
        "公示的候选人不是评审前列, 或显示了名次、得分",
    )


def _agreed(rows: list[Act], published: Act) -> set[str]:
    """Return the codes of who signed the published report, or refused to sign and to say why (条例53)."""
    return {
        r.fields["member"]
        for act in ("evaluation.report_signed", "evaluation.deemed_agreed")
        for r in _named(rows, act, published.round)
        if r.fields["report_sha256"] == published.fields["report_sha256"]
    }


def _drawn_parameters(
    rows: list[Act], round_id: str, document: TenderDocument, out: _Findings
) -> Mapping[str, Any]:
    """Draw the method's parameters again from the published salts, and hold them against the opening record."""
    assert document.scheme is not None, "only a method given as data draws parameters"
    salts = [
        row.fields["fields"]["price"]["salt"]
        for row in _named(rows, "opening.bid_shown", round_id)
        if row.fields["state"] == "opened"
    ]
    drawn = opening.drawn_parameters(document.scheme, salts=salts, round_id=round_id)
    if drawn:
        said = _named(rows, "opening.ended", round_id)[-1].fields.get("parameters", [])
        out.judge(
            "opening.parameters",
            "当众抽取的参数",
            said == opening.drawn_in_words(document.scheme, drawn),
            "由各投标承诺的随机数重新抽取, 与开标记录一致",
            "重新抽取的参数与开标记录不一致",
        )
    return drawn


def _passed_over(rows: list[Act], published: Act, ranking: list[str], most_lots: int) -> list[str]:
    """Return the bids that a limit of lots passes over, from the last publicities of the lots before this one."""
    if not most_lots:
        return []
    bidder = {
        r.fields["bid"]: r.fields["uscc"] for r in rows if r.act == "opening.bid_shown" and "uscc" in r.fields
    }
    numbers = {lot["round"]: lot["number"] for _, lot in _documents(rows).values()}
    at = {id(row): place for place, row in enumerate(rows)}
    firsts: dict[int, str] = {}
    for row in _named(rows, "awarding.publicity_started"):
        earlier = numbers[row.round] < numbers[published.round] and at[id(row)] < at[id(published)]
        if earlier and row.fields["candidates"]:
            firsts[numbers[row.round]] = row.fields["candidates"][0]["uscc"]
    return awarding.passed_over(
        [(bid, bidder[bid]) for bid in ranking],
        first_before=[firsts[n] for n in sorted(firsts)],
        most_lots=most_lots,
    )


def _seeds_for(rows: list[Act], round_id: str) -> dict[str, str]:
    """Return the revealed seeds of the draw that seated a round's committee: a tender may see several draws."""
    seated = {row.fields["draw"] for row in _named(rows, "evaluation.seated")}
    draws = {
        row.subject
        for row in _first_lists(rows)
        if row.subject in seated and round_id in row.fields.get("rounds", [round_id])
    }
    return seeds_of(rows, draws)


def seeds_of(rows: list[Act], draws: Collection[str]) -> dict[str, str]:
    """Return the seeds that ranked the first list of one of these draws; those of voided turns do not count."""
    first = {(r.subject, _turn(r)) for r in _named(rows, "experts.ranked") if r.fields.get("list", 1) == 1}
    return {
        r.fields["party"]: r.fields["seed"]
        for r in _named(rows, "experts.seed_revealed")
        if r.fields["draw"] in draws and (r.fields["draw"], _turn(r)) in first
    }


def _sitting(row: Act) -> int:
    """Return to which sitting of the committee an act belongs."""
    return int(row.fields.get("sitting", 1))


def _awards(
    rows: list[Act], published: Act, candidates: list[str], prices: Mapping[str, str], out: _Findings
) -> None:
    """Each award is of the first published candidate whose award has not come to nothing before."""
    at = {id(row): place for place, row in enumerate(rows)}
    ended = _named(rows, "awarding.ended", published.round)
    for award in _named(rows, "awarding.awarded", published.round):
        if at[id(award)] < at[id(published)]:
            continue  # made on an earlier publicity
        gone = [r.fields["bid"] for r in ended if at[id(r)] < at[id(award)]]
        left = [bid for bid in candidates if bid not in gone]
        out.judge(
            "award",
            "中标人",
            bool(left)
            and award.fields["bid"] == left[0]
            and award.fields["price"] == prices.get(award.fields["bid"]),
            "中标人是第一名, 中标价就是其投标报价"
            if not gone
            else "此前的中标资格依法终止后依次确定, 中标价就是其投标报价",
            "中标人不是依次应当确定的候选人, 或中标价不是其投标报价",
        )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@_check
def clocks(rows: list[Act], out: _Findings) -> None:
    """The statutory clocks were kept, by the law in force on the day of the first notice."""
    for published in _named(rows, "tendering.published"):
        start, deadline = _moment(published.fields["published_at"]), _moment(published.fields["bid_deadline"])
        law = table.in_force(beijing_date(start))
        for key in family_of(rows).time_to_bid:
            count = earliest_moment(law[key], started=start, calendar=CHINA)
            out.judge(
                f"clock.{key}",
                f"{law[key].says}",
                deadline >= count.instant,
                f"{law[key].length_label}: {count.arithmetic}",
                f"{law[key].cites}: {count.arithmetic}, 截止时间过早",
            )
        for lot in published.fields["lots"]:
            last = _last_deadline(rows, lot["round"], deadline)
            _round_clocks(rows, lot["round"], last, law, out, on=beijing_date(start))


def family_of(rows: list[Act]) -> Family:
    """Return the family of law of a process, from the limits that were stamped on its first notice."""
    stamped = [key for row in _named(rows, "tendering.published")[:1] for key in row.fields.get("limits", {})]
    return next((way for way in FAMILIES.values() if set(way.time_to_bid) <= set(stamped)), FAMILIES["GC"])


def _last_deadline(rows: list[Act], round_id: str, first: datetime) -> datetime:
    """Return the deadline of a round after every change of it."""
    for row in _named(rows, "changes.made"):
        if round_id in row.fields["rounds"] and row.fields.get("bid_deadline"):
            first = _moment(row.fields["bid_deadline"])
    return first


def _round_clocks(
    rows: list[Act], round_id: str, deadline: datetime, law: Mapping[str, Any], out: _Findings, *, on: date
) -> None:
    for closed in _named(rows, "opening.closed", round_id):
        out.judge(
            "clock.closed",
            "投标截止",
            _moment(closed.fields["closed_at"]) >= deadline,
            "在截止时刻之后才截止",
            "早于截止时间截止",
        )
    for opened in _named(rows, "opening.opened", round_id):
        out.judge(
            "clock.GC-T11",
            "开标时间",
            _moment(opened.fields["opened_at"]) >= deadline,
            "开标不早于投标截止时间",
            "开标早于投标截止时间",
        )
    for row in _named(rows, "awarding.publicity_started", round_id):
        start, ends = _moment(row.fields["started_at"]), _moment(row.fields["ends_at"])
        count = runs_out(law["GC-T13"], started=start, calendar=CHINA)
        out.judge(
            "clock.GC-T13",
            law["GC-T13"].says,
            ends >= count.instant,
            count.arithmetic,
            f"{law['GC-T13'].cites}: {count.arithmetic}, 公示期不足",
        )
        for ended in _named(rows, "awarding.publicity_ended", round_id):
            if ended.fields.get("number", 1) != row.fields.get("number", 1):
                continue
            out.judge(
                "clock.publicity",
                "公示期满",
                _moment(ended.fields["ended_at"]) >= ends,
                "公示期满后才进入定标",
                "公示期未满即结束",
            )
        for reported in _named(rows, "evaluation.reported", round_id):
            if _sitting(reported) != _sitting(row):
                continue
            out.judge(
                "clock.GC-T12",
                law["GC-T12"].says,
                keeps(
                    law["GC-T12"],
                    started=_moment(reported.fields["reported_at"]),
                    moment=start,
                    calendar=CHINA,
                ),
                f"{law['GC-T12'].length_label}开始公示",
                f"{law['GC-T12'].cites}: 未在{law['GC-T12'].length_label}开始公示",
            )
    for sent in _named(rows, "awarding.notified", round_id)[-1:]:
        for signed in _named(rows, "contracting.signed", round_id):
            limit = law[family_of(rows).contract]
            out.judge(
                f"clock.{limit.key}",
                limit.says,
                keeps(
                    limit,
                    started=_moment(sent.fields["sent_at"]),
                    moment=_moment(signed.fields["signed_at"]),
                    calendar=CHINA,
                ),
                f"{limit.length_label}签订合同",
                f"{limit.cites}: 未在{limit.length_label}签订合同",
            )
        awarded = _named(rows, "awarding.awarded", round_id)
        for signed in _named(rows, "contracting.signed", round_id):
            out.judge(
                "contract.price",
                "合同价",
                bool(awarded) and signed.fields["price"] == awarded[-1].fields["price"],
                "合同价就是中标价",
                "合同价与中标价不同",
            )


ALL = (tender_file, changes, bids, draw, ranking, clocks)
