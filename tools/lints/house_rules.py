"""The house rules H01 to H07. Each says the rule and the reason; its good and bad lines are tested."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

Found = Iterator[tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class HouseRule:
    """One rule: where it holds, how a breach is found, and a line of each kind."""

    code: str
    says: str
    why: str
    good: str
    bad: str
    holds_in: Callable[[PurePosixPath], bool]
    look: Callable[[ast.AST, PurePosixPath], Found] = field(repr=False)


def _context(path: PurePosixPath) -> str:
    """Return the context of a source file below src/ggzy, "" elsewhere."""
    parts = path.parts
    return parts[2] if parts[:2] == ("src", "ggzy") and len(parts) > 3 else ""


EDGES = {"portals", "api", "jobs", "cli", "edge", "boot", "training", "client"}


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_CLOCKS = ("timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today")


def _clocks(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func).endswith(_CLOCKS):
            yield node.lineno, _dotted(node.func)


def _stages(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for part in parts:
                if isinstance(part, ast.Attribute) and part.attr == "stage":
                    yield node.lineno, "assigns .stage"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            if any(k.arg == "stage" for k in node.keywords):
                yield node.lineno, "updates stage"


def _everywhere_objects(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name):
            if node.value.id[:1].isupper():
                yield node.lineno, f"{node.value.id}.objects"


def _floats(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Call) and _dotted(node.func) == "float":
            yield node.lineno, "float()"


_BARE = re.compile(
    r"^(操作|请求|提交|保存|处理|系统)?(失败|异常|错误|出错|有误)[!！。.]?$|请联系管理员[。!！]?$"
)


def _bare_errors(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _BARE.search(node.value):
            yield node.lineno, node.value


def _limits(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) == "TimeLimit":
            given = {k.arg for k in node.keywords}
            if "basis" not in given or any(
                k.arg == "basis" and isinstance(k.value, ast.Tuple) and not k.value.elts
                for k in node.keywords
            ):
                yield node.lineno, "a limit without a clause"


_KEY = re.compile(r"^(GC|GP|LD|MN|SP|OP|PY)-T\d{2}$")


def _keys(tree: ast.AST, path: PurePosixPath) -> Found:
    from ggzy.law.table import ALL

    known = {row.key for row in ALL}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.match(node.value):
            # limits of families that are not in the table yet may only be named by moves that are shown as such
            if node.value not in known and "procedures" not in path.parts:
                yield node.lineno, f"{node.value} is not in the table"


def _limits_and_keys(tree: ast.AST, path: PurePosixPath) -> Found:
    yield from _limits(tree, path)
    yield from _keys(tree, path)


def _migrations(tree: ast.AST, path: PurePosixPath) -> Found:
    for node in ast.walk(tree):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            if name == "ggzy" or name.startswith("ggzy."):
                yield node.lineno, f"imports {name}"


RULES: tuple[HouseRule, ...] = (
    HouseRule(
        code="H01",
        says="take `now` as an argument; only portals, api, jobs and cli may read the clock",
        why="a deadline must give the same answer in a test, in a replay and in court",
        good="def f(*, now): return now",
        bad="def f(): return timezone.now()",
        holds_in=lambda p: (
            _context(p) not in EDGES | {"", "kernel"}
            and p.name in {"rules.py", "actions.py", "queries.py", "limits.py", "moves.py", "document.py"}
        ),
        look=_clocks,
    ),
    HouseRule(
        code="H02",
        says="a stage changes only by a move (moves.py of its context)",
        why="a stage that is set by hand passes no guard, no hold and no permission",
        good="make_move(round_, 'publish', actor=actor, now=now)",
        bad="round_.stage = 'OPEN_FOR_BID'",
        holds_in=lambda p: (
            _context(p) not in {"", "boot"}
            and p.parts[2:]
            not in {
                ("tendering", "moves.py"),
                ("single_source", "moves.py"),
                ("frameworks", "moves.py"),
                ("innovation", "moves.py"),
            }
        ),
        look=_stages,
    ),
    HouseRule(
        code="H03",
        says="a page, an API operation, a rule and a model file ask no `Model.objects`; they call actions and queries",
        why="what a row does not hold, a page cannot leak",
        good="row = hall_row(round_id=round_id, viewer=actor)",
        bad="row = Round.objects.get(public_id=round_id)",
        holds_in=lambda p: (
            _context(p) in {"portals", "api", "edge"}
            or (bool(_context(p)) and p.name in {"rules.py", "models.py"})
        ),
        look=_everywhere_objects,
    ),
    HouseRule(
        code="H04",
        says="no float near money or scores",
        why="a rank can turn on the second decimal",
        good="share = Decimal('0.02')",
        bad="share = 0.02",
        holds_in=lambda p: (
            _context(p)
            in {
                "law",
                "methods",
                "procedures",
                "deposits",
                "evaluation",
                "awarding",
                "contracting",
                "bidding",
                "opening",
            }
            or p.parts[2:]
            in {("kernel", "money.py"), ("tendering", "rules.py"), ("tendering", "document.py")}
        ),
        look=_floats,
    ),
    HouseRule(
        code="H05",
        says="no bare Chinese error such as 操作失败",
        why="say what happened, why, on what ground, and what can be done next",
        good="message = '投标截止时间已到, 投标文件不再接收'",
        bad="message = '操作失败'",
        holds_in=lambda p: bool(_context(p)),
        look=_bare_errors,
    ),
    HouseRule(
        code="H06",
        says="every limit cites a clause, and every key that is used exists",
        why="a clock without a clause cannot be defended, and a key without a row never runs",
        good="limit = law['GC-T03']",
        bad="limit = law['GC-T99']",
        holds_in=lambda p: bool(_context(p)),
        look=_limits_and_keys,
    ),
    HouseRule(
        code="H07",
        says="a migration imports nothing of ours",
        why="it will run against code years younger than itself",
        good="from django.db import migrations",
        bad="from ggzy.kernel.ids import new_public_id",
        holds_in=lambda p: "migrations" in p.parts,
        look=_migrations,
    ),
)


def breaches(root: Path) -> list[str]:
    """Return every breach below a checkout as "path:line CODE rule (found) because reason"."""
    out = []
    for file in sorted((root / "src" / "ggzy").rglob("*.py")):
        path = PurePosixPath(file.relative_to(root).as_posix())
        rules = [rule for rule in RULES if rule.holds_in(path)]
        if not rules:
            continue
        source = file.read_text(encoding="utf-8")
        lines, tree = source.splitlines(), ast.parse(source)
        for rule in rules:
            for number, found in rule.look(tree, path):
                if f"# {rule.code}:" in lines[number - 1]:  # an exception says why, on its line
                    continue
                out.append(f"{path}:{number} {rule.code} {rule.says} ({found}), because {rule.why}")
    return out
