"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.errors import InvalidRequest, QueryFailed, Refused, RingledgerError
from chalicelib.settings import Settings
from chalicelib.statistics import query, query_parameters, requests, versions
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer, Limits, RowSink, StoredAnswer, Unchanged
from chalicelib.statistics.batch import FRAME, Batch
from chalicelib.statistics.execution import Notes, Query
from chalicelib.statistics.formats import FILES, Output
from chalicelib.statistics.guard import ANY_BEGINNING


@dataclass(frozen=True)
class Context:
    """The circumstances of a request.

    `protocol_beginnings` tells whether the protocol's rule for the first words of a query applies, `gzip` whether the
    client accepts compressed answers, `is_current` whether the client has the answer of an ETag.
    """

    request_id: str
    settings: Settings
    notes: Notes
    protocol_beginnings: bool = True
    gzip: bool = False
    is_current: Callable[[str], bool] = lambda _etag: False
    body: bytes = b""


Options = dict[str, Any]
AnyAnswer = InlineAnswer | StoredAnswer | Unchanged
Action = Callable[[Options, Context], AnyAnswer]


class FileFailed(RingledgerError):
    """The query of an answer that is no envelope, such as CSV, is refused or failed."""

    code = "query-failed"
    status = 422


def answer(body: bytes, context: Context) -> AnyAnswer:
    """Return the answer for the request in `body`, or its place in S3, or Unchanged for a client that has it.

    Raise InvalidRequest when the body is not JSON or not of the documented shape, Refused for an unknown entity or
    action, and the errors of the action. Source: the statistics channel's protocol, section on requests.
    """
    request = requests.parsed(body)
    context = replace(context, body=body)
    actions = ENTITIES.get(request.entity)
    if actions is None:
        raise Refused(f"unknown entity {_quoted(request.entity)}; known: {', '.join(ENTITIES)}")
    action = actions.get(request.action)
    if action is None:
        known = ", ".join(actions)
        raise Refused(f"unknown action {_quoted(request.action)} of entity {request.entity}; known: {known}")
    context.notes["action"] = f"{request.entity}/{request.action}"
    return action(request.options, context)


def _chronological_data(options: Options, context: Context) -> AnyAnswer:
    if "queries" in options:
        return _several(options, context)
    chosen = requests.validated(requests.DataOptions, options, "options.")
    if chosen.excel and chosen.format != "csv":
        raise InvalidRequest("options.excel needs options.format csv")
    output, limits, current = _output(chosen, context), _limits(context), context.settings
    try:
        asked = _query(chosen, context, "data")
        return _unless_known([asked], context, lambda: query.rows(asked, output, limits, current, context.notes))
    except (Refused, QueryFailed) as error:
        if chosen.format in FILES:
            raise FileFailed(error.message, details=error.details) from None
        raise


def _several(options: Options, context: Context) -> AnyAnswer:
    until = time.monotonic() + context.settings.request_seconds
    if "psql" in options:
        raise InvalidRequest("options may have psql or queries, not both")
    queries = requests.validated(requests.BatchOptions, options, "options.").queries

    def run(name: str, panel: object, seconds: int, notes: Notes) -> bytes:
        chosen = _panel(name, panel)
        current = replace(context.settings, statement_timeout=seconds)
        limit = context.settings.answer_limit
        return query.envelope(_query(chosen, context, "data"), _output(chosen, context), limit, current, notes)

    def run_all() -> InlineAnswer | StoredAnswer:
        sink = RowSink(FRAME, _limits(context), context.settings.bucket, f"answers/{context.request_id}")
        return batch.answer(sink, context.notes, until)

    batch = Batch(queries, run, context.settings.statement_timeout)
    try:
        asked = [_query(_panel(name, panel), context, "data") for name, panel in queries.items()]
        return _unless_known(asked, context, run_all)
    except (InvalidRequest, Refused):
        # The error of one query does not stop the others.
        return run_all()


def _panel(name: str, panel: object) -> requests.PanelOptions:
    path = f"options.queries.{name[:60]}"
    if not isinstance(panel, dict):
        raise InvalidRequest(f"{path} must be an object: the options of its query")
    return requests.validated(requests.PanelOptions, panel, f"{path}.")


def _chronological_quantity(options: Options, context: Context) -> AnyAnswer:
    chosen = requests.validated(requests.QuantityOptions, options, "options.")
    asked = _query(chosen, context, "quantity")

    def count() -> InlineAnswer:
        return InlineAnswer(f"{OPENING}{query.quantity(asked, context.settings, context.notes)}{CLOSING}")

    return _unless_known([asked], context, count)


ENTITIES: dict[str, dict[str, Action]] = {
    "chronological": {"data": _chronological_data, "quantity": _chronological_quantity},
}


def _unless_known(
    queries: Sequence[Query], context: Context, run: Callable[[], InlineAnswer | StoredAnswer]
) -> AnyAnswer:
    """Run the queries, unless the client has an answer that would be the same."""
    etag = versions.etag(context.body, queries)
    if etag and context.is_current(etag):
        context.notes["unchanged"] = True
        return Unchanged(etag)
    answer = run()
    is_complete = not context.notes.get("failed")
    return replace(answer, etag=etag) if isinstance(answer, InlineAnswer) and is_complete else answer


def _output(chosen: requests.DataOptions, context: Context) -> Output:
    return Output(chosen.format, chosen.bigint == "text", chosen.excel, context.settings.row_limit)


def _limits(context: Context) -> Limits:
    return Limits(context.settings.answer_limit, context.settings.spill_limit, context.gzip)


def _query(chosen: requests.QuantityOptions, context: Context, action: str) -> Query:
    text = chosen.psql if chosen.params is None else query_parameters.bound(chosen.psql, chosen.params)
    return Query(text, action if context.protocol_beginnings else ANY_BEGINNING, context.request_id)


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
