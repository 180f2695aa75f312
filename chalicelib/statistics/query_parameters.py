"""Values for the parameters of a query: `$1, $2, …` from an array, `:name` from an object.

COPY, which sends the rows, takes no parameters. So each value becomes one constant of the query, and PostgreSQL gives
it the type of its place, as it does for a parameter. A value cannot become anything else: the parse tree with the
constants is compared with that of the query before. The guard then checks a value like any other constant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pglast.parser import ParseError, Token, parse_sql_json, scan

from chalicelib.errors import InvalidRequest, Refused
from chalicelib.statistics import positions
from chalicelib.statistics.guard import check_size
from chalicelib.statistics.names import Node
from chalicelib.statistics.positions import BoundText, Replacement

Values = Sequence[object] | Mapping[str, object]

#: A whole number with more digits is refused here, because the guard refuses it as a constant too.
_DIGITS_LIMIT = 100
_SHOWN = 10
_NAME_SHOWN = 60
_TOO_DEEP = "the query is nested too deeply; use fewer levels"
#: The beginning of a list of values, up to one of them.
_IN_LIST = re.compile(r"\bin\s*\((?:[^()]*,)?\s*$", re.ASCII | re.IGNORECASE)
#: A comparison with one value, up to that value.
_COMPARISON = re.compile(r"(?:=|<>|!=|\b(?:like|ilike))\s*$", re.ASCII | re.IGNORECASE)
_CAST = re.compile(r"\s*::")
_NAME = re.compile(r":[A-Za-z_]\w*", re.ASCII)
#: The scanner's names of a colon and of brackets.
_COLON = "ASCII_58"
_BRACKETS = {"ASCII_91": 1, "ASCII_93": -1}
_PLACES = frozenset({"location", "list_start", "list_end", "rexpr_list_start", "rexpr_list_end", "stmt_len"})


class _Slot(NamedTuple):
    """One parameter in a query: its characters from `start` to before `end`, and its name as written."""

    start: int
    end: int
    name: str


def bound(query: str, values: Values) -> str:
    """Return `query` with its parameters replaced by `values`.

    Raise InvalidRequest for a value of a wrong kind, Refused when values and parameters do not match.
    """
    check_size(query)
    named = _named(values) if isinstance(values, Mapping) else _numbered(values)
    literals = {name: _literal(value, f"options.params: {name}") for name, value in named.items()}
    slots = list(_slots(query, literals, by_name=isinstance(values, Mapping)))
    _check_match({slot.name for slot in slots}, literals)
    _check_arrays(query, [slot for slot in slots if isinstance(named[slot.name], list)])
    if not slots:
        return query
    numbers = {name: f"${number}" for number, name in enumerate(literals, 1)}
    with_numbers = _replaced(query, slots, numbers.__getitem__)
    with_literals = _replaced(query, slots, literals.__getitem__)
    check_size(with_literals)
    constants = {number: _constant(literals[name]) for number, name in enumerate(literals, 1)}
    if not _are_same(_parsed(with_numbers), _parsed(with_literals), constants):
        raise Refused("a parameter may only stand in place of a value: write $1::date, and not date $1")
    return with_literals


def names(query: str) -> set[str]:
    """Return the names of the parameters `:name` in `query`. Raise Refused when PostgreSQL's scanner cannot read it."""
    check_size(query)
    return {slot.name.removeprefix(":") for slot in _slots(query, {}, by_name=True) if slot.name.startswith(":")}


def _named(values: Mapping[str, object]) -> dict[str, object]:
    for name in values:
        if not _NAME.fullmatch(f":{name}"):
            rule = "must be Latin letters, digits and underscores, without the colon"
            raise InvalidRequest(f"options.params: the name {name[:_NAME_SHOWN]!a} {rule}")
    return {f":{name}": value for name, value in values.items()}


def _numbered(values: Sequence[object]) -> dict[str, object]:
    return {f"${number}": value for number, value in enumerate(values, 1)}


def _slots(query: str, literals: Mapping[str, str], *, by_name: bool) -> Iterator[_Slot]:
    """Yield the parameters of a query. Raise Refused when PostgreSQL's scanner cannot read it."""
    try:
        tokens: list[Token] = scan(query)
    except ParseError as error:
        raise Refused(str(error.args[0])) from None
    brackets = 0
    for token, following in zip(tokens, [*tokens[1:], *tokens[-1:]], strict=False):
        brackets += _BRACKETS.get(token.name, 0)
        if token.name == "PARAM":
            yield _Slot(token.start, token.end + 1, query[token.start : token.end + 1])
        elif by_name and token.name == _COLON:
            name = query[token.start : following.end + 1]
            # Within brackets `[1:n]` may be a slice of an array.
            if _NAME.fullmatch(name) and (not brackets or name in literals):
                yield _Slot(token.start, following.end + 1, name)


def _check_match(used: set[str], literals: Mapping[str, str]) -> None:
    missing = sorted(used - literals.keys())
    if missing:
        raise Refused(f"options.params has no value for {', '.join(missing[:_SHOWN])}")
    unused = [name for name in literals if name not in used]
    if unused:
        raise Refused(f"options.params has a value for {', '.join(unused[:_SHOWN])}, which the query does not use")


def _check_arrays(query: str, slots: Sequence[_Slot]) -> None:
    """Refuse an array in place of one value, which PostgreSQL would compare as a text and never find."""
    for slot in slots:
        if _IN_LIST.search(query[: slot.start]):
            raise Refused(
                f"options.params: {slot.name} is an array; write = any({slot.name}) in place of in ({slot.name}), and"
                f" <> all({slot.name}) in place of not in"
            )
        if _COMPARISON.search(query[: slot.start]) and not _CAST.match(query[slot.end :]):
            raise Refused(
                f"options.params: {slot.name} is an array; write any({slot.name}) to compare with each of its values,"
                f" or give it a type, as in {slot.name}::text[], to compare with the array"
            )


def _literal(value: object, name: str) -> str:
    """Return a value as a constant in SQL. Parentheses keep it apart from what stands beside it."""
    if value is None:
        return "(NULL)"
    if isinstance(value, bool):
        return "(TRUE)" if value else "(FALSE)"
    if isinstance(value, list):
        return f"({_quoted(_array(value, name), name)})"
    if isinstance(value, str):
        return f"({_quoted(value, name)})"
    return f"({_number(value, name)})"


def _number(value: object, name: str) -> str:
    if isinstance(value, int) and abs(value) < 10**_DIGITS_LIMIT:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    raise InvalidRequest(f"{name} must be a text, a number, true, false, null or an array of these")


def _quoted(text: str, name: str) -> str:
    if "\0" in text or not _is_encodable(text):
        raise InvalidRequest(f"{name} contains a NUL character or half of a surrogate pair, which no text may")
    return "'" + text.replace("'", "''") + "'"


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _array(values: list[Any], name: str) -> str:
    """Return an array in PostgreSQL's text form, so that its elements get their type from their place too."""
    return "{" + ",".join(_element(value, name) for value in values) + "}"


def _element(value: object, name: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _number(value, name)


def _replaced(query: str, slots: Sequence[_Slot], replacement: Callable[[str], str]) -> BoundText:
    pieces, replacements, done, length = [], [], 0, 0
    for slot in slots:
        text = replacement(slot.name)
        pieces += [query[done : slot.start], text]
        start = length + slot.start - done
        length = start + len(text)
        replacements.append(Replacement(start, length, slot.start, slot.end, slot.name))
        done = slot.end
    return BoundText("".join([*pieces, query[done:]]), query, tuple(replacements))


def _parsed(text: BoundText) -> Any:  # noqa: ANN401 - a tree of JSON
    try:
        return orjson.loads(parse_sql_json(str(text)))
    except ParseError as error:
        message, *offset = error.args
        place = positions.bytes_before(text, offset[0]) if offset and offset[0] else None
        where = f" ({positions.describe(text, place)})" if place is not None else ""
        raise Refused(f"{message}{where}") from None
    except orjson.JSONDecodeError:
        raise Refused(_TOO_DEEP) from None


def _constant(literal: str) -> Node:
    target: Node = orjson.loads(parse_sql_json(f"SELECT {literal}"))["stmts"][0]["stmt"]["SelectStmt"]["targetList"][0]
    constant: Node = target["ResTarget"]["val"]
    return constant


def _are_same(query: Any, with_constants: Any, constants: Mapping[int, Node]) -> bool:  # noqa: ANN401 - as above
    try:
        return _same(query, with_constants, constants)
    except RecursionError:
        raise Refused(_TOO_DEEP) from None


def _same(query: Any, with_constants: Any, constants: Mapping[int, Node]) -> bool:  # noqa: ANN401 - trees of JSON
    """Tell whether two trees are equal, apart from places, and from parameters that have become their constants."""
    if isinstance(query, dict) and isinstance(with_constants, dict):
        if "ParamRef" in query:
            return _same(constants[query["ParamRef"]["number"]], with_constants, {})
        fields = query.keys() - _PLACES
        return fields == with_constants.keys() - _PLACES and all(
            _same(query[field], with_constants[field], constants) for field in fields
        )
    if isinstance(query, list) and isinstance(with_constants, list):
        return len(query) == len(with_constants) and all(
            _same(left, right, constants) for left, right in zip(query, with_constants, strict=True)
        )
    return bool(query == with_constants)
