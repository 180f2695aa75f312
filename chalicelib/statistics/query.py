"""The answers of a query: all of its rows, or the number in its only row. PostgreSQL builds the JSON.

A query takes one round trip. If its column names may repeat, another one asks PostgreSQL for the names first.
"""

from __future__ import annotations

import json
import time

from chalicelib.errors import QueryFailed
from chalicelib.settings import Settings
from chalicelib.statistics.answer import RowSink, StoredAnswer
from chalicelib.statistics.execution import BytesSink, Execution, Notes, Query
from chalicelib.statistics.failures import ROW_LIMIT_MARKER

# No column of the query can shadow `_w.*`, and OFFSET 0 keeps the planner from building each row's JSON twice.
# A row over the limit fails in the server, before it is sent: the cast of this text to boolean raises an error.
_BEFORE = "SELECT ','||j FROM (SELECT row_to_json(_w.*)::text AS j FROM ("
_AFTER = f""") _w{{aliases}} LIMIT {{limit}} OFFSET 0) _x WHERE CASE WHEN octet_length(j)<={{row_limit}} THEN true \
ELSE ('{ROW_LIMIT_MARKER}'||octet_length(j))::bool END"""
_COPY_OPTIONS = "FORMAT csv,QUOTE E'\\x01',DELIMITER E'\\x02'"


def rows(query: Query, current: Settings, notes: Notes) -> str | StoredAnswer:
    """Run `query` and return the envelope with all of its rows, or its place in S3.

    Repeated column names are numbered. Raise Refused, QueryFailed, Unavailable, UnsafeRole.
    """
    until = time.monotonic() + current.request_seconds
    sink = RowSink(
        answer_limit=current.answer_limit,
        spill_limit=current.spill_limit,
        bucket=current.bucket,
        key=f"answers/{query.request_id}.json",
    )
    try:
        execution = Execution(query, current, notes)
        after = _AFTER.format(aliases=execution.unique_aliases(), limit="ALL", row_limit=current.row_limit)
        execution.copy(_BEFORE, after, _COPY_OPTIONS, sink)
        return sink.finish(until)
    finally:
        notes.update(rows=sink.count, bytes=sink.size)
        sink.discard()


def quantity(query: Query, current: Settings, notes: Notes) -> int:
    """Run `query` and return the integer in the first column of its only row.

    Raise Refused, QueryFailed (also for a result of another shape), Unavailable, UnsafeRole.
    """
    sink = BytesSink()
    after = _AFTER.format(aliases="", limit="2", row_limit=current.row_limit)
    Execution(query, current, notes).copy(_BEFORE, after, _COPY_OPTIONS, sink)
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
        members = json.loads(row, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    return members[0][1] if members else None
