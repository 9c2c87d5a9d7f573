"""One construction tender, told through the public API by its own parties. Used by replay, training and tests."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ggzy.bidding import shares
from ggzy.client import bids
from ggzy.client.party import Identity, Party

PASSWORD = "training-2026"  # noqa: S105 - the demo accounts of a training centre, printed at its start


@dataclass
class Cast:
    """The officials and experts of a training centre, signed in."""

    admin: Party
    centre: Party
    supervisor: Party
    experts: list[Party]


def demo_party(base: str, username: str, *, transport: Any = None) -> Party:
    """Sign in as one of the training centre's demo accounts with its published demo key."""
    import httpx

    with httpx.Client(base_url=base, transport=transport, trust_env=False) as client:
        reply = client.get(f"/training/keys/{username}.pem")
        reply.raise_for_status()
    party = Party(base, transport=transport)
    party.sign_in(username=username, password=PASSWORD, identity=Identity.from_pem(reply.content))
    party.name = username
    return party


def document(
    *, method: str = "lowest_evaluated_price", deposit: Decimal = Decimal(0), **changes: Any
) -> dict[str, Any]:
    """Return a plain lawful tender file."""
    out: dict[str, Any] = {
        "method": method,
        "quality": "合格",
        "deposit": str(deposit),
        "bid_validity_days": 90,
        "decryption_minutes": 60,
        "committee_size": 5,
        "owner_representatives": 0,
        "specialty": "A08",
        "text": "采用标准施工招标文件。技术标准、图纸和工程量清单见附件。",
    }
    if method == "comprehensive":
        out["price"] = {"weight": "60", "above": "2", "below": "1"}
        out["criteria"] = [
            {"key": "plan", "title": "施工组织设计", "weight": "25"},
            {"key": "team", "title": "项目管理机构", "weight": "15"},
        ]
    return out | changes


def register_project(owner: Party, *, name: str, serial: int) -> str:
    """Register a project and return its id."""
    made = owner.post(
        "/projects",
        {
            "name": name,
            "invest_code": f"2603-370100-04-01-{serial % 1_000_000:06d}",
            "industry_code": "E48",
            "region_code": "370100",
            "approval_document": "训发改审批〔2026〕1号",
            "funds": "财政资金, 已落实",
            "place": "训练市",
            "scale": name,
        },
    )
    return str(made["project"])


def prepare_tender(
    owner: Party,
    *,
    project: str,
    name: str,
    lots: Sequence[Mapping[str, Any]],
    file: Mapping[str, Any],
    procedure: str = "GC_OPEN_POST",
) -> dict[str, Any]:
    """Draft, register, write, review and sign until the notice can be published; return the tender."""
    tender = owner.post(
        "/tenders",
        {
            "project": project,
            "name": name,
            "state_controlled": True,
            "lots": list(lots),
            "procedure_code": procedure,
        },
    )
    if procedure.startswith("GP_"):
        plan_procurement(owner, tender["tender"])
    else:
        owner.post(f"/tenders/{tender['tender']}/registration")
    if procedure != "GC_TWO_STAGE":  # there the file is written from the first stage's proposals
        write_file(owner, tender["tender"], file=file)
    return dict(tender)


def plan_procurement(owner: Party, tender_id: str, *, reserved: bool = False) -> None:
    """Publish the intent of a procurement and file its plan."""
    owner.post(f"/tenders/{tender_id}/intent", {"needs": "训练设备一批", "expected": "2026-06"})
    plan = {"number": "训财采备2026-001", "reserved": reserved}
    if not reserved:
        plan["not_reserved"] = "市场上符合需求的供应商以大型企业为主"
    owner.post(f"/tenders/{tender_id}/plan", plan)


def qualify(owner: Party, round_id: str, *, out: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Check who is qualified and sign the conclusion; `out`: {name of a bidder: why it is not}."""
    to = f"/rounds/{round_id}/qualification"
    asked = owner.get(to)
    reasons = {b["bid"]: (out or {}).get(b["bidder"], "") for b in asked["bids"]}
    results = {
        bid: {r["key"]: {"passes": not reason, "reason": reason} for r in asked["requirements"]}
        for bid, reason in reasons.items()
    }
    credit = {bid: {"clean": True, "source": "信用中国, 开标当日查询"} for bid in reasons}
    owner.ask("PUT", to, {"results": results, "credit": credit})
    waiting = owner.post(f"{to}/statement")
    return dict(owner.post(f"{to}/conclusion", {"signature": owner.signature_on(waiting["to_sign"])}))


def write_file(owner: Party, tender_id: str, *, file: Mapping[str, Any]) -> None:
    """Write, review and sign the tender file."""
    to = f"/tenders/{tender_id}"
    owner.post(f"{to}/document")
    owner.ask("PUT", f"{to}/document", {"document": dict(file)})
    owner.post(f"{to}/review")
    conclude(owner, tender_id)


def conclude(owner: Party, tender_id: str, *, opinion: str = "经审查, 未发现排除、限制竞争的内容") -> None:
    """Sign the fair-competition conclusion."""
    from urllib.parse import urlencode

    query = urlencode({"passed": "true", "opinion": opinion})
    waiting = owner.get(f"/tenders/{tender_id}/review-statement?{query}")
    owner.post(
        f"/tenders/{tender_id}/review-conclusion",
        {"passed": True, "opinion": opinion, "signature": owner.signature_on(waiting["to_sign"])},
    )


def publish(owner: Party, tender_id: str, *, deadline: datetime) -> None:
    """Publish the notice with its deadline."""
    owner.post(f"/tenders/{tender_id}/publication", {"bid_deadline": deadline.isoformat()})


def bid(
    bidder: Party,
    *,
    ocid: str,
    round_id: str,
    price: Decimal,
    duration_days: int,
    folder: Path,
    members: Sequence[Mapping[str, str]] = (),
    attachments: Sequence[Path] = (),
    tender_file: str = "",
    old_file: bool = False,
    registry: bool = False,
    sealing: str = "age",
    holders: Sequence[shares.Holder] = (),
    more: Mapping[str, Any] | None = None,
    two_envelopes: bool = False,
    priced: Sequence[Path] = (),
    priceless: bool = False,
) -> dict[str, Any]:
    """Seal a bid on the bidder's own machine and hand it over; `priced` go into the second of two envelopes.

    `priceless`: it is the answer of a negotiated procurement, whose price comes in a last offer.
    """
    fields = {
        "bidder": bidder.name,
        "uscc": bidder.uscc,
        "members": [dict(m) for m in members],
        "price": str(price),
        "duration_days": duration_days,
        "quality": "合格",
        "validity_days": 90,
        "manager": {"name": "项目负责人", "certificate": "训1370000000000"},
        "commitments": ["响应招标文件全部要求"],
        **(more or {}),
    }
    if priceless:
        del fields["price"]
    if registry:
        fields["registry"] = bids.snapshot(party=bidder)
    place: dict[str, Any] = {"party": bidder, "round_id": round_id, "ocid": ocid, "fields": fields}
    place |= {"attachments": attachments, "into": folder, "tender_file": tender_file}
    if two_envelopes:
        bids.seal_two(**place, priced=priced)
    else:
        bids.seal(**place, sealing=sealing, holders=holders)
    return bids.submit(party=bidder, round_id=round_id, folder=folder, old_file=old_file)


def draw(owner: Party, cast: Cast, tender_id: str) -> str:
    """Draw a committee: three parties commit and reveal seeds. The called experts answer in `answer_calls`."""
    found = str(owner.post(f"/tenders/{tender_id}/draws")["draw"])
    seeds = [(party, secrets.token_bytes(32)) for party in (owner, cast.centre, cast.supervisor)]
    for party, seed in seeds:
        party.post(f"/draws/{found}/seed-commitment", {"commitment": hashlib.sha256(seed).hexdigest()})
    for party, seed in seeds:
        party.post(f"/draws/{found}/seed", {"seed": seed.hex()})
    return found


def answer_calls(
    cast: Cast, *, refuse: Mapping[str, bool] | None = None, pool: Executor | None = None
) -> dict[str, list[Party]]:
    """Let every called expert answer until nobody is called; return {draw: the experts who accepted}."""
    accepted: dict[str, list[Party]] = {}

    def answer(expert: Party) -> list[Any]:
        calls = expert.get("/calls")["calls"]
        for call in (c for c in calls if c["state"] == "called"):
            accept = not (refuse or {}).get(expert.name, False)
            call |= expert.post(f"/draws/{call['draw']}/answer", {"accept": accept}) | {"answered": True}
        return list(calls)

    # who accepts calls nobody else: only after an answer of another kind somebody may have been called anew
    again = True
    while again:
        known = list(pool.map(answer, cast.experts)) if pool else [answer(e) for e in cast.experts]
        answered = [call for calls in known for call in calls if "answered" in call]
        again = any(call["state"] != "accepted" for call in answered)
    for expert, calls in zip(cast.experts, known, strict=True):
        for call in calls:
            if call["state"] == "accepted":
                accepted.setdefault(call["draw"], []).append(expert)
    return accepted


def end_opening(owner: Party, round_id: str) -> None:
    """Sign the opening record and end the opening."""
    waiting = owner.get(f"/rounds/{round_id}/opening/record")
    owner.post(f"/rounds/{round_id}/opening/end", {"signature": owner.signature_on(waiting["to_sign"])})


def tell_second(owner: Party, round_id: str, *, at: datetime) -> None:
    """Tell when the second envelopes are opened; the clock must reach that moment before `begin_second`."""
    owner.post(f"/rounds/{round_id}/second-opening/notice", {"opens_at": at.isoformat()})


def begin_second(owner: Party, round_id: str) -> None:
    """Begin to open the second envelopes."""
    owner.post(f"/rounds/{round_id}/second-opening")


def end_second(owner: Party, round_id: str) -> None:
    """Sign the record of the second opening and end it."""
    to = f"/rounds/{round_id}/second-opening"
    waiting = owner.get(f"{to}/record")
    owner.post(f"{to}/end", {"signature": owner.signature_on(waiting["to_sign"])})


def check_in(cast: Cast, draw_id: str, experts: Sequence[Party]) -> list[Party]:
    """Check the accepted experts in; who must stand aside is replaced by the next in rank, who checks in too."""
    seated: list[Party] = []
    waiting = list(experts)
    while waiting:
        expert = waiting.pop(0)
        answer = expert.post(f"/draws/{draw_id}/check-in", {"must_avoid": False})
        if not answer["avoids"]:
            take_seat(expert, draw_id)
            seated.append(expert)
            continue
        more = answer_calls(cast).get(draw_id, [])
        waiting += [e for e in more if e not in seated and e not in waiting and e is not expert]
    return seated


def take_seat(member: Party, draw_id: str) -> None:
    """Sign the 承诺书 and draw a seat."""
    oath = member.get(f"/draws/{draw_id}/oath")
    member.post(f"/draws/{draw_id}/seat", {"signature": member.signature_on(oath["to_sign"])})


def elect_leader(members: Sequence[Party], draw_id: str) -> None:
    """Let every member vote for the first in the list of codes."""
    code = members[0].get(f"/draws/{draw_id}/meeting")["members"][0]["code"]
    for member in members:
        member.post(f"/draws/{draw_id}/leader", {"choice": code})


def evaluate(
    members: Sequence[Party],
    round_id: str,
    *,
    points: Mapping[str, Mapping[str, str]] | None = None,
    until_scored: bool = False,
) -> None:
    """Let every member review, score where the method scores, and sign; `until_scored` leaves the signing out."""
    desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "leader":
        elect_leader(members, desk["draw"])
    # after the talks of a negotiated procurement the preliminary review is over
    desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "preliminary":
        desk = review(members, round_id)
    if desk["step"] == "competition":
        go_on = any(b["bid"] not in desk["rejected"] for b in desk["bids"])
        for member in members:
            member.post(
                f"/rounds/{round_id}/competition",
                {"go_on": go_on, "reason": "剩余投标报价仍具有竞争性" if go_on else "全部否决"},
            )
        if not go_on:
            return
        desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "price":
        for member in members:
            found = {bid: {"passes": True, "reason": "报价构成合理"} for bid in desk["low_prices"]}
            member.post(f"/rounds/{round_id}/prices", {"results": found})
        desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "detailed":
        for member in members:
            scores = {
                b["bid"]: (points or {}).get(b["bid"])
                or {
                    c["key"]: str(Decimal(c["weight"]) * Decimal("0.8")) for c in desk["document"]["criteria"]
                }
                for b in desk["bids"]
                if b["bid"] not in desk["rejected"]
            }
            member.post(f"/rounds/{round_id}/scores", {"scores": scores})
        for member in members:
            member.post(f"/rounds/{round_id}/summary")
    if not until_scored:
        sign_report(members, round_id)


def review(members: Sequence[Party], round_id: str) -> dict[str, Any]:
    """Let every member make the preliminary review; return the desk after that."""
    _review(members, round_id, members[0].get(f"/rounds/{round_id}/desk"), to="preliminary")
    return dict(members[0].get(f"/rounds/{round_id}/desk"))


def release_offer(bidder: Party, main_id: str) -> None:
    """Hand over the key of one's own last offer."""
    asked = bidder.get(f"/rounds/{main_id}/final-offer")["round"]
    for bid in bidder.get("/bids")["bids"]:
        if bid["round"] == asked and bid["state"] == "live":
            bids.release(party=bidder, bid_id=bid["bid"])


def _review(members: Sequence[Party], round_id: str, desk: Mapping[str, Any], *, to: str) -> None:
    """Let every member judge the requirements on its desk: only a price above the ceiling fails."""
    ceiling = Decimal(desk["ceiling_price"]) if desk["ceiling_price"] else None
    for member in members:
        results = {
            b["bid"]: {
                r["key"]: {
                    "passes": not (
                        r["key"] == "ceiling" and ceiling is not None and Decimal(b["price"]) > ceiling
                    ),
                    "reason": "报价超过最高投标限价",
                }
                for r in desk["document"]["requirements"]
            }
            for b in desk["bids"]
            if to == "preliminary" or b["bid"] not in desk["rejected"]
        }
        member.post(f"/rounds/{round_id}/{to}", {"results": results})


def evaluate_offers(members: Sequence[Party], round_id: str) -> None:
    """Let every member review the opened second envelopes, argue or judge prices where it comes to that, and sign."""
    desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "competition":
        desk = _compete(members, round_id)
    if desk["step"] == "offers":
        _review(members, round_id, desk, to="offers")
        desk = members[0].get(f"/rounds/{round_id}/desk")
    if desk["step"] == "competition":
        desk = _compete(members, round_id)
    if desk["step"] == "price":
        for member in members:
            found = {bid: {"passes": True, "reason": "报价构成合理"} for bid in desk["low_prices"]}
            member.post(f"/rounds/{round_id}/prices", {"results": found})
    sign_report(members, round_id)


def _compete(members: Sequence[Party], round_id: str) -> dict[str, Any]:
    """Let every member find that the bids left still compete; return the desk after that."""
    for member in members:
        member.post(f"/rounds/{round_id}/competition", {"go_on": True, "reason": "剩余投标报价仍具有竞争性"})
    return dict(members[0].get(f"/rounds/{round_id}/desk"))


def sign_report(members: Sequence[Party], round_id: str) -> None:
    """Let every member sign the report; the last signature hands it over."""
    for member in members:
        waiting = member.get(f"/rounds/{round_id}/report-to-sign")
        member.post(
            f"/rounds/{round_id}/report-signature", {"signature": member.signature_on(waiting["to_sign"])}
        )


def award(owner: Party, round_id: str) -> dict[str, Any]:
    """Award to the first candidate and send the sealed letter; return the first row of the ranking."""
    first = owner.get(f"/rounds/{round_id}/report")["report"]["ranking"][0]
    owner.post(f"/rounds/{round_id}/award", {"bid": first["bid"]})
    waiting = owner.post(f"/rounds/{round_id}/letter")
    owner.post(f"/rounds/{round_id}/letter/seal", {"signature": owner.signature_on(waiting["to_sign"])})
    return dict(first)


def collection(**changes: Any) -> dict[str, Any]:
    """Return the terms of a framework agreement as the file of its collection fixes them."""
    return {
        "needs": "市级预算单位小额零星工程的预算、结算编制和审核",
        "conditions": "依法登记, 有一级造价工程师",
        "scope": "训练市市级预算单位; 训练市行政区域",
        "settlement": "验收合格后30日内凭订单和发票结算",
        "contract_terms": "接到订单后2日内进场, 10日内提交成果; 成果有差错的免费修正",
        "contact": "训练市集中采购中心, 训练市政务路3号, 0000-0000003",
        "collector_kind": "agency",
        "ends_at": "2027-02-26T00:00:00+08:00",
        "items": [
            {"name": "预算编制", "unit": "人日", "spec": "一级造价工程师", "price": "950"},
            {"name": "结算审核", "unit": "人日", "spec": "一级造价工程师", "price": "1200"},
        ],
        "ways": ["compete", "turns"],
        "turn_rule": "place",
        "tie_rule": "earliest",
        "response_hours": 24,
        **changes,
    }


def choose(owner: Party, round_id: str) -> list[dict[str, Any]]:
    """Determine the several suppliers of a result with the buyer's signature; return them, best first."""
    waiting = owner.get(f"/rounds/{round_id}/choice")
    made = owner.post(f"/rounds/{round_id}/choice", {"signature": owner.signature_on(waiting["to_sign"])})
    return list(made["chosen"])


def contract(owner: Party, winner: Party, round_id: str) -> None:
    """Let both sides seal the contract."""
    for side in (owner, winner):
        waiting = side.post(f"/rounds/{round_id}/contract")
        side.post(f"/rounds/{round_id}/contract/seal", {"signature": side.signature_on(waiting["to_sign"])})


def stage_of(party: Party, lot_id: str) -> str:
    """Return the stage at which a published lot stands."""
    return str(party.get(f"/lots/{lot_id}")["status"])


def talk_with_all(leader: Party, round_id: str) -> None:
    """Let the leader write down a talk with every supplier that is left."""
    desk = leader.get(f"/rounds/{round_id}/desk")
    for bid in desk["bids"]:
        if bid["bid"] not in desk["rejected"]:
            text = f"与{bid['bidder']}就技术要求和服务方案逐项进行了磋商, 对方承诺全部响应。"
            leader.post(f"/rounds/{round_id}/talks", {"bid": bid["bid"], "text": text})


def leader_of(members: Sequence[Party], draw_id: str) -> Party:
    """Return which member was elected leader."""
    for member in members:
        meeting = member.get(f"/draws/{draw_id}/meeting")
        if meeting["code"] == meeting["leader"]:
            return member
    raise LookupError("no leader yet")


def last_offer(bidder: Party, *, ocid: str, main_id: str, price: Decimal, folder: Path) -> dict[str, Any]:
    """Seal a last offer on the bidder's own machine and hand it over."""
    asked = bidder.get(f"/rounds/{main_id}/final-offer")
    fields = {"bidder": bidder.name, "uscc": bidder.uscc, "price": str(price)}
    bids.seal(party=bidder, round_id=asked["round"], ocid=ocid, fields=fields, attachments=(), into=folder)
    return bids.submit(party=bidder, round_id=asked["round"], folder=folder)
