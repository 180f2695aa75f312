"""The answers of a query: all of its rows, or the number in its only row. PostgreSQL builds the JSON.

A query takes one round trip. If its column names may repeat, another one asks PostgreSQL for the names first.
"""

from __future__ import annotations

import json
import time

from chalicelib.errors import QueryFailed
from chalicelib.settings import Settings
from chalicelib.statistics.answer import InlineAnswer, Limits, RowSink, StoredAnswer
from chalicelib.statistics.execution import BytesSink, Execution, Notes, Query
from chalicelib.statistics.formats import COPY_JSON, Output, shape, within_limit

# The second row only shows that there are more rows than one.
_BEFORE_COUNT = "SELECT j FROM (SELECT row_to_json(_w.*)::text AS j FROM ("
_AFTER_COUNT = ") _w LIMIT 2 OFFSET 0) _x WHERE "


def rows(query: Query, output: Output, limits: Limits, current: Settings, notes: Notes) -> InlineAnswer | StoredAnswer:
    """Run `query` and return the answer with all of its rows, or its place in S3.

    Repeated column names are numbered. Raise Refused, QueryFailed, Unavailable, UnsafeRole.
    """
    until = time.monotonic() + current.request_seconds
    execution = Execution(query, current, notes)
    before, after, options, frame = shape(execution, output)
    sink = RowSink(frame, limits, current.bucket, f"answers/{query.request_id}")
    try:
        execution.copy(before, after, options, sink)
        return sink.finish(until)
    finally:
        notes.update(rows=sink.count, bytes=sink.size)
        sink.discard()


def envelope(query: Query, output: Output, limit: int, current: Settings, notes: Notes) -> bytes:
    """Run `query` and return its envelope, whose rows may have `limit` bytes.

    Raise Refused, QueryFailed, Unavailable, UnsafeRole.
    """
    sink = BytesSink(limit)
    try:
        execution = Execution(query, current, notes)
        before, after, options, frame = shape(execution, output)
        execution.copy(before, after, options, sink)
    finally:
        notes.update(rows=sink.count, bytes=len(sink.bytes))
    return frame.around(bytes(sink.bytes))


def quantity(query: Query, current: Settings, notes: Notes) -> int:
    """Run `query` and return the integer in the first column of its only row.

    Raise Refused, QueryFailed (also for a result of another shape), Unavailable, UnsafeRole.
    """
    sink = BytesSink()
    after = _AFTER_COUNT + within_limit("octet_length(j)", current.row_limit)
    Execution(query, current, notes).copy(_BEFORE_COUNT, after, COPY_JSON, sink)
    notes.update(rows=sink.count, bytes=len(sink.bytes))
    if sink.count != 1:
        raise QueryFailed(
            f"quantity needs a query that returns one row; this one returns {'more' if sink.count else 'none'}"
        )
    value = _first_value(bytes(sink.bytes.replace(b"\x01", b"")))
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
