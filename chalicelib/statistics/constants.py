"""Readers of constants in a parse tree: numbers, texts, intervals and times, with PostgreSQL's meaning.

A value that passes through anything that may change it, such as a cast to bits or to JSON, counts as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.statistics.names import Node, own_name

DAY = 86_400.0
YEAR = 366 * DAY
INTERVAL_TEXT_LIMIT = 100

_UNITS = {
    "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "m": 60.0, "hour": 3_600.0, "hr": 3_600.0,
    "h": 3_600.0, "day": DAY, "d": DAY, "week": 7 * DAY, "w": 7 * DAY, "month": 28 * DAY, "mon": 28 * DAY,
    "year": YEAR, "yr": YEAR, "y": YEAR, "decade": 10 * YEAR, "century": 100 * YEAR, "centurie": 100 * YEAR,
}  # fmt: skip
#: `interval '1' hour` stores its unit as a bit mask in the type modifier.
_UNIT_MASKS = {4: YEAR, 2: 28 * DAY, 8: DAY, 1024: 3_600.0, 2048: 60.0, 4096: 1.0}
_AMOUNT = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,12})?)\s*([a-z]+)\s*", re.ASCII)
_CLOCK = re.compile(r"([+-]?)(\d{1,6}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:([ T])(\d{1,2})(:.*))?\s*", re.ASCII | re.DOTALL)
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_TEXTS = frozenset({"text", "varchar", "timestamp", "timestamptz", "date", "time", "interval", "jsonpath"})


def number(node: Node) -> float | None:
    """Return the value of a constant number, with its sign and casts between number types; None for anything else."""
    constant = node.get("A_Const")
    if constant is not None:
        if "ival" in constant:
            return float(constant["ival"].get("ival", 0))
        return float(constant["fval"]["fval"]) if "fval" in constant else None
    expression = node.get("A_Expr")
    if expression is not None and "lexpr" not in expression and operator_name(expression) in {"-", "+"}:
        value = number(expression["rexpr"])
        return -value if value is not None and operator_name(expression) == "-" else value
    return number(node["TypeCast"]["arg"]) if _is_cast_to(node, _NUMBERS) else None


def at_most(node: Node) -> float | None:
    """Return an upper limit: a constant number, or the smallest constant argument of least(); None without one."""
    least = node.get("MinMaxExpr", {})
    if least.get("op") == "IS_LEAST":
        return min((value for value in map(number, least["args"]) if value is not None), default=None)
    return at_most(node["TypeCast"]["arg"]) if _is_cast_to(node, _NUMBERS) else number(node)


def text(node: Node) -> str | None:
    """Return the value of a constant text, with or without a cast that keeps it; None for anything else."""
    constant = node.get("A_Const")
    if constant is not None:
        return str(constant["sval"].get("sval", "")) if "sval" in constant else None
    return text(node["TypeCast"]["arg"]) if _is_cast_to(node, _TEXTS) else None


def _is_cast_to(node: Node, kinds: frozenset[str]) -> bool:
    kind = node.get("TypeCast", {}).get("typeName", {})
    name = own_name(kind["names"]) if kind else None
    # A length or precision may shorten the value; an interval's modifier only names its unit.
    return name in kinds and "arrayBounds" not in kind and ("typmods" not in kind or name == "interval")


def seconds(node: Node) -> float | None:
    """Return the length of a constant interval in seconds (a month has 28 days, a year 366); None if unknown."""
    expression = node.get("A_Expr")
    if expression is not None and operator_name(expression) == "*":
        return _product(expression)
    if "FuncCall" in node:
        return _interval_from_call(node["FuncCall"])
    value = text(node)
    if value is None or len(value) > INTERVAL_TEXT_LIMIT:
        return None
    cast = node.get("TypeCast", {}).get("typeName", {})
    masks = [number(modifier) for modifier in cast.get("typmods", [])]
    if masks and masks[0] in _UNIT_MASKS and value.strip("+-").isdigit():
        return int(value) * _UNIT_MASKS[int(masks[0])]
    return _interval(value.strip().lower())


def _product(expression: Node) -> float | None:
    left, right = expression.get("lexpr", {}), expression["rexpr"]
    factor, length = (number(left), seconds(right)) if number(left) is not None else (number(right), seconds(left))
    return None if factor is None or length is None else factor * length


def _interval_from_call(call: Node) -> float | None:
    """Return the length in seconds of `make_interval(hours => 1)`; None for any other call."""
    arguments = call.get("args", ())
    named = [argument["NamedArgExpr"] for argument in arguments if "NamedArgExpr" in argument]
    if own_name(call["funcname"]) != "make_interval" or len(named) != len(arguments):
        return None
    amounts = [_amount(argument) for argument in named]
    return None if None in amounts else sum(filter(None, amounts), 0.0)


def _amount(argument: Node) -> float | None:
    """Return the length of one argument of make_interval; None unless it is a constant of a known unit."""
    amount, unit = number(argument["arg"]), _UNITS.get(argument["name"].removesuffix("s"))
    return amount * unit if amount is not None and amount >= 0 and unit is not None else None


def _interval(words: str) -> float | None:
    """Return the length of `1 day 02:00:00`; None if it is unknown or has parts of both signs.

    Amounts of both signs add up to a shorter step than it seems.
    """
    clock = _CLOCK.search(words)
    if clock:
        words = (words[: clock.start()] + words[clock.end() :]).strip()
    if _AMOUNT.sub("", words):
        return None
    parts = [_length(amount, unit) for amount, unit in _AMOUNT.findall(words)]
    parts += [_clock_time(clock)] if clock else []
    if None in parts:
        return None
    total = sum(length for _, length in filter(None, parts))
    return total if len({sign for sign, _ in filter(None, parts)}) == 1 else None


def _length(amount: str, unit: str) -> tuple[str, float] | None:
    length = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    return None if length is None else ("-" if amount.startswith("-") else "+", float(amount) * length)


def _clock_time(clock: re.Match[str]) -> tuple[str, float]:
    sign, hours, minutes, rest = clock.groups()
    length = int(hours) * 3_600 + int(minutes) * 60 + int(rest or 0)
    return ("-", -length) if sign == "-" and length else ("+", length)


def constant_time(value: str) -> datetime:
    """Return the time of an ISO 8601 text, with or without leading zeros. Raise ValueError for any other text."""
    day = _DAY.fullmatch(value)
    if day is None:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    clock = f"T{int(day[5]):02}{day[6].strip()}" if day[5] else ""
    return datetime.fromisoformat(f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}{clock}").replace(tzinfo=None)


def parts(node: Any) -> Iterator[Node]:  # noqa: ANN401 - a tree of JSON
    """Yield every constant of an expression as the smallest node that `number`, `text` and `seconds` can read."""
    if isinstance(node, dict):
        if "A_Const" in node or ("TypeCast" in node and text(node) is not None):
            yield node
            return
        for value in node.values():
            yield from parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value)


def operator_name(expression: Node) -> str:
    """Return the operator of an A_Expr without its schema."""
    return str(expression["name"][-1]["String"]["sval"])
