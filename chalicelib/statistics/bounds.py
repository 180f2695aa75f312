"""Limits on arguments that would make megabytes or minutes out of a few characters.

No time limit of PostgreSQL bounds the memory of one value, and constants are folded while a query is planned, so these
are read off the tree: what cannot be bounded there is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

Node = dict[str, Any]

REPEAT_LIMIT = 1_000
REPEAT_PRODUCT = 100_000
EXPONENT_LIMIT = 100
EXPONENT_PRODUCT = 1_000
SERIES_PRODUCT = 200_000
FORMAT_WIDTH_LIMIT = 1_000
DIGITS_LIMIT = 100
DECIMAL_EXPONENT_LIMIT = 400
PADDED_TYPE_LIMITS = {"bpchar": 1_000, "bit": 1_000, "varbit": 1_000}

DAY = 86_400.0
YEAR = 366 * DAY
#: How long a series between moments of the data, or of the clock, is taken to be.
ASSUMED_SPAN = 5 * YEAR
SHORTEST_STEP = 1.0

_UNITS = {
    "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "m": 60.0, "hour": 3_600.0, "hr": 3_600.0,
    "h": 3_600.0, "day": DAY, "d": DAY, "week": 7 * DAY, "w": 7 * DAY, "month": 28 * DAY, "mon": 28 * DAY,
    "year": YEAR, "yr": YEAR, "y": YEAR, "decade": 10 * YEAR, "century": 100 * YEAR, "centurie": 100 * YEAR,
}  # fmt: skip
#: `interval '1' hour` keeps its unit as a bit mask in the type's modifier.
_UNIT_MASKS = {4: YEAR, 2: 28 * DAY, 8: DAY, 1024: 3_600.0, 2048: 60.0, 4096: 1.0}
_AMOUNT = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,12})?)\s*([a-z]+)\s*", re.ASCII)
_CLOCK = re.compile(r"([+-]?)(\d{1,6}):(\d{2})(?::(\d{2}))?", re.ASCII)
_PLACEHOLDER = re.compile(r"%(?:(\d+)\$)?-?(\*|\d+)?")


class OutOfBounds(Exception):
    """An argument is, or may be, larger than a report needs; the message says which and what would be right."""


class Budget:
    """How much one query has used of what multiplies: repetitions, powers and series."""

    def __init__(self) -> None:
        """Nothing is used yet."""
        self._repeated = 1.0
        self._raised = 1.0
        self._series = 1.0

    def repetition(self, name: str, arguments: list[Node]) -> None:
        """Bound the length argument of `repeat`, `lpad` and `rpad`."""
        count = number(arguments[1]) if len(arguments) > 1 else None
        if count is None or count > REPEAT_LIMIT:
            raise OutOfBounds(f"{name} needs a constant length of at most {REPEAT_LIMIT}")
        self._repeated *= max(count, 1.0)
        if self._repeated > REPEAT_PRODUCT:
            raise OutOfBounds(f"repeat, lpad and rpad together may lengthen a text {REPEAT_PRODUCT} times at most")

    def exponent(self, name: str, arguments: list[Node]) -> None:
        """Bound the exponent of `power` and of the operator `^`."""
        exponent = number(arguments[1]) if len(arguments) > 1 else None
        if exponent is None or abs(exponent) > EXPONENT_LIMIT:
            raise OutOfBounds(f"{name} needs a constant exponent between -{EXPONENT_LIMIT} and {EXPONENT_LIMIT}")
        self._raised *= max(abs(exponent), 1.0)
        if self._raised > EXPONENT_PRODUCT:
            raise OutOfBounds(f"the exponents of one query may multiply to {EXPONENT_PRODUCT} at most")

    def template(self, name: str, arguments: list[Node]) -> None:
        """Bound the widths in the template of `format`."""
        template = text(arguments[0]) if arguments else None
        if template is None:
            raise OutOfBounds(f"{name} needs a constant template")
        for _, width in _PLACEHOLDER.findall(template.replace("%%", "")):
            if width == "*" or (width and (len(width) > 4 or int(width) >= FORMAT_WIDTH_LIMIT)):
                raise OutOfBounds(f"widths in a {name} template must be constants below {FORMAT_WIDTH_LIMIT}")

    def series(self, name: str, arguments: list[Node]) -> None:
        """Bound the number of values that `generate_series` gives."""
        step = number(arguments[2]) if len(arguments) > 2 else 1.0
        length = _count(name, arguments, step) if step is not None else _moments(name, arguments)
        self._series *= max(length, 1.0)
        if self._series > SERIES_PRODUCT:
            raise OutOfBounds(f"the series of one query may give {SERIES_PRODUCT} combinations at most")


#: Functions whose arguments are bounded. They are refused as `value.name` too, where arguments cannot be seen.
BOUNDED: dict[str, Callable[[Budget, str, list[Node]], None]] = {
    "repeat": Budget.repetition,
    "lpad": Budget.repetition,
    "rpad": Budget.repetition,
    "pow": Budget.exponent,
    "power": Budget.exponent,
    "format": Budget.template,
    "generate_series": Budget.series,
}


def literal(constant: Node) -> None:
    """Refuse numbers so long that arithmetic with them takes seconds: `constant` is an A_Const."""
    digits = constant.get("fval", {}).get("fval", "")
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > DIGITS_LIMIT or (exponent and abs(int(exponent)) > DECIMAL_EXPONENT_LIMIT):
        raise OutOfBounds(f"numbers may have {DIGITS_LIMIT} digits and exponents up to {DECIMAL_EXPONENT_LIMIT}")


def modifier(name: str, modifiers: list[Node]) -> None:
    """Refuse types that pad every value, such as `char(10000000)`."""
    limit = PADDED_TYPE_LIMITS.get(name)
    for given in modifiers:
        size = number(given)
        if size is None or (limit is not None and size > limit):
            raise OutOfBounds(f"the length of {name} must be a constant of at most {limit or 'its own maximum'}")


def number(node: Node) -> float | None:
    """The value of a constant number, signed or cast or not; None for anything else."""
    constant = node.get("A_Const")
    if constant is not None:
        if "ival" in constant:
            return float(constant["ival"].get("ival", 0))
        return float(constant["fval"]["fval"]) if "fval" in constant else None
    expression = node.get("A_Expr")
    if expression is not None and "lexpr" not in expression and _operator(expression) in {"-", "+"}:
        value = number(expression["rexpr"])
        return -value if value is not None and _operator(expression) == "-" else value
    cast = node.get("TypeCast")
    return number(cast["arg"]) if cast is not None else None


def text(node: Node) -> str | None:
    """The value of a constant text, cast or not; None for anything else."""
    constant = node.get("A_Const")
    if constant is not None:
        return str(constant["sval"].get("sval", "")) if "sval" in constant else None
    cast = node.get("TypeCast")
    return text(cast["arg"]) if cast is not None else None


def seconds(node: Node) -> float | None:
    """The length of a constant interval in seconds (a month counts 28 days, a year 366); None if it cannot be told."""
    value = text(node)
    if value is None:
        return None
    cast = node.get("TypeCast", {}).get("typeName", {})
    masks = [number(modifier) for modifier in cast.get("typmods", [])]
    if masks and masks[0] in _UNIT_MASKS and value.strip("+-").isdigit():
        return int(value) * _UNIT_MASKS[int(masks[0])]
    return _interval(value.strip().lower())


def _interval(words: str) -> float | None:
    clock = _CLOCK.search(words)
    total = 0.0
    if clock:
        sign, hours, minutes, rest = clock.groups()
        total = (int(hours) * 3_600 + int(minutes) * 60 + int(rest or 0)) * (-1 if sign == "-" else 1)
        words = (words[: clock.start()] + words[clock.end() :]).strip()
    amounts = _AMOUNT.findall(words)
    if _AMOUNT.sub("", words) or not (amounts or clock):
        return None
    for amount, unit in amounts:
        length = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
        if length is None:
            return None
        total += float(amount) * length
    return total


def _operator(expression: Node) -> str:
    return str(expression["name"][-1]["String"]["sval"])


def _count(name: str, arguments: list[Node], step: float) -> float:
    first, last = (number(argument) for argument in arguments[:2]) if len(arguments) > 1 else (None, None)
    if first is None or last is None:
        raise OutOfBounds(f"{name} over numbers needs constant bounds")
    return abs(last - first) / (abs(step) or 1.0) + 1


def _moments(name: str, arguments: list[Node]) -> float:
    step = seconds(arguments[2])
    if step is None or abs(step) < SHORTEST_STEP:
        raise OutOfBounds(f"{name} over time needs a constant step of a second or longer, such as interval '1 hour'")
    first, last = _moment(name, arguments[0]), _moment(name, arguments[1])
    if isinstance(first, datetime) and isinstance(last, datetime):
        return abs((last - first).total_seconds()) / abs(step) + 1
    return (ASSUMED_SPAN + _shift(arguments[0]) + _shift(arguments[1])) / abs(step)


def _moment(name: str, node: Node) -> datetime | None:
    """A constant moment; None for one that only the query's run tells, such as now() or a column."""
    value = text(node)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    except ValueError:
        raise OutOfBounds(f"{name} needs its moments written as '2024-03-01' or '2024-03-01 10:00'") from None


def _shift(node: Node) -> float:
    """How far the constant intervals in an expression may move it, taking its numbers as their factors."""
    lengths, factor = 0.0, 1.0
    for part in _parts(node):
        length = seconds(part)
        value = number(part) if "A_Const" in part else None
        lengths += abs(length) if length is not None else 0.0
        factor *= max(abs(value), 1.0) if value is not None else 1.0
    return lengths * factor


def _parts(node: Any) -> Iterator[Node]:  # noqa: ANN401 - a tree of JSON
    if isinstance(node, dict):
        if "A_Const" in node or ("TypeCast" in node and text(node) is not None):
            yield node
            return
        for value in node.values():
            yield from _parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _parts(value)
