"""Ringledger's own format: ready rows for any documented table, checked against the catalog."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chalicelib.calls.events import Raw, Unparsed
from chalicelib.calls.records import Row, Table, Value
from chalicelib.catalog import NEEDED, TABLES
from chalicelib.providers.provider import Covers, Provider, Reply
from chalicelib.providers.text import parsed

ROWS_LIMIT = 10_000
_LARGEST = {"integer": 2**31, "bigint": 2**63}
_LONGEST_TEXT = 2_000
_LONGEST_DOCUMENT = 20_000
_BOUNDS = {
    "character varying": f", up to {_LONGEST_TEXT} bytes, without NUL and half characters",
    "jsonb": f", up to {_LONGEST_DOCUMENT} characters, without NUL and half characters",
}
_SPAN = re.compile(r"(?=.)(?:\d{1,6} (?:year|mon|day|hour|minute|second)s?(?: |$))*(?:\d{1,6}:[0-5]\d(?::[0-5]\d)?)?")


def rows(raw: Raw) -> list[tuple[Table, Row]] | Unparsed:
    """Return the rows of `{"table": "schema.table", "rows": [{column: value}]}`, or the first fault and its place."""
    content = parsed(raw.body)
    if isinstance(content, Unparsed):
        return content
    table = _table(content.get("table"))
    if isinstance(table, Unparsed):
        return table
    given = content.get("rows")
    if not isinstance(given, list) or not 0 < len(given) <= ROWS_LIMIT:
        return Unparsed(f"rows must be a list of 1 to {ROWS_LIMIT} objects")
    types = dict(TABLES[table[0]][table[1]])
    read = [_row(row, types, place, NEEDED.get(table, ())) for place, row in enumerate(given)]
    fault = next((row for row in read if isinstance(row, Unparsed)), None)
    return fault or [(table, row) for row in read if not isinstance(row, Unparsed)]


def _table(name: object) -> Table | Unparsed:
    schema, _dot, table = str(name).partition(".")
    if table not in TABLES.get(schema, {}):
        return Unparsed(f"table must be schema.table as documented, not {str(name)[:80]}")
    return (schema, table)


def _row(row: object, types: Mapping[str, str], place: int, needed: Sequence[str]) -> Row | Unparsed:
    if not isinstance(row, dict) or not row:
        return Unparsed(f"rows[{place}] must be an object with at least one column")
    values: Row = {}
    for name, value in row.items():
        if name not in types:
            return Unparsed(f"rows[{place}] names {str(name)[:80]}, which is no column of this table")
        try:
            values[name] = None if value is None else _READERS[types[name]](value)
        except (ValueError, TypeError, OverflowError):
            return Unparsed(f"rows[{place}].{name} must be of type {types[name]}{_BOUNDS.get(types[name], '')}")
    missing = next((name for name in needed if values.get(name) is None), None)
    return Unparsed(f"rows[{place}] must have a value of {missing}") if missing else values


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _number(kind: str) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST[kind] <= value < _LARGEST[kind]:
            raise ValueError("not such a number")
        return value

    return read


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool) or _is_endless(value):
        raise ValueError("not a text")
    text = str(value)
    # In bytes, since an index takes no more.
    if "\x00" in text or len(text.encode()) > _LONGEST_TEXT:
        raise ValueError("a text that no column holds")
    return text


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _time(value: object) -> datetime:
    """A time; one with a zone becomes UTC, one without is UTC."""
    at = datetime.fromisoformat(_text(value))
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _span(value: object) -> str:
    if not _SPAN.fullmatch(text := _text(value)):
        raise ValueError("not as PostgreSQL writes intervals")
    return text


def _document(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    # PostgreSQL's jsonb does not hold NUL.
    if "\\u0000" in text or len(text) > _LONGEST_DOCUMENT:
        raise ValueError("a document that no column holds")
    return value


_READERS: dict[str, Callable[[Any], Value]] = {
    "bigint": _number("bigint"),
    "boolean": _flag,
    "character varying": _text,
    "integer": _number("integer"),
    "interval": _span,
    "jsonb": _document,
    "timestamp without time zone": _time,
    "uuid": lambda value: str(UUID(_text(value))),
}


def _reply(raw: Raw, rows: list[tuple[Table, Row]]) -> Reply:
    body = json.dumps({"id": raw.id, "rows": len(rows)}, separators=(",", ":"))
    return Reply(body, 202, "application/json; charset=utf-8")


PROVIDER = Provider(name="native", read=rows, reply=_reply, key_covers=Covers.PBX)
