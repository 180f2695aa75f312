"""The query of a report with its values as constants, and its check in PostgreSQL before it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.platform.postgres import Connection
from chalicelib.statistics import query_parameters, report_values
from chalicelib.statistics.circumstances import Circumstances
from chalicelib.statistics.execution import Execution, Query
from chalicelib.statistics.guard import ANY_BEGINNING
from chalicelib.statistics.report_definitions import ReportDefinition
from chalicelib.statistics.report_values import SiteClock

#: A value for a required parameter of each type. A text has none: NULL fits wherever a text does, also as an id.
_SAMPLES = {"time": "today", "until": "today", "integer": 1, "number": 1.5, "boolean": True}


def bound(definition: ReportDefinition, given: Mapping[str, object], context: Circumstances) -> Query:
    """Return the report's query with the values as constants. Raise InvalidRequest, Refused."""
    values = report_values.values(definition, given, SiteClock(context.now, context.settings.site_zone))
    used = query_parameters.names(definition.psql)
    text = query_parameters.bound(definition.psql, {name: value for name, value in values.items() if name in used})
    return Query(text, ANY_BEGINNING, context.request_id)


def check(definition: ReportDefinition, context: Circumstances, connection: Connection | None = None) -> None:
    """Run the query without rows, so that a wrong column, function or type is refused before the report is stored.

    The reader's connection runs it, or `connection`, which may be the owner's. Raise InvalidRequest for a default of
    another type, Refused and QueryFailed for the query, Unavailable.
    """
    report_values.check_defaults(definition)
    samples = {each.name: _SAMPLES.get(each.type) for each in definition.parameters if each.required}
    optional = [each.model_copy(update={"required": False}) for each in definition.parameters]
    checked = bound(definition.model_copy(update={"parameters": optional}), samples, context)
    Execution(checked, context.settings, context.notes, connection).columns()
