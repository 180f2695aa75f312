"""Limits on arguments that could turn a few characters into megabytes of memory or minutes of work.

No time limit of PostgreSQL bounds the memory of one value, and PostgreSQL evaluates constants while it plans. So the
limits are checked on the parse tree, and an argument without a provable limit is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.statistics.constants import YEAR, at_most, constant_time, number, parts, seconds, text
from chalicelib.statistics.names import Node, own_name

REPEAT_LIMIT = 1_000
#: Characters that all repetitions of a query may produce. Some functions need the square of that in time.
REPEATED_TEXT = 100_000
ASSUMED_LENGTH = 20
PATTERN_LIMIT = 200
JSONPATH_LIMIT = 200
EXPONENT_LIMIT = 100
EXPONENT_PRODUCT = 1_000
SERIES_PRODUCT = 200_000
FORMAT_WIDTH_LIMIT = 1_000
DIGITS_LIMIT = 100
DECIMAL_EXPONENT_LIMIT = 400
PADDED_TYPE_LIMITS = {"bpchar": 1_000, "bit": 1_000, "varbit": 1_000}

#: The assumed length in seconds of a series whose ends come from the data or the clock.
ASSUMED_SPAN = 5 * YEAR
SHORTEST_STEP = 1.0
#: Texts that PostgreSQL reads as times near the present.
CLOCK_WORDS = frozenset({"now", "today", "yesterday", "tomorrow"})

_SUBSCRIPTS = re.compile(r"\[[^\]]*,")
_PLACEHOLDER = re.compile(r"%(?:(\d+)\$)?-?(\*|\d+)?")


class OutOfBounds(Exception):
    """An argument is, or may be, larger than a report needs. The message names it and states the limit."""


class Budget:
    """The repetitions, powers and series that one query has used so far."""

    # Class attributes until a query uses one, which few queries do.
    _repeated = 1.0
    _unit = 0
    _raised = 1.0
    _series = 1.0

    def repetition(self, name: str, arguments: list[Node]) -> None:
        """Limit the length argument of `repeat`, `lpad` and `rpad`, and the total text that they produce."""
        count = at_most(arguments[1]) if len(arguments) > 1 else None
        if count is None or count > REPEAT_LIMIT:
            raise OutOfBounds(
                f"{name} needs a length of at most {REPEAT_LIMIT}: a constant, or least(…, {REPEAT_LIMIT})"
            )
        longest = max((len(text(part) or "") for part in parts(arguments)), default=0)
        self._unit = max(self._unit, longest, ASSUMED_LENGTH)
        self._repeated *= max(count, 1.0)
        if self._repeated * self._unit > REPEATED_TEXT:
            raise OutOfBounds(
                f"all repeat, lpad and rpad calls may produce at most {REPEATED_TEXT} characters together"
            )

    def exponent(self, name: str, arguments: list[Node]) -> None:
        """Limit the exponent of `power` and of the operator `^`."""
        exponent = at_most(arguments[1]) if len(arguments) > 1 else None
        if exponent is None or abs(exponent) > EXPONENT_LIMIT:
            raise OutOfBounds(
                f"{name} needs an exponent up to {EXPONENT_LIMIT}: a constant, or least(…, {EXPONENT_LIMIT})"
            )
        self._raised *= max(abs(exponent), 1.0)
        if self._raised > EXPONENT_PRODUCT:
            raise OutOfBounds(f"the product of all exponents of one query may be at most {EXPONENT_PRODUCT}")

    def template(self, name: str, arguments: list[Node]) -> None:
        """Limit the widths in the template of `format`."""
        template = text(arguments[0]) if arguments else None
        if template is None:
            raise OutOfBounds(f"{name} needs a constant template")
        for _, width in _PLACEHOLDER.findall(template.replace("%%", "")):
            if width == "*" or (width and (len(width) > 4 or int(width) >= FORMAT_WIDTH_LIMIT)):
                raise OutOfBounds(f"widths in a {name} template must be constants below {FORMAT_WIDTH_LIMIT}")

    def pattern(self, name: str, arguments: list[Node]) -> None:
        """Limit the search text: a search takes the product of both lengths and ignores the time limit."""
        for pattern in arguments[1 : 3 if name == "replace" else 2]:
            _check_pattern(name, pattern, AGGREGATED_TEXTS)

    def normal_form(self, name: str, arguments: list[Node]) -> None:
        """Limit the text to normalise, which takes the square of its length."""
        for argument in arguments[:1]:
            _check_pattern(name, argument, AGGREGATED_TEXTS | LENGTHENED_TEXTS)

    def jsonpath(self, name: str, arguments: list[Node]) -> None:
        """Limit a JSON path: each list of subscripts multiplies the number of results."""
        path = text(arguments[1]) if len(arguments) > 1 else None
        if path is None or len(path) > JSONPATH_LIMIT or _SUBSCRIPTS.search(path):
            raise OutOfBounds(
                f"{name} needs a constant path of at most {JSONPATH_LIMIT} characters without lists like [0,1]"
            )

    def series(self, name: str, arguments: list[Node]) -> None:
        """Limit the number of values that `generate_series` returns."""
        step = number(arguments[2]) if len(arguments) > 2 else 1.0
        if step == 0:
            raise OutOfBounds(f"{name} needs a step other than zero")
        length = _count_of_numbers(name, arguments, step) if step is not None else _count_of_times(name, arguments)
        self._series *= max(length, 1.0)
        if self._series > SERIES_PRODUCT:
            raise OutOfBounds(f"all series of one query together may produce at most {SERIES_PRODUCT} combinations")


#: Functions with limited arguments. They are also refused as `value.name`, which hides the arguments.
BOUNDED: dict[str, Callable[[Budget, str, list[Node]], None]] = {
    "repeat": Budget.repetition,
    "lpad": Budget.repetition,
    "rpad": Budget.repetition,
    "pow": Budget.exponent,
    "power": Budget.exponent,
    "format": Budget.template,
    "generate_series": Budget.series,
    "normalize": Budget.normal_form,
    "is_normalized": Budget.normal_form,
    **dict.fromkeys(
        ("strpos", "position", "replace", "split_part", "string_to_array", "string_to_table", "translate"),
        Budget.pattern,
    ),
    **dict.fromkeys(("btrim", "ltrim", "rtrim", "starts_with", "array_to_string"), Budget.pattern),
    **dict.fromkeys(
        (
            "jsonb_path_exists",
            "jsonb_path_match",
            "jsonb_path_query",
            "jsonb_path_query_array",
            "jsonb_path_query_first",
        ),
        Budget.jsonpath,
    ),
}
#: Operators whose operands have the limits of these functions' arguments.
BOUNDED_OPERATORS: dict[str, Callable[[Budget, str, list[Node]], None]] = {
    "^": Budget.exponent,
    **dict.fromkeys(("~~", "!~~", "~~*", "!~~*", "^@"), Budget.pattern),
    **dict.fromkeys(("@?", "@@"), Budget.jsonpath),
}
#: Operators that compare every element of one array with every element of the other.
CROSSING_OPERATORS = frozenset({"&&", "@>", "<@", "-"})
#: Calls that build one long text from many rows or elements.
AGGREGATED_TEXTS = frozenset(
    "string_agg array_to_string json_agg jsonb_agg json_object_agg jsonb_object_agg array_to_json".split()
)
#: Calls that build a long text from a few characters.
LENGTHENED_TEXTS = frozenset("repeat lpad rpad replace overlay format concat concat_ws translate".split())
#: Calls that build one long array from many rows or from one long text.
AGGREGATED_ARRAYS = frozenset("array_agg jsonb_agg json_agg string_to_array regexp_split_to_array array_cat".split())


def literal(constant: Node) -> None:
    """Refuse numbers so long that arithmetic on them takes seconds. `constant` is an A_Const node."""
    digits = constant.get("fval", {}).get("fval", "")
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > DIGITS_LIMIT or (exponent and abs(int(exponent)) > DECIMAL_EXPONENT_LIMIT):
        raise OutOfBounds(f"numbers may have {DIGITS_LIMIT} digits and exponents up to {DECIMAL_EXPONENT_LIMIT}")


def modifier(name: str, modifiers: list[Node]) -> None:
    """Refuse types that pad every value, such as `char(10000000)`."""
    limit = PADDED_TYPE_LIMITS.get(name)
    for size_node in modifiers:
        size = number(size_node)
        if size is None or (limit is not None and size > limit):
            raise OutOfBounds(f"the length of {name} must be a constant of at most {limit or 'its own maximum'}")


def crossing(name: str, operands: list[Node]) -> None:
    """Refuse operators between two arrays built from rows; for `-`, any such array on the right."""
    aggregated = [_is_aggregated_array(operand) for operand in operands]
    if all(aggregated) or (name == "-" and aggregated[-1]):
        raise OutOfBounds(f"{name} needs a short array on its right, such as array['a', 'b']")


def _is_aggregated_array(node: Node) -> bool:
    if "TypeCast" in node:
        return _is_aggregated_array(node["TypeCast"]["arg"])
    call = node.get("FuncCall")
    is_query = node.get("SubLink", {}).get("subLinkType") == "ARRAY_SUBLINK"
    return is_query or (call is not None and own_name(call["funcname"]) in AGGREGATED_ARRAYS)


def _check_pattern(name: str, pattern: Node, long_text_calls: frozenset[str]) -> None:
    constant = text(pattern)
    length = len(constant) if constant is not None else sum(len(text(part) or "") for part in parts(pattern))
    if length > PATTERN_LIMIT or (constant is None and _calls_any(long_text_calls, pattern)):
        raise OutOfBounds(f"{name} takes a search text of at most {PATTERN_LIMIT} characters, not an aggregated text")


def _calls_any(names: frozenset[str], node: Any) -> bool:  # noqa: ANN401 - a tree of JSON
    if isinstance(node, list):
        return any(_calls_any(names, part) for part in node)
    if not isinstance(node, dict):
        return False
    call = node.get("FuncCall")
    if call is not None and own_name(call["funcname"]) in names:
        return True
    return any(_calls_any(names, part) for part in node.values())


def _count_of_numbers(name: str, arguments: list[Node], step: float) -> float:
    first, last = (number(arguments[0]), at_most(arguments[1])) if len(arguments) > 1 else (None, None)
    if first is None or last is None:
        raise OutOfBounds(f"{name} over numbers needs constant bounds, or least(…, 100) as the last")
    return abs(last - first) / (abs(step) or 1.0) + 1


def _count_of_times(name: str, arguments: list[Node]) -> float:
    step = seconds(arguments[2])
    if step is None or abs(step) < SHORTEST_STEP:
        raise OutOfBounds(f"{name} over time needs a constant step of a second or longer, such as interval '1 hour'")
    first, last = _constant_time(name, arguments[0]), _constant_time(name, arguments[1])
    if isinstance(first, datetime) and isinstance(last, datetime):
        return abs((last - first).total_seconds()) / abs(step) + 1
    return (ASSUMED_SPAN + _shift(arguments[0]) + _shift(arguments[1])) / abs(step)


def _constant_time(name: str, node: Node) -> datetime | None:
    """Return a constant time; None for one that is only known at run time, such as now() or a column."""
    value = text(node)
    try:
        return None if value is None or value in CLOCK_WORDS else constant_time(value)
    except ValueError:
        raise OutOfBounds(f"{name} needs its times written as '2024-03-01' or '2024-03-01 10:00'") from None


def _shift(node: Node) -> float:
    """Return the seconds by which the constant intervals of an expression may move it, numbers being factors."""
    lengths, factor = 0.0, 1.0
    for part in parts(node):
        length = seconds(part)
        value = number(part) if "A_Const" in part else None
        lengths += abs(length) if length is not None else 0.0
        factor *= max(abs(value), 1.0) if value is not None else 1.0
    return lengths * factor
