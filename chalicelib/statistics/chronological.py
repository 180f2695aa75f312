"""The entity `chronological`: the rows of one query or of several, and the number in the only row of one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from chalicelib.errors import InvalidRequest, QueryFailed, Refused
from chalicelib.statistics import batch, query, query_parameters, requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer, RowSink, StoredAnswer
from chalicelib.statistics.context import AnyAnswer, Context, FileFailed
from chalicelib.statistics.execution import Notes, Query
from chalicelib.statistics.formats import FILES
from chalicelib.statistics.guard import ANY_BEGINNING

Options = dict[str, Any]


def data(options: Options, context: Context) -> AnyAnswer:
    """Return the rows of the query, or an envelope for each of several. Raise InvalidRequest and errors of queries."""
    if "queries" in options:
        return _several(options, context)
    chosen = requests.validated(requests.DataOptions, options, "options.")
    if chosen.excel and chosen.format != "csv":
        raise InvalidRequest("options.excel needs options.format csv")
    try:
        asked = _query(chosen, context, "data")
        return context.rows(context.body, asked, chosen)
    except (Refused, QueryFailed) as error:
        if chosen.format in FILES:
            raise FileFailed(error.message, details=error.details) from None
        raise


def _several(options: Options, context: Context) -> AnyAnswer:
    until = time.monotonic() + context.settings.request_seconds
    if "psql" in options:
        raise InvalidRequest("options may have psql or queries, not both")
    for name in requests.DataOptions.model_fields:
        if name in options:
            raise InvalidRequest(f"options.{name} belongs to each query: write it within options.queries")
    queries = requests.validated(batch.BatchOptions, options, "options.").queries

    def run(name: str, panel: object, seconds: int, notes: Notes) -> bytes:
        chosen = _panel(name, panel)
        current = replace(context.settings, statement_timeout=seconds)
        limit = context.settings.answer_limit
        return query.envelope(_query(chosen, context, "data"), context.output(chosen), limit, current, notes)

    def run_all() -> InlineAnswer | StoredAnswer:
        sink = RowSink(batch.FRAME, context.limits(), context.settings.bucket, f"answers/{context.request_id}")
        return several.answer(sink, context.notes, until)

    several = batch.Batch(queries, run, context.settings.statement_timeout)
    try:
        asked = [_query(_panel(name, panel), context, "data") for name, panel in queries.items()]
        return context.unless_known(context.body, asked, run_all)
    except (InvalidRequest, Refused):
        # The error of one query does not stop the others.
        return run_all()


def _panel(name: str, panel: object) -> batch.PanelOptions:
    path = f"options.queries.{name[:60]}"
    if not isinstance(panel, dict):
        raise InvalidRequest(f"{path} must be an object: the options of its query")
    return requests.validated(batch.PanelOptions, panel, f"{path}.")


def quantity(options: Options, context: Context) -> AnyAnswer:
    """Return the whole number in the only row of the query. Raise InvalidRequest and errors of the query."""
    chosen = requests.validated(requests.QuantityOptions, options, "options.")
    asked = _query(chosen, context, "quantity")

    def count() -> InlineAnswer:
        return InlineAnswer(f"{OPENING}{query.quantity(asked, context.settings, context.notes)}{CLOSING}")

    return context.unless_known(context.body, [asked], count)


def _query(chosen: requests.QuantityOptions, context: Context, action: str) -> Query:
    text = chosen.psql if chosen.params is None else query_parameters.bound(chosen.psql, chosen.params)
    return Query(text, action if context.protocol_beginnings else ANY_BEGINNING, context.request_id)
