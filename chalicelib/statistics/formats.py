"""The formats of an answer's rows: for each, the SQL that makes a row and the text around all rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chalicelib.statistics.answer import CLOSING, OPENING, Frame, crlf_line, json_line
from chalicelib.statistics.columns import Column, quoted
from chalicelib.statistics.execution import Execution
from chalicelib.statistics.failures import ROW_LIMIT_MARKER

#: COPY's options for rows of JSON: characters that JSON never contains.
COPY_JSON = "FORMAT csv,QUOTE E'\\x01',DELIMITER E'\\x02'"
_BYTE_ORDER_MARK = "\N{BYTE ORDER MARK}"
#: A spreadsheet takes a cell that begins with one of these for a formula, some also with a full-width one.
_FORMULA_BEGINNINGS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = "^[=+@\\t\\r\\n\\uff1d\\uff0b\\uff0d\\uff20-]"
_NUMERIC = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean"})
_TEMPORAL = frozenset({"date", "time without time zone", "time with time zone", "timestamp without time zone",
                       "timestamp with time zone", "interval", "uuid"})  # fmt: skip


class Output(NamedTuple):
    """The wanted output: its format, bigint values as texts, the CSV of spreadsheets, and the largest row in bytes."""

    format: str = "json"
    bigint_as_text: bool = False
    excel: bool = False
    row_limit: int = 0


class Shape(NamedTuple):
    """The SQL before and after a statement, COPY's options, and the text around the rows."""

    before: str
    after: str
    options: str
    frame: Frame


def shape(execution: Execution, output: Output) -> Shape:
    """Return the shape of the answer. Raise QueryFailed, Unavailable when PostgreSQL is asked for the columns."""
    return FORMATS[output.format](execution, output)


def _json(execution: Execution, output: Output) -> Shape:
    return _objects(execution, output, "','||j", Frame())


def _lines(execution: Execution, output: Output) -> Shape:
    frame = Frame("", "", "application/x-ndjson; charset=utf-8", "ndjson", separator=0, convert=json_line)
    return _objects(execution, output, "j", frame)


def _objects(execution: Execution, output: Output, row: str, frame: Frame) -> Shape:
    inner_before, inner_after = "", f") _w{execution.unique_aliases()}"
    if output.bigint_as_text:
        columns = execution.columns()
        inner_before = f"SELECT {_select_list(columns, _bigint_as_text)} FROM ("
        inner_after = f") _s{_places(columns)} OFFSET 0) _w"
    # No column of the query can shadow `_w.*`, and OFFSET 0 keeps the planner from building each row's JSON twice.
    before = f"SELECT {row} FROM (SELECT row_to_json(_w.*)::text AS j FROM ({inner_before}"
    return Shape(
        before,
        f"{inner_after} OFFSET 0) _x WHERE {within_limit('octet_length(j)', output.row_limit)}",
        COPY_JSON,
        frame,
    )


def _columns(execution: Execution, output: Output) -> Shape:
    columns = execution.columns()
    convert = _bigint_as_text if output.bigint_as_text else _as_it_is
    values = (f"coalesce(to_json({convert(column)})::text,'null')" for column in columns)
    row = "||','||".join(values) or "''"
    head = json.dumps([_described(column) for column in columns], ensure_ascii=False, separators=(",", ":"))
    frame = Frame(f'{OPENING}{{"columns":{head},"rows":[', f"]}}{CLOSING}")
    before = f"SELECT ',['||j||']' FROM (SELECT {row} AS j FROM ("
    after = f") _s{_places(columns)} OFFSET 0) _x WHERE {within_limit('octet_length(j)', output.row_limit)}"
    return Shape(before, after, COPY_JSON, frame)


def _csv(execution: Execution, output: Output) -> Shape:
    columns = execution.columns()
    opening, options, convert = "", "FORMAT csv,HEADER", _boolean_as_word
    if output.excel:
        opening, options, convert = _BYTE_ORDER_MARK, f"{options},DELIMITER ';'", _without_formula
        columns = [column._replace(name=_plain(column.name)) for column in columns]
    frame = Frame(opening, "", "text/csv; charset=utf-8; header=present", "csv", 0, is_json=False, convert=crlf_line)
    after = f") _s{_places(columns)} WHERE {within_limit('pg_column_size(_s.*)', output.row_limit)}"
    return Shape(f"SELECT {_select_list(columns, convert)} FROM (", after, options, frame)


#: The name of a format in a request -> the function that makes its shape.
FORMATS: dict[str, Callable[[Execution, Output], Shape]] = {
    "json": _json,
    "csv": _csv,
    "ndjson": _lines,
    "columns": _columns,
}
#: Formats that are no envelope, so that an error in them needs an HTTP status of its own.
FILES = frozenset({"csv", "ndjson"})


def within_limit(size: str, limit: int) -> str:
    """Return the condition in SQL that a row is not larger than `limit` bytes.

    A larger row fails in the server, before it is sent: the cast of a text to boolean raises an error.
    """
    return f"CASE WHEN {size}<={limit} THEN true ELSE ('{ROW_LIMIT_MARKER}'||{size})::bool END"


def _described(column: Column) -> dict[str, str]:
    label = {} if column.label == column.name else {"label": column.label}
    return {"name": column.name, "type": column.type, **label}


def _places(columns: Sequence[Column]) -> str:
    """Return aliases for the columns in SQL that no repeated or strange name disturbs."""
    return f"({','.join(column.alias for column in columns)})" if columns else ""


def _select_list(columns: Sequence[Column], convert: Callable[[Column], str]) -> str:
    return ",".join(f"{convert(column)} AS {quoted(column.name)}" for column in columns)


def _as_it_is(column: Column) -> str:
    return f"_s.{column.alias}"


def _bigint_as_text(column: Column) -> str:
    cast = {"bigint": "::text", "bigint[]": "::text[]"}.get(column.type, "")
    return f"_s.{column.alias}{cast}"


def _boolean_as_word(column: Column) -> str:
    return f"_s.{column.alias}::text" if column.type == "boolean" else f"_s.{column.alias}"


def _without_formula(column: Column) -> str:
    if column.type in _NUMERIC | _TEMPORAL:
        return _boolean_as_word(column)
    text = f"_s.{column.alias}::text"
    return f"CASE WHEN {text} ~ E'{_FORMULA}' THEN ''''||{text} ELSE {text} END"


def _plain(name: str) -> str:
    return f"'{name}" if name.startswith(tuple(_FORMULA_BEGINNINGS)) else name
