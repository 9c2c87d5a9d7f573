"""The end of the first of two envelopes: who passed is kept, and each bidder learns its own result. No price is known."""

from datetime import datetime

from ggzy.evaluation import rules
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import Evaluation
from ggzy.evaluation.standing import Stand
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening.second import admit
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Round
from ggzy.tendering.moves import place_of


def close_first_envelope(
    evaluation: Evaluation,
    round_: Round,
    document: TenderDocument,
    stand: Stand,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Let those who passed be asked for their second key, and tell every bidder its own result (called inside an act)."""
    bids = judged_bids(round_.pk)
    admitted = sorted(b.bid for b in bids if b.bid not in stand.rejected)
    admit(round_, admitted=admitted, kept_out=stand.rejected, now=now)
    record_act(
        "evaluation.first_envelope_judged",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"sitting": evaluation.number, "judged_at": now.isoformat()},
        party={"admitted": admitted, "kept_out": stand.rejected},
    )
    for bid in bids:
        reasons = stand.rejected.get(bid.bid)
        points = ""
        if stand.scores and bid.bid in stand.scores[0]:
            found = rules.mean_score(stand.scores, bid=bid.bid, criteria=document.criteria)
            points = f"评审得分{found}分。"
        result = (
            f"您单位未通过第一信封评审: {'; '.join(reasons)}。{points}第二信封(报价文件)不予开启。"
            if reasons
            else f"您单位通过第一信封评审。{points}第二信封开标时间另行通知, 届时请用递交投标文件的证书解密第二信封。"
        )
        tell(
            organisations=[bid.bidder_pk],
            kind=Kind.SERVICE,
            title=f"{round_.lot.tender.name}（{round_.lot.name}）第一信封评审结果",
            text=result,
            link=f"/rounds/{round_.public_id}/hall",
            now=now,
        )
