"""No two places repeat each other: whoever changes one of them would have to know the other."""

from __future__ import annotations

import ast
import copy
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
#: So many equal logical lines in a row are a repetition.
SHORTEST = 6
REASON = re.compile(r"# Repeats .+: .+")
FILES = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py")), *sorted((ROOT / "infra").rglob("*.py"))]


class LogicalLine(NamedTuple):
    """A statement, or the head of a block, without comments and in one format. It begins in the line `number`."""

    text: str
    number: int


def without_local_names(tree: ast.Module) -> ast.Module:
    """Return the tree with one name for all arguments and variables of functions."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes = list(ast.walk(function))
            arguments = [node for node in nodes if isinstance(node, ast.arg)]
            names = [node for node in nodes if isinstance(node, ast.Name)]
            local = {node.arg for node in arguments} | {node.id for node in names if isinstance(node.ctx, ast.Store)}
            for argument in arguments:
                argument.arg = "_"
            for name in names:
                name.id = "_" if name.id in local else name.id
    return tree


def logical_lines(statements: list[ast.stmt]) -> Iterator[LogicalLine]:
    """Yield the logical lines of statements and of those in them, without imports and docstrings."""
    for statement in statements:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if is_text or isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        yield LogicalLine(_head(statement), statement.lineno)
        for block in ("body", "handlers", "orelse", "finalbody"):
            yield from logical_lines(getattr(statement, block, []))


def _head(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        # No run of lines goes beyond the beginning of another function.
        return f"{statement.name} {statement.lineno}"
    head = copy.copy(statement)
    for block in ("body", "handlers", "orelse", "finalbody"):
        if hasattr(head, block):
            setattr(head, block, [])
    return ast.unparse(head)


def explained_lines(source: str, tree: ast.Module) -> set[int]:
    """Return the lines of the functions and classes in which a comment says why they repeat others."""
    reasons = [number for number, line in enumerate(source.splitlines(), 1) if REASON.search(line)]
    spans = [range(statement.lineno, (statement.end_lineno or 0) + 1) for statement in tree.body]
    return {number for span in spans if any(reason in span for reason in reasons) for number in span}


def repetitions(sources: dict[str, str]) -> list[str]:
    """Return the pairs of places in these files that repeat each other without a reason."""
    runs: dict[tuple[str, ...], list[tuple[str, int, int]]] = defaultdict(list)
    for name, source in sources.items():
        tree = without_local_names(ast.parse(source))
        lines, explained = list(logical_lines(tree.body)), explained_lines(source, tree)
        for begin in range(len(lines) - SHORTEST + 1):
            run = lines[begin : begin + SHORTEST]
            if run[0].number not in explained:
                runs[tuple(line.text for line in run)].append((name, run[0].number, run[-1].number))
    return [
        f"{one[0]}:{one[1]}-{one[2]} and {other[0]}:{other[1]}-{other[2]}"
        for places in runs.values()
        for one, other in combinations(places, 2)
        if one[0] != other[0] or one[2] < other[1]
    ]


def test_no_two_places_repeat_each_other() -> None:
    """Six equal logical lines are one function, or a comment says why not: `# Repeats module.name: reason`."""
    found = repetitions({str(path.relative_to(ROOT)): path.read_text("utf-8") for path in FILES})
    assert not found, "\n".join(found)


BLOCK = """
def {name}(items):
    '''{name}'''
    total = 0
    for item in items:
        if item:  # counts
            total += item
    print(total)
    return total
"""


def test_a_repetition_is_named_with_both_places() -> None:
    """Other names of the function and its variables, docstrings and comments do not hide it."""
    other = BLOCK.format(name="other").replace("  # counts", "").replace("total", "count")
    sources = {"one.py": BLOCK.format(name="one"), "other.py": other}
    assert repetitions(sources) == ["one.py:4-9 and other.py:4-9"]


def test_a_reason_is_enough_at_one_of_both_places() -> None:
    """The comment begins with `Repeats` and has a reason."""
    other = BLOCK.format(name="other").replace("# counts", "# Repeats one: the programs share no code")
    assert repetitions({"one.py": BLOCK.format(name="one"), "other.py": other}) == []
