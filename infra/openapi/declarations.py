"""The words in which a surface declares its operations: parameters, bodies and replies with their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

JSON = "application/json"
TEXT = "text/plain"
XML = "text/xml"
FORM = "application/x-www-form-urlencoded"

#: A type that pydantic can describe, or a JSON schema as it is.
Type = Any
#: A media type -> the type of its content.
Content = Mapping[str, Type]


@dataclass(frozen=True)
class Parameter:
    """A value in the path, the query or a header. Values of a path are always required."""

    name: str
    description: str
    type: Type = str
    place: str = "query"
    required: bool = False
    example: object = None


@dataclass(frozen=True)
class Response:
    """An answer of one status: its meaning, its content, and the meanings of the headers that matter to a client."""

    description: str
    content: Content = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `route` is Chalice's path where several documented paths share it. `security` names schemes of `security.py`, of
    which one is enough; without any the operation is open to everyone.
    """

    method: str
    path: str
    summary: str
    replies: Mapping[int, Response]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Content = field(default_factory=dict)
    body_required: bool = True
    security: tuple[str, ...] = ()
    route: str = ""


@dataclass(frozen=True)
class Surface:
    """The operations of one surface, under one heading of the reference."""

    name: str
    description: str
    operations: tuple[Operation, ...]


class Problem(BaseModel):
    """An error on surfaces whose protocol defines none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"error": "not-found", "message": "…"}]})

    error: str = Field(description="a stable code for programs")
    message: str = Field(description="a sentence for people")


def problem(description: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the reply of an error in the common shape."""
    return Response(description, {JSON: Problem}, headers or {})


RETRY_AFTER = {"Retry-After": "seconds until the request is worth repeating"}
LOCATION = {"Location": "the address of the content, which needs no Authorization header and refuses one"}

#: Errors that every surface with common errors can answer with.
UNAVAILABLE = problem("A service that the answer needs is away.", RETRY_AFTER)
INTERNAL = problem("An internal error; the log has its details under the X-Request-Id of the answer.")


class GatewayProblem(BaseModel):
    """An error of the gateway in front of the surfaces."""

    error: str | None = Field(default=None, description="`gateway-refused` or `gateway-failed`")
    message: str | None


#: Answers of the gateway itself, to requests of every surface.
GATEWAY = {
    411: Response("The body came in chunks, without Content-Length.", {JSON: GatewayProblem}),
    429: Response("Too many requests: repeat it later.", {JSON: GatewayProblem}),
    504: Response("The answer took longer than 29 seconds: repeat it later.", {JSON: GatewayProblem}),
}
