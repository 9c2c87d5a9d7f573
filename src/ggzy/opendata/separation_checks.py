"""What a stranger recomputes where evaluation and award are separate: the panel's decision from its ballots. Pure."""

from decimal import Decimal

from ggzy.awarding import ballots
from ggzy.opendata.checks import Act, _check, _documents, _Findings, _named
from ggzy.tendering.document import parse


@_check
def panel(rows: list[Act], out: _Findings) -> None:
    """Each panel's winner follows from its signed ballots by the plan of award, and the award is of that winner."""
    documents = _documents(rows)
    at = {id(row): place for place, row in enumerate(rows)}
    for decided in _named(rows, "awarding.panel_decided"):
        notice, lot = documents[decided.round]
        if "document" in notice.withheld:
            out.say("panel", "定标委员会", "withheld", "招标文件只在当事人级证据包中, 定标由其核验")
            continue
        plan = parse(notice.fields["document"]).award_plan
        before = [
            r
            for r in _named(rows, "awarding.publicity_started", decided.round)
            if at[id(r)] < at[id(decided)]
        ]
        gone = {
            r.fields["bid"]
            for r in _named(rows, "awarding.ended", decided.round)
            if at[id(r)] < at[id(decided)]
        }
        prices = {
            c["bid"]: Decimal(c["price"]) for c in before[-1].fields["candidates"] if c["bid"] not in gone
        }
        cast = [ballots.Ballot(**ballot) for ballot in decided.fields["ballots"]]
        ceiling = lot.get("ceiling_price")
        good = plan is not None and (
            ballots.stand(plan, cast, prices=prices, ceiling=Decimal(ceiling) if ceiling else None).winner
            == decided.fields["winner"]
        )
        out.judge(
            "panel",
            "定标委员会",
            good,
            f"由{len(cast)}张签名票和公告前确定的定标方案重算, 中标人一致",
            "由签名票重算的中标人与定标结果不一致",
        )
        awards = [r for r in _named(rows, "awarding.awarded", decided.round) if at[id(r)] > at[id(decided)]]
        if awards:
            bid = decided.fields["winner"]
            out.judge(
                "panel.award",
                "中标人",
                awards[0].fields["bid"] == bid and Decimal(awards[0].fields["price"]) == prices.get(bid),
                "中标人是定标委员会确定的候选人, 中标价就是其投标报价",
                "中标人不是定标委员会确定的候选人, 或中标价不是其投标报价",
            )


ALL = (panel,)
