"""Draw a procedure for the handbook: a Mermaid diagram and a table, both from the value itself."""

from ggzy.procedures.spec import Procedure


def mermaid(procedure: Procedure) -> str:
    """Return a Mermaid state diagram; deferred moves are marked 待建."""
    lines = ["stateDiagram-v2", f"    [*] --> {procedure.initial}"]
    lines += [f'    state "{stage.label}" as {stage}' for stage in procedure.stages]
    for move in procedure.moves:
        mark = "" if move.built else "(待建)"
        lines.append(f"    {move.source} --> {move.target}: {move.label}{mark}")
    lines += [f"    {stage} --> [*]" for stage in procedure.stages if stage in procedure.final]
    return "\n".join(lines)


def table(procedure: Procedure) -> str:
    """Return a Markdown table of the moves: who, from, to, guard, clocks, clause, built or deferred."""
    rows = ["| 步骤 | 由 | 至 | 谁 | 条件 | 期限 | 依据 | 状态 |", "|---|---|---|---|---|---|---|---|"]
    for move in procedure.moves:
        rows.append(
            "| "
            + " | ".join(
                (
                    move.label,
                    move.source.label,
                    "不变" if move.stays else move.target.label,
                    "、".join(sorted(actor.label for actor in move.actors)),
                    move.guard or "—",
                    "、".join(move.limits) or "—",
                    "、".join(map(str, move.basis)) or "—",
                    "已建" if move.built else "待建",
                )
            )
            + " |"
        )
    return "\n".join(rows)
