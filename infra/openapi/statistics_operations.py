"""The operations of `statistics`. The options are the channel's own models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.statistics.batch import PanelOptions
from chalicelib.statistics.operational_answers import Agents, Calls, Queues, Summary
from chalicelib.statistics.requests import DataOptions, QuantityOptions
from chalicelib.statistics.schema_answer import Schema
from infra.openapi.channel_requests import (
    ListReportsRequest,
    NamedReportRequest,
    OperationalRequest,
    RunReportRequest,
    SaveReportRequest,
    SchemaRequest,
)
from infra.openapi.declarations import (
    JSON,
    LOCATION,
    RETRY_AFTER,
    UNAVAILABLE,
    Operation,
    Parameter,
    Response,
    Surface,
    problem,
)
from infra.openapi.security import BEARER

_COUNT = "select count(*) from calls.success"
_ROWS = "select inviteid, anumber, duration from calls.success order by invitedt limit 2"


def _example(action: str, options: dict[str, Any]) -> ConfigDict:
    example: dict[str, Any] = {"entity": "chronological", "action": action, "options": options}
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class QuantityRequest(BaseModel):
    """One whole number."""

    model_config = _example("quantity", {"psql": _COUNT})

    entity: Literal["chronological"]
    action: Literal["quantity"]
    options: QuantityOptions


class DataRequest(BaseModel):
    """The rows of a query."""

    model_config = _example("data", {"psql": _ROWS, "format": "columns"})

    entity: Literal["chronological"]
    action: Literal["data"]
    options: DataOptions


class BatchQueries(BaseModel):
    """Several queries under names of the client's choice."""

    model_config = ConfigDict(extra="forbid")

    queries: dict[str, PanelOptions] = Field(min_length=1, max_length=30)


class BatchRequest(BaseModel):
    """The rows of several queries, each with its own result or error."""

    model_config = _example("data", {"queries": {"answered": {"psql": _COUNT}}})

    entity: Literal["chronological"]
    action: Literal["data"]
    options: BatchQueries


class ColumnDescription(BaseModel):
    """A column of the format `columns`."""

    name: str
    type: str = Field(description="its type in PostgreSQL")
    label: str | None = Field(default=None, description="the name before it was numbered, where it was")


class ColumnsAnswer(BaseModel):
    """The answer in the format `columns`."""

    columns: list[ColumnDescription]
    rows: list[list[Any]]


class SuccessAnswer(BaseModel):
    """The result: a whole number for `quantity`; rows, columns or envelopes by name for `data`."""

    success: Literal[True]
    error: None
    data: list[Any] | ColumnsAnswer | int | Schema | Summary | Calls | Queues | Agents | dict[str, Any] = Field(
        description="by action: rows or columns, a whole number, a schema, a present state, or an object of envelopes"
    )


class FailureAnswer(BaseModel):
    """The request failed: `error` says what is wrong, and where in the query if that is known."""

    success: Literal[False]
    error: str
    data: None


class TokenNotFoundAnswer(BaseModel):
    """The error of an unknown token in the address."""

    error_code: Literal[1404]
    error_message: str


class FunctionsAnswer(BaseModel):
    """Everything that a query may use."""

    functions: dict[str, list[str]] = Field(description="the functions by purpose")
    types: list[str]
    operators: list[str]
    collations: list[str] = Field(description="those of the server")
    sampling_methods: list[str] = Field(alias="sampling methods")
    limits: dict[str, int]


class StoredAnswerPlace(BaseModel):
    """A large answer in S3, for a request with `redirect=0`."""

    success: Literal[True]
    error: None
    data: None

    location: str = Field(description="the address of the answer; it refuses an Authorization header")
    size: int = Field(description="bytes")
    type: str = Field(description="the content type of the answer")
    expires: int = Field(description="seconds until the address ends")


class TokenAnswer(BaseModel):
    """The token of the request."""

    name: str = Field(description="the integration that it belongs to")
    scopes: list[str] = Field(description="what it may be used for", examples=[["statistics", "recordings"]])


def failure(description: str, headers: dict[str, str] | None = None) -> Response:
    """Return the reply of an error in the channel's envelope."""
    return Response(description, {JSON: FailureAnswer}, headers or {})


ETAG = {"ETag": "the version of the answer, where every table that it reads has one"}
CONDITION = Parameter("If-None-Match", "the ETag of an earlier answer to the same request", place="header")
REDIRECT = Parameter(
    "redirect", "0 describes a large answer in the body instead of redirecting to it", {"enum": ["0", "1"]}
)
ANSWERS = {
    200: Response(
        "The result, or an error of the query. CSV and lines of JSON on request. With `redirect=0` an answer that is "
        "too large for a response is described.",
        {
            JSON: StoredAnswerPlace | SuccessAnswer | FailureAnswer,
            "text/csv": {"type": "string"},
            "application/x-ndjson": {"type": "string"},
        },
        ETAG,
    ),
    303: Response("The answer is too large for a response: it is in S3 for 15 minutes.", {}, LOCATION | ETAG),
    304: Response("The tables of the query did not change.", {}, ETAG),
    400: failure("The body is not JSON or not of the documented shape."),
    403: failure("The token lacks the scope of the action: `statistics`, or `reports` to save and remove reports."),
    413: failure("The body is larger than 128 KiB."),
    422: failure("The query of an answer in CSV or lines of JSON was refused or failed."),
    500: failure("An internal error."),
    503: failure("A service that the answer needs is away.", RETRY_AFTER),
}
_BODY = {
    JSON: QuantityRequest
    | DataRequest
    | BatchRequest
    | OperationalRequest
    | SchemaRequest
    | ListReportsRequest
    | RunReportRequest
    | NamedReportRequest
    | SaveReportRequest
}
_TOKEN = Parameter("token", "a token with the scope `statistics`", {"type": "string", "minLength": 1}, "path")

SURFACE = Surface(
    "statistics",
    "SELECT queries over the documented tables, checked by a guard.",
    (
        Operation(
            "POST",
            "/statistics",
            "Query the tables",
            {
                **ANSWERS,
                401: failure("The token is missing, unknown or revoked."),
                404: failure("There is no report of this name."),
            },
            parameters=(CONDITION, REDIRECT),
            body=_BODY,
            security=(BEARER,),
        ),
        Operation(
            "POST",
            "/api/token/v1/{token}",
            "Query the tables, with the token in the address",
            {
                **ANSWERS,
                404: Response("The token or the report is unknown.", {JSON: TokenNotFoundAnswer | FailureAnswer}),
            },
            "The address of the protocol. A query begins with `select`, and for `quantity` with `select count`.",
            parameters=(_TOKEN, CONDITION, REDIRECT),
            body=_BODY,
        ),
        Operation(
            "GET",
            "/token",
            "What the token may do",
            {
                200: Response("The name and the scopes of the token, whichever it has.", {JSON: TokenAnswer}),
                401: problem("No token, or an unknown or revoked one.", {"WWW-Authenticate": "Bearer"}),
                500: problem("An internal error."),
                503: UNAVAILABLE,
            },
            security=(BEARER,),
        ),
        Operation(
            "GET",
            "/statistics/functions",
            "What a query may use",
            {
                200: Response("Functions, types, operators, collations and limits.", {JSON: FunctionsAnswer}),
                500: failure("An internal error."),
            },
        ),
    ),
)
