"""The entity `reports`: saved queries that run by their name, with typed parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from chalicelib.errors import InvalidRequest, QueryFailed, Refused
from chalicelib.platform import postgres
from chalicelib.platform.postgres import Connection
from chalicelib.statistics import report_definitions, report_queries, report_store, requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer
from chalicelib.statistics.context import AnyAnswer, Context, FileFailed
from chalicelib.statistics.formats import FILES
from chalicelib.statistics.requests import Expected, FormatOptions, NoOptions, RequestModel


class ShowOptions(RequestModel):
    """The options of `reports/show` and `reports/remove`."""

    name: Annotated[str, Expected("a text: the name of a report")]


class RunOptions(FormatOptions, ShowOptions):
    """The options of `reports/run`."""

    params: Annotated[dict[str, Any], Expected("an object of values for the report's parameters")] = Field(
        default_factory=dict
    )


Options = Mapping[str, Any]


def listing(options: Options, context: Context) -> AnyAnswer:
    """Return every report with its parameters. Raise InvalidRequest for an option."""
    requests.validated(NoOptions, dict(options), "options.")
    return _envelope([report_store.summary(stored) for stored in report_store.listing(_gate(context))])


def show(options: Options, context: Context) -> AnyAnswer:
    """Return one report. Raise UnknownReport."""
    name = requests.validated(ShowOptions, dict(options), "options.").name
    return _envelope(report_store.summary(report_store.find(_gate(context), name)))


def save(options: Options, context: Context) -> AnyAnswer:
    """Save a report in place of an earlier one of its name, and return it.

    Raise InvalidRequest for a wrong part, Refused and QueryFailed for its query.
    """
    definition = report_definitions.read(options)
    report_queries.check(definition, context)
    report_store.put(_gate(context), definition, context.integration)
    return _envelope(report_store.summary(report_store.find(_gate(context), definition.name)))


def remove(options: Options, context: Context) -> AnyAnswer:
    """Remove a report. Raise UnknownReport."""
    name = requests.validated(ShowOptions, dict(options), "options.").name
    restored = report_store.remove(_gate(context), name, context.integration)
    return _envelope({"name": name, "restored": restored})


def run(options: Options, context: Context) -> AnyAnswer:
    """Run a report. Raise UnknownReport, InvalidRequest for a wrong parameter, and errors of the query."""
    chosen = requests.validated(RunOptions, dict(options), "options.")
    return answer(chosen.name, chosen.params, chosen, context)


def answer(name: str, given: Mapping[str, object], chosen: FormatOptions, context: Context) -> AnyAnswer:
    """Return the rows of the report for the values `given` in the chosen format. Raise the errors of `run`."""
    if chosen.excel and chosen.format != "csv":
        raise InvalidRequest("excel needs the format csv")
    definition = report_store.find(_gate(context), name).definition
    context.notes["report"] = definition.name
    try:
        asked = report_queries.bound(definition, given, context)
        key = f"{asked.text}\n{chosen.model_dump_json()}".encode(errors="replace")
        return context.rows(key, asked, chosen)
    except (Refused, QueryFailed) as error:
        if chosen.format in FILES:
            raise FileFailed(error.message, details=error.details) from None
        raise


def _gate(context: Context) -> Connection:
    return postgres.connection(context.settings.gate_database_url)


def _envelope(content: object) -> InlineAnswer:
    return InlineAnswer(f"{OPENING}{json.dumps(content, ensure_ascii=False, separators=(',', ':'))}{CLOSING}")
