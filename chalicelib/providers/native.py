"""Ringledger's own format: ready rows for any documented table, validated by models built from the catalog."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from chalicelib.calls.events import Raw, Unreadable
from chalicelib.calls.records import Row, Table
from chalicelib.catalog import NEEDED, TABLES
from chalicelib.providers.provider import Covers, Provider, Reply
from chalicelib.providers.text import parsed

ROWS_LIMIT = 10_000
_NO_ROW = "must be an object with at least one column"
_LONGEST_TEXT = 2_000
_LONGEST_DOCUMENT = 20_000
_BOUNDS = {
    "character varying": f", up to {_LONGEST_TEXT} bytes, without NUL and half characters",
    "jsonb": f", up to {_LONGEST_DOCUMENT} characters, without NUL and half characters",
}
_SPAN = re.compile(r"(?=.)(?:\d{1,6} (?:year|mon|day|hour|minute|second)s?(?: |$))*(?:\d{1,6}:[0-5]\d(?::[0-5]\d)?)?")


def rows(raw: Raw) -> list[tuple[Table, Row]]:
    """Return the rows of `{"table": "schema.table", "rows": [{column: value}]}`.

    Raises Unreadable that names the first fault and its place.
    """
    content = parsed(raw.body)
    table = _table(content.get("table"))
    try:
        return [(table, row) for row in _model(table).validate_python(content.get("rows"))]
    except ValidationError as error:
        raise Unreadable(_reason(table, error)) from None


def _table(name: object) -> Table:
    schema, _dot, table = str(name).partition(".")
    if table not in TABLES.get(schema, {}):
        raise Unreadable(f"table must be schema.table as documented, not {str(name)[:80]}")
    return (schema, table)


@cache
def _model(table: Table) -> TypeAdapter[list[Row]]:
    """Return the model of a webhook's rows for `table`."""
    needed = NEEDED.get(table, ())
    columns = {
        name: _TYPES[kind] if name in needed else _TYPES[kind] | None for name, kind in TABLES[table[0]][table[1]]
    }
    # The catalog decides the columns at run time, which no static type can express.
    create: Any = TypedDict
    columns_only = with_config(ConfigDict(extra="forbid"))(create("columns_only", columns, total=False))
    row: Any = Annotated[columns_only, AfterValidator(partial(_complete, needed=needed))]
    return TypeAdapter(Annotated[list[row], Field(min_length=1, max_length=ROWS_LIMIT), FailFast()])


def _complete(row: Row, *, needed: Sequence[str]) -> Row:
    if not row:
        raise ValueError(_NO_ROW)
    for name in needed:
        if name not in row:
            raise ValueError(f"must have a value of {name}")
    return row


def _reason(table: Table, error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    if not fault["loc"]:
        return f"rows must be a list of 1 to {ROWS_LIMIT} objects"
    place, *column = fault["loc"]
    if not column:
        reason = fault["ctx"]["error"] if fault["type"] == "value_error" else _NO_ROW
        return f"rows[{place}] {reason}"
    name = str(column[0])
    if fault["type"] == "extra_forbidden":
        return f"rows[{place}] names {name[:80]}, which is no column of this table"
    if fault["input"] is None:
        return f"rows[{place}] must have a value of {name}"
    kind = dict(TABLES[table[0]][table[1]])[name]
    return f"rows[{place}].{name} must be of type {kind}{_BOUNDS.get(kind, '')}"


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
    """Return a time without a zone in UTC. pydantic's own datetime would take "20261120" as seconds since 1970."""
    at = datetime.fromisoformat(_text(value))
    try:
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except OverflowError:
        raise ValueError("beyond the calendar in UTC") from None


def _span(value: object) -> str:
    if not _SPAN.fullmatch(text := _text(value)):
        raise ValueError("not as PostgreSQL writes intervals")
    return text


def _document(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - pydantic catches this one
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    # PostgreSQL's jsonb does not hold NUL.
    if "\\u0000" in text or len(text) > _LONGEST_DOCUMENT:
        raise ValueError("a document that no column holds")
    return value


#: PostgreSQL's name of a type -> the values that it takes.
_TYPES: dict[str, Any] = {
    "bigint": Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)],
    "boolean": StrictBool,
    "character varying": Annotated[str, PlainValidator(_text)],
    "integer": Annotated[StrictInt, Field(ge=-(2**31), lt=2**31)],
    "interval": Annotated[str, PlainValidator(_span)],
    "jsonb": Annotated[dict[str, Any], PlainValidator(_document)],
    "timestamp without time zone": Annotated[datetime, PlainValidator(_time)],
    "uuid": Annotated[str, PlainValidator(lambda value: str(UUID(_text(value))))],
}


def _reply(raw: Raw, rows: list[tuple[Table, Row]]) -> Reply:
    body = json.dumps({"id": raw.id, "rows": len(rows)}, separators=(",", ":"))
    return Reply(body, 202, "application/json; charset=utf-8")


PROVIDER = Provider(name="native", read=rows, reply=_reply, key_covers=Covers.PBX)
