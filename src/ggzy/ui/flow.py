"""A procedure as people read it: the main line, and what can happen at each stage of it."""

from dataclasses import dataclass

from ggzy.procedures.spec import FAILURES, Move, Procedure, Stage

#: ends that are nobody's aim: a way out, never the way on
_WAYS_OUT = FAILURES | {Stage.TERMINATED}


def main_line(procedure: Procedure) -> tuple[Stage, ...]:
    """Return the stages from the start to the aim, as the first way on from each leads."""
    line = [procedure.initial]
    while True:
        ways = [
            move.target
            for move in procedure.moves
            if move.source is line[-1] and move.target not in _WAYS_OUT and move.target not in line
        ]
        if not ways:
            return tuple(line)
        line.append(ways[0])


@dataclass(frozen=True)
class Step:
    """One stage of the main line for somebody who asks where a round stands."""

    stage: Stage
    state: str
    label: str


def steps_to(procedure: Procedure, now: Stage, *, since: Stage = Stage.OPEN_FOR_BID) -> list[Step]:
    """Return the main line from `since` on with what is done, what is now and what comes.

    A round that failed or was terminated shows that end as where it stands, after what it came through.
    """
    line = list(main_line(procedure))
    line = line[line.index(since) :] if since in line else line
    if now in _WAYS_OUT or now not in line:
        return [Step(s, word, procedure.label_of(s)) for s, word in ((line[0], "done"), (now, "now"))]
    place = line.index(now)
    words = ["done"] * place + ["now"] + ["next"] * (len(line) - place - 1)
    return [Step(s, word, procedure.label_of(s)) for s, word in zip(line, words, strict=True)]


@dataclass(frozen=True)
class Station:
    """One stage of the flow: the moves that lead on, what can happen while it lasts, and the ways off the line."""

    stage: Stage
    on: tuple[Move, ...]
    events: tuple[Move, ...]
    off: tuple[Move, ...]


def stations(procedure: Procedure) -> list[Station]:
    """Return the flow of a procedure: the main line first, then the stages beside it."""
    line = main_line(procedure)
    after = dict(zip(line, line[1:], strict=False))
    beside = [stage for stage in procedure.stages if stage not in line]
    out = []
    for stage in (*line, *beside):
        leaving = [move for move in procedure.moves if move.source is stage]
        out.append(
            Station(
                stage=stage,
                on=tuple(m for m in leaving if m.target is after.get(stage)),
                events=tuple(m for m in leaving if m.stays),
                off=tuple(m for m in leaving if not m.stays and m.target is not after.get(stage)),
            )
        )
    return out
