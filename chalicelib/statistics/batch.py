"""Several queries in one request: each has a result or an error of its own, and all share the limits of one answer."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from chalicelib.errors import InvalidRequest, QueryFailed, Refused, RingledgerError
from chalicelib.statistics.answer import CLOSING, OPENING, Frame, InlineAnswer, RowSink, StoredAnswer
from chalicelib.statistics.execution import Notes
from chalicelib.statistics.requests import QUERIES_LIMIT, DataOptions, Expected, RequestModel

FRAME = Frame(f"{OPENING}{{", f"}}{CLOSING}")

#: Runs the query with these options within so many seconds, and returns its envelope.
Run = Callable[[str, object, int, Notes], bytes]


class PanelOptions(DataOptions):
    """The options of one query of several, whose answer is part of an envelope."""

    format: Annotated[Literal["json", "columns"], Expected("json or columns, beside other queries")] = "json"


class BatchOptions(RequestModel):
    """The options of `chronological/data` for several queries at once."""

    queries: Annotated[dict[str, Any], Expected("an object of names and the options of their queries")]


class Batch:
    """The queries of one request, in their order, on one connection."""

    def __init__(self, queries: Mapping[str, object], run: Run, seconds: int) -> None:
        """Prepare the queries; all of them together may run for `seconds`. Raise InvalidRequest for too many."""
        if not 0 < len(queries) <= QUERIES_LIMIT:
            raise InvalidRequest(f"options.queries must have 1 to {QUERIES_LIMIT} queries; it has {len(queries)}")
        self._queries = queries
        self._run = run
        self._until = time.monotonic() + seconds

    def answer(self, sink: RowSink, notes: Notes, until: float) -> InlineAnswer | StoredAnswer:
        """Run the queries and return the answer, or its place in S3, before the deadline `until`.

        Raise QueryFailed for an answer that is too large as a whole, Unavailable, UnsafeRole.
        """
        each: list[dict[str, object]] = []
        try:
            for name, options in self._queries.items():
                each.append({})
                envelope = self._envelope(name, options, each[-1])
                sink.write(b"," + json.dumps(name).encode() + b":" + envelope)
            return sink.finish(until)
        finally:
            notes.update(queries=each, bytes=sink.size, failed=sum("outcome" in panel for panel in each))
            sink.discard()

    def _envelope(self, name: str, options: object, notes: Notes) -> bytes:
        try:
            return self._run(name, options, self._seconds_left(), notes)
        except (InvalidRequest, Refused, QueryFailed) as error:
            notes.update(_outcome(error))
            return json.dumps({"success": False, "error": error.message, "data": None}, separators=(",", ":")).encode()

    def _seconds_left(self) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise QueryFailed("the queries before this one used up the time of the request: send it alone")
        return math.ceil(left)


def _outcome(error: RingledgerError) -> dict[str, object]:
    return {"outcome": error.code, **({"details": error.details} if error.details else {})}
