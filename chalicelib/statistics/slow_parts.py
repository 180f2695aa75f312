"""The parts of a query that are slow whatever the indexes, found in its parse tree, and how to write them instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
from pglast.parser import ParseError, parse_sql_json

from chalicelib.statistics import positions
from chalicelib.statistics.constants import number, operator_name
from chalicelib.statistics.metric_functions import EXAMPLES
from chalicelib.statistics.names import Node, names

#: The number of last digits that have an index.
ENDING = 9
_RANGE = frozenset({"<", "<=", ">", ">="})
_TALK_TIMES = frozenset({"start_dt", "stop_dt", "dial_dt"})
_CONDITIONS = frozenset({"quals", "whereClause"})


class _Part(NamedTuple):
    """A node of the parse tree, and the condition of a join or of WHERE that it belongs to."""

    kind: str
    node: Node
    condition: Node


def advice(text: str) -> str:
    """Return which part of the query `text` is slow and how others write it; an empty text where that is not known."""
    try:
        parts = list(_parts(orjson.loads(parse_sql_json(str(text))), {}))
    except (ParseError, RecursionError):
        return ""
    has_series = any(
        part.kind == "FuncCall" and names(part.node["funcname"])[-1] == "generate_series" for part in parts
    )
    for matches, sentence in _SLOW:
        for part in parts:
            if matches(part, has_series=has_series):
                place = positions.describe(text, _location(part.node))
                return f"the slow part is {sentence.replace('{place}', place)}"
    return ""


def _parts(value: Any, condition: Node) -> Iterator[_Part]:  # noqa: ANN401 - a tree of JSON
    if isinstance(value, list):
        for part in value:
            yield from _parts(part, condition)
    elif isinstance(value, dict):
        for kind, part in value.items():
            inner = part if kind in _CONDITIONS else condition
            if isinstance(part, dict):
                yield _Part(kind, part, inner)
            yield from _parts(part, inner)


def _location(node: Node) -> int:
    """Return where a node begins: that of an expression with an operator is where its first operand begins."""
    places = [int(part.node["location"]) for part in _parts([{"": node}], {}) if part.node.get("location", -1) >= 0]
    return min(places)


def _columns(value: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the names of the columns in a part of the tree."""
    found = (part.node["fields"][-1] for part in _parts(value, {}) if part.kind == "ColumnRef")
    return [names([field])[0] for field in found if "String" in field]


def _joins_a_range(part: _Part, *, has_series: bool) -> bool:
    """Tell whether each value of a series is compared with the times of talks."""
    if not has_series or part.kind != "A_Expr" or operator_name(part.node) not in _RANGE:
        return False
    return bool(_TALK_TIMES.intersection(_columns(part.node))) and _is_compared_with_columns(part.node)


def _is_compared_with_columns(node: Node) -> bool:
    return bool(_columns(node.get("lexpr"))) and bool(_columns(node.get("rexpr")))


def _joins_slots_of_agents(part: _Part, *, has_series: bool) -> bool:
    if not _joins_a_range(part, has_series=has_series):
        return False
    return bool({"ausername", "busername"}.intersection(_columns(part.condition)))


def _is_alternative(part: _Part, *, has_series: bool) -> bool:  # noqa: ARG001 - one shape for all tests
    """Tell whether columns are compared with one column or another."""
    if part.kind != "BoolExpr" or part.node["boolop"] != "OR_EXPR":
        return False
    return all("A_Expr" in arm and _is_compared_with_columns(arm["A_Expr"]) for arm in part.node["args"])


def _compares_endings(part: _Part, *, has_series: bool) -> bool:  # noqa: ARG001 - one shape for all tests
    if part.kind != "FuncCall" or names(part.node["funcname"])[-1] != "right" or not part.condition:
        return False
    return number(part.node["args"][-1]) != ENDING


def _begins_with_anything(part: _Part, *, has_series: bool) -> bool:  # noqa: ARG001 - one shape for all tests
    if part.kind != "A_Expr" or part.node.get("kind") not in {"AEXPR_LIKE", "AEXPR_ILIKE"}:
        return False
    pattern = part.node["rexpr"].get("A_Const", {}).get("sval", {}).get("sval", "")
    return not pattern or pattern[0] in "%_"


_Test = Callable[..., bool]
#: The test for a slow part, and what the error says about it.
_SLOW: tuple[tuple[_Test, str], ...] = (
    (
        _joins_slots_of_agents,
        (
            "the join of slots with the times of talks ({place}), which compares each slot with every talk of an agent;"
            f" write: {EXAMPLES['talks of agents in slots of time']}"
        ),
    ),
    (
        _joins_a_range,
        (
            "the comparison of a series with the times of talks ({place}), which compares each moment with every talk;"
            f" write: {EXAMPLES['calls in progress at each moment']}"
        ),
    ),
    (
        _is_alternative,
        (
            "the condition with `or` ({place}), which looks for each row twice; write one query for each side of it,"
            " joined by union, or two conditions with exists, and limit invitedt of both tables"
        ),
    ),
    (
        _compares_endings,
        (
            f"the comparison of endings ({{place}}): only right(number, {ENDING}) has an index, of anumber and"
            " bnumber in calls.success, fromnumber and callednum in calls.cancelled"
        ),
    ),
    (
        _begins_with_anything,
        (
            "the pattern that begins with anything ({place}), for which no index helps; for the end of a number write"
            f" right(bnumber, {ENDING}) = '123456789'"
        ),
    ),
)
