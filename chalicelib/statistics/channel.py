"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.errors import InvalidRequest, QueryFailed, Refused, RingledgerError
from chalicelib.settings import Settings
from chalicelib.statistics import query, query_parameters, requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer, Limits, RowSink, StoredAnswer
from chalicelib.statistics.batch import FRAME, Batch
from chalicelib.statistics.execution import Notes, Query
from chalicelib.statistics.formats import FILES, Output
from chalicelib.statistics.guard import ANY_BEGINNING


@dataclass(frozen=True)
class Context:
    """The circumstances of a request.

    `protocol_beginnings` tells whether the protocol's rule for the first words of a query applies, `gzip` whether the
    client accepts compressed answers.
    """

    request_id: str
    settings: Settings
    notes: Notes
    protocol_beginnings: bool = True
    gzip: bool = False


Options = dict[str, Any]
Action = Callable[[Options, Context], InlineAnswer | StoredAnswer]


class FileFailed(RingledgerError):
    """The query of an answer that is no envelope, such as CSV, is refused or failed."""

    code = "query-failed"
    status = 422


def answer(body: bytes, context: Context) -> InlineAnswer | StoredAnswer:
    """Return the answer for the request in `body`, or its place in S3.

    Raise InvalidRequest when the body is not JSON or not of the documented shape, Refused for an unknown entity or
    action, and the errors of the action. Source: the statistics channel's protocol, section on requests.
    """
    request = requests.parsed(body)
    actions = ENTITIES.get(request.entity)
    if actions is None:
        raise Refused(f"unknown entity {_quoted(request.entity)}; known: {', '.join(ENTITIES)}")
    action = actions.get(request.action)
    if action is None:
        known = ", ".join(actions)
        raise Refused(f"unknown action {_quoted(request.action)} of entity {request.entity}; known: {known}")
    context.notes["action"] = f"{request.entity}/{request.action}"
    return action(request.options, context)


def _chronological_data(options: Options, context: Context) -> InlineAnswer | StoredAnswer:
    if "queries" in options:
        return _several(options, context)
    chosen = requests.validated(requests.DataOptions, options, "options.")
    if chosen.excel and chosen.format != "csv":
        raise InvalidRequest("options.excel needs options.format csv")
    output, limits, current = _output(chosen, context), _limits(context), context.settings
    try:
        return query.rows(_query(chosen, context, "data"), output, limits, current, context.notes)
    except (Refused, QueryFailed) as error:
        if chosen.format in FILES:
            raise FileFailed(error.message, details=error.details) from None
        raise


def _several(options: Options, context: Context) -> InlineAnswer | StoredAnswer:
    until = time.monotonic() + context.settings.request_seconds

    def run(name: str, panel: object, seconds: int, notes: Notes) -> bytes:
        path = f"options.queries.{name[:60]}"
        if not isinstance(panel, dict):
            raise InvalidRequest(f"{path} must be an object: the options of its query")
        chosen = requests.validated(requests.PanelOptions, panel, f"{path}.")
        current = replace(context.settings, statement_timeout=seconds)
        limit = context.settings.answer_limit
        return query.envelope(_query(chosen, context, "data"), _output(chosen, context), limit, current, notes)

    if "psql" in options:
        raise InvalidRequest("options may have psql or queries, not both")
    queries = requests.validated(requests.BatchOptions, options, "options.").queries
    batch = Batch(queries, run, context.settings.statement_timeout)
    sink = RowSink(FRAME, _limits(context), context.settings.bucket, f"answers/{context.request_id}")
    return batch.answer(sink, context.notes, until)


def _chronological_quantity(options: Options, context: Context) -> InlineAnswer:
    chosen = requests.validated(requests.QuantityOptions, options, "options.")
    count = query.quantity(_query(chosen, context, "quantity"), context.settings, context.notes)
    return InlineAnswer(f"{OPENING}{count}{CLOSING}")


ENTITIES: dict[str, dict[str, Action]] = {
    "chronological": {"data": _chronological_data, "quantity": _chronological_quantity},
}


def _output(chosen: requests.DataOptions, context: Context) -> Output:
    return Output(chosen.format, chosen.bigint == "text", chosen.excel, context.settings.row_limit)


def _limits(context: Context) -> Limits:
    return Limits(context.settings.answer_limit, context.settings.spill_limit, context.gzip)


def _query(chosen: requests.QuantityOptions, context: Context, action: str) -> Query:
    text = chosen.psql if chosen.params is None else query_parameters.bound(chosen.psql, chosen.params)
    return Query(text, action if context.protocol_beginnings else ANY_BEGINNING, context.request_id)


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
