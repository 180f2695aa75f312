"""Run a guarded SELECT in one round trip. PostgreSQL builds the JSON, and the transaction is rolled back."""

from __future__ import annotations

import json
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache

from pglast.parser import fingerprint

from chalicelib.errors import QueryFailed
from chalicelib.platform import postgres
from chalicelib.settings import Settings
from chalicelib.statistics import guard, positions
from chalicelib.statistics.answer import RowSink, StoredAnswer
from chalicelib.statistics.reader import reader

Notes = MutableMapping[str, object]

# No column of the query can shadow `_w.*`, and OFFSET 0 keeps the planner from building each row's JSON twice.
# A row over the limit fails in the server, before it is sent: the cast of this text to boolean raises an error.
_BEGIN = """BEGIN READ ONLY; COPY (SELECT ','||j FROM (SELECT row_to_json(_w.*)::text AS j FROM (
"""
_END = """
) _w LIMIT {limit} OFFSET 0) _x WHERE CASE WHEN octet_length(j)<={row_limit} THEN true \
ELSE ('{marker}'||octet_length(j))::bool END) TO STDOUT (FORMAT csv,QUOTE E'\\x01',DELIMITER E'\\x02'); ROLLBACK"""
_MARKER = "row of bytes: "

#: Seconds over the server's limit after which the connection is cut: some values make PostgreSQL ignore its limit.
_GRACE = 1.0

_OUT_OF_RESOURCES = {
    "53100": "disk space",
    "53200": "memory",
    "53400": "temporary space",
    "54000": "memory",
    "54001": "nesting",
}
_CANCELLED = "57014"
_TOO_LONG_TRANSACTION = "25P04"
#: Classes whose messages only describe the query: features, cardinality, data exceptions, syntax and names, limits.
_PUBLIC_CLASSES = ("0A", "21", "22", "42", "54")
_INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(frozen=True)
class Query:
    """One query: its text as it arrived, its action, and the id of its request."""

    text: str
    action: str
    request_id: str


def rows(query: Query, current: Settings, notes: Notes) -> str | StoredAnswer:
    """Run `query` and return the envelope with all of its rows, or its place in S3.

    Raise Refused, QueryFailed, Unavailable, UnsafeRole.
    """
    until = time.monotonic() + current.request_seconds
    sink = RowSink(
        answer_limit=current.answer_limit,
        spill_limit=current.spill_limit,
        bucket=current.bucket,
        key=f"answers/{query.request_id}.json",
    )
    try:
        _run(query, sink, current, notes, limit="ALL")
        return sink.finish(until)
    finally:
        notes.update(rows=sink.count, bytes=sink.size)
        sink.discard()


def quantity(query: Query, current: Settings, notes: Notes) -> int:
    """Run `query` and return the integer in the first column of its only row.

    Raise Refused, QueryFailed (also for a result of another shape), Unavailable, UnsafeRole.
    """
    sink = _CountSink()
    _run(query, sink, current, notes, limit="2")
    notes.update(rows=sink.count, bytes=len(sink.bytes))
    if sink.count != 1:
        raise QueryFailed(
            f"quantity needs a query that returns one row; this one returns {'more' if sink.count else 'none'}"
        )
    value = _first_value(sink.bytes.replace(b"\x01", b"")[1:])
    if not isinstance(value, int) or isinstance(value, bool):
        raise QueryFailed("quantity needs a whole number in the first column, as `select count(*)` returns")
    return value


def _first_value(row: bytes) -> object:
    """Return the value of the first column; None without one, or when the row is not readable as a count."""
    try:
        columns = json.loads(row, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    return columns[0][1] if columns else None


class _CountSink:
    """A sink for the few rows of a count."""

    def __init__(self) -> None:
        self.count = 0
        self.bytes = b""

    def write(self, row: bytes) -> None:
        self.count += 1
        self.bytes += row


@lru_cache(maxsize=256)
def _fingerprint(statement: str) -> str:
    return str(fingerprint(statement))


def _run(query: Query, sink: postgres.Sink, current: Settings, notes: Notes, limit: str) -> None:
    connection, callable_names = reader()
    statement = guard.check(query.text, query.action, callable_names)
    notes["fingerprint"] = _fingerprint(statement)
    end = _END.format(limit=limit, row_limit=current.row_limit, marker=_MARKER)
    try:
        connection.copy_out(f"{_BEGIN}{statement}{end}", sink, seconds=current.statement_timeout + _GRACE)
    except postgres.DatabaseError as error:
        notes["sqlstate"] = error.sqlstate
        details = "" if _is_public(error.sqlstate) else error.primary
        raise QueryFailed(_explanation(error, query.text, statement, current), details=details) from None


def _is_public(state: str) -> bool:
    return state.startswith(_PUBLIC_CLASSES) and state != _INSUFFICIENT_PRIVILEGE


def _explanation(error: postgres.DatabaseError, text: str, statement: str, current: Settings) -> str:
    """Return the error text for the caller: PostgreSQL's message where it only describes the query."""
    state = error.sqlstate
    if state in {_CANCELLED, _TOO_LONG_TRANSACTION, postgres.DEADLINE}:
        return (
            f"the query ran longer than {current.statement_timeout} seconds: ask for a shorter period of an indexed "
            "time such as invitedt, or for fewer tables and rows"
        )
    if _MARKER in error.primary:
        return f"a row of the answer is larger than {current.row_limit} bytes: ask for fewer or shorter values"
    if state in _OUT_OF_RESOURCES:
        return f"the query needs more {_OUT_OF_RESOURCES[state]} than a report may use: aggregate or sort fewer rows"
    if not _is_public(state):
        return "PostgreSQL could not run the query; the log has the reason under the request's id"
    where = ""
    if error.position is not None:
        offset = positions.in_original(text, statement, error.position - 1 - len(_BEGIN))
        where = f" ({positions.describe(text, offset)})" if offset is not None else ""
    return f"{error.primary}{where}"
