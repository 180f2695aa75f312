"""The operations of saved reports, and of the description of the tables, under the heading of the channel."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from chalicelib.statistics.report_definitions import ReportSummary
from chalicelib.statistics.schema_answer import Schema
from infra.openapi.declarations import JSON, Operation, Parameter, Response, Surface
from infra.openapi.security import BASIC, BEARER, TOKEN
from infra.openapi.statistics_operations import ANSWERS, CONDITION, ETAG, REDIRECT, failure


class ReportsAnswer(BaseModel):
    """The saved reports in the channel's envelope."""

    success: Literal[True]
    error: None
    data: list[ReportSummary]


_ADMITTED = {
    400: failure("A parameter is unknown, missing or wrong; the error names it."),
    401: failure(
        "The token is missing, unknown or revoked.", {"WWW-Authenticate": "asks for the token as the password of Basic"}
    ),
    403: failure("The token lacks the scope `statistics`."),
    500: ANSWERS[500],
    503: ANSWERS[503],
}
_CHOICES = (
    Parameter("from", "the first day or the beginning, in the site's zone", example="-7d"),
    Parameter("to", "the last day or the end, in the site's zone", example="today"),
    Parameter("zone", "a time zone in place of the site's", example="Europe/Moscow"),
    Parameter("format", "`columns` for the columns with their types, with the ending `.json`"),
    Parameter("excel", "1 for CSV with a byte order mark and semicolons", {"enum": ["0", "1"]}),
    Parameter("bigint", "`text` for bigint values as texts", {"enum": ["number", "text"]}),
)

SURFACE = Surface(
    "reports",
    "Saved queries at addresses of their own, and the tables that queries read.",
    (
        Operation(
            "GET",
            "/reports",
            "The saved reports",
            {**_ADMITTED, 200: Response("Every report with its parameters.", {JSON: ReportsAnswer})},
            security=(BEARER, BASIC, TOKEN),
        ),
        Operation(
            "GET",
            "/reports/{file}",
            "The rows of a saved report",
            {
                **{status: ANSWERS[status] for status in (200, 303, 304, 422)},
                **_ADMITTED,
                404: failure("There is no report of this name."),
            },
            "Every other parameter of the address is one of the report's own, which `GET /reports` lists.",
            parameters=(
                Parameter(
                    "file",
                    "the name and .csv, .json or .ndjson",
                    {"type": "string", "minLength": 1},
                    "path",
                    example="not-called-back.csv",
                ),
                *_CHOICES,
                CONDITION,
                REDIRECT,
            ),
            security=(BEARER, BASIC, TOKEN),
        ),
        Operation(
            "GET",
            "/statistics/schema",
            "The tables and what a query may use",
            {
                200: Response("The tables and views with the meanings of their columns.", {JSON: Schema}, ETAG),
                304: Response("The schema is the same.", {}, ETAG),
                500: failure("An internal error."),
            },
            parameters=(CONDITION,),
        ),
    ),
)
