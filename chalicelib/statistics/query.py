"""Running a guarded SELECT: PostgreSQL makes the JSON, one round trip, nothing is ever committed."""

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
from chalicelib.statistics.answer import Rows, Stored
from chalicelib.statistics.reader import reader

Notes = MutableMapping[str, object]

# `_w.*` cannot be captured by a column of the query, and OFFSET 0 keeps the planner from making each row's JSON twice.
# A row over the limit fails in the server, before it is sent, with a text of ours in PostgreSQL's own error.
_BEGIN = """BEGIN READ ONLY; COPY (SELECT ','||j FROM (SELECT row_to_json(_w.*)::text AS j FROM (
"""
_END = """
) _w LIMIT {limit} OFFSET 0) _x WHERE CASE WHEN octet_length(j)<={row_limit} THEN true \
ELSE ('{marker}'||octet_length(j))::bool END) TO STDOUT (FORMAT csv,QUOTE E'\\x01',DELIMITER E'\\x02'); ROLLBACK"""
_MARKER = "row of bytes: "

#: The watchdog's reserve over the server's own limit, for values that make PostgreSQL deaf to it.
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
#: Classes whose sentences speak of the query alone: data exceptions, cardinality, syntax and names, limits, features.
_SAYABLE = ("0A", "21", "22", "42", "54")
_INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(frozen=True)
class Query:
    """One query as it was sent: its text, which action it belongs to, and the id of its request."""

    text: str
    action: str
    request_id: str


def rows(query: Query, current: Settings, notes: Notes) -> str | Stored:
    """Run `query` and return the envelope with all of its rows, or where in S3 it lies.

    Raises Refused, QueryFailed, Unavailable, UnsafeRole.
    """
    until = time.monotonic() + current.request_seconds
    sink = Rows(
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
    """Run `query` and return the whole number in the first column of its only row.

    Raises Refused, QueryFailed (also for any other shape), Unavailable, UnsafeRole.
    """
    sink = _Few()
    _run(query, sink, current, notes, limit="2")
    notes.update(rows=sink.count, bytes=len(sink.bytes))
    if sink.count != 1:
        raise QueryFailed(
            f"quantity needs a query that gives one row; this one gives {'more' if sink.count else 'none'}"
        )
    value = _first_value(sink.bytes.replace(b"\x01", b"")[1:])
    if not isinstance(value, int) or isinstance(value, bool):
        raise QueryFailed("quantity needs a whole number in the first column, as `select count(*)` gives")
    return value


def _first_value(row: bytes) -> object:
    """The value of the first column; None where the row has none, or holds what no number of rows looks like."""
    try:
        columns = json.loads(row, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    return columns[0][1] if columns else None


class _Few:
    """A sink for the rows of a count."""

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
        details = "" if _is_sayable(error.sqlstate) else error.primary
        raise QueryFailed(_explanation(error, query.text, statement, current), details=details) from None


def _is_sayable(state: str) -> bool:
    return state.startswith(_SAYABLE) and state != _INSUFFICIENT_PRIVILEGE


def _explanation(error: postgres.DatabaseError, text: str, statement: str, current: Settings) -> str:
    """What to tell the caller; PostgreSQL's own sentence where it speaks of the query and of nothing else."""
    state = error.sqlstate
    if state in {_CANCELLED, _TOO_LONG_TRANSACTION, postgres.DEADLINE}:
        return (
            f"the query ran longer than {current.statement_timeout} seconds: ask for a shorter period by an indexed "
            "time such as invitedt, or let it do less"
        )
    if _MARKER in error.primary:
        return f"a row of the answer is larger than {current.row_limit} bytes: ask for fewer or shorter values"
    if state in _OUT_OF_RESOURCES:
        return f"the query needs more {_OUT_OF_RESOURCES[state]} than a report may use: let it gather or sort less"
    if not _is_sayable(state):
        return "PostgreSQL could not run the query; the request's id finds the reason in the log"
    where = ""
    if error.position is not None:
        found = positions.in_original(text, statement, error.position - 1 - len(_BEGIN))
        where = f" ({positions.describe(text, found)})" if found is not None else ""
    return f"{error.primary}{where}"
