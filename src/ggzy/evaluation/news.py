"""What has happened at a member's desk since its page was shown: asked every few seconds, so it reads little."""

from dataclasses import asdict, dataclass
from typing import Any

from ggzy.committees.queries import MeetingNews, meeting_news
from ggzy.evaluation import flawed, standing
from ggzy.evaluation.actions import document_of
from ggzy.evaluation.queries import seat_at
from ggzy.kernel.actors import Actor
from ggzy.parties.grid import Permission, require


@dataclass(frozen=True, kw_only=True)
class DeskNews:
    """Where a desk stands, in a few values of which each can change: nothing of what anybody has entered."""

    step: str
    sitting: int
    #: this step waits for this member, and for how many in all
    mine: bool
    waiting_for: int
    meeting: MeetingNews | None
    #: questions put to bidders, and those answered or run out
    asked: int
    answered: int
    #: statements that the file is flawed, and the signatures on them
    stoppages: int

    @property
    def digest(self) -> str:
        """Return a mark that is another one whenever something has changed."""
        return standing.digest_of(asdict(self))[:16]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values for the page's script, the meeting's beside the others."""
        plain = asdict(self)
        return {"digest": self.digest, **(plain.pop("meeting") or {}), **plain}


def desk_news(*, round_id: str, actor: Actor) -> DeskNews:
    """Return where a member's desk stands now.

    :raises NotAMember: not, or no longer, on this committee
    :raises NotFound: no evaluation here
    """
    require(actor, Permission.EVALUATE)
    evaluation, member = seat_at(round_id, actor)
    waiting = standing.waiting_for(evaluation, evaluation.round, document_of(evaluation.round))
    asked, answered = standing.questions(evaluation.round)
    return DeskNews(
        step=evaluation.step,
        sitting=evaluation.number,
        mine=member.pk in waiting,
        waiting_for=len(waiting),
        meeting=meeting_news(evaluation.draw_id, member=member),
        asked=asked,
        answered=answered,
        stoppages=flawed.count_of(evaluation),
    )
