"""The OpenAPI document, made from the surfaces' declarations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Literal

from pydantic import TypeAdapter

from infra.openapi.declarations import GATEWAY, Content, Operation, Parameter, Response, Surface, Type
from infra.openapi.registry import SURFACES
from infra.openapi.security import SCHEMES

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

#: The number of operations from which a reply is described once for all of them.
_SHARED = 3
_CHUNKED = 411
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REQUEST_ID = "X-Request-Id"
_DESCRIPTION = """\
Telephone-call statistics over HTTP. Every answer carries `X-Request-Id`, under which the log has its details. All text
is UTF-8. On every path whose `GET` changes nothing, `HEAD` is answered alike, without the body. Methods that a path
does not have are answered with 403 or 405."""


class Schemas:
    """The JSON schemas of all types that the declarations name, with shared definitions."""

    def __init__(self, operations: list[Operation]) -> None:
        """Describe every type of `operations`."""
        types = {repr(type_): (type_, mode) for type_, mode in _types(operations) if not isinstance(type_, dict)}
        inputs = [(name, mode, TypeAdapter(type_)) for name, (type_, mode) in types.items()]
        described, rest = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
        self._described: dict[str, Json] = {name: dict(schema) for (name, _), schema in described.items()}
        self.definitions: Json = rest.get("$defs", {})

    def of(self, type_: Type) -> Json:
        """Return the schema of a type, or a reference to it."""
        return dict(type_) if isinstance(type_, dict) else self._described[repr(type_)]


def _types(operations: list[Operation]) -> Iterator[tuple[Type, Mode]]:
    for operation in operations:
        for parameter in operation.parameters:
            yield parameter.type, "validation"
        for type_ in operation.body.values():
            yield type_, "validation"
        for reply in operation.replies.values():
            for type_ in reply.content.values():
                yield type_, "serialization"
    for reply in GATEWAY.values():
        for type_ in reply.content.values():
            yield type_, "serialization"


class Replies:
    """The replies of all operations. One that many operations of a surface share is described once."""

    def __init__(self, surfaces: tuple[Surface, ...], schemas: Schemas) -> None:
        """Find the shared replies of `surfaces`."""
        self._schemas = schemas
        self._names: dict[tuple[str, int], str] = {}
        self.shared: Json = {}
        for surface in surfaces:
            replies = [pair for operation in surface.operations for pair in operation.replies.items()]
            uses = Counter(id(reply) for _, reply in replies)
            for status, reply in replies:
                if uses[id(reply)] >= _SHARED:
                    self._names[surface.name, id(reply)] = name = f"{surface.name}-{status}"
                    self.shared[name] = _reply(reply, schemas)

    def of(self, surface: Surface, reply: Response) -> Json:
        """Return the description of a reply, or a reference to it."""
        name = self._names.get((surface.name, id(reply)))
        return {"$ref": f"#/components/responses/{name}"} if name else _reply(reply, self._schemas)


def document(surfaces: tuple[Surface, ...] = SURFACES) -> Json:
    """Return the document of all surfaces."""
    schemas = Schemas([operation for surface in surfaces for operation in surface.operations])
    replies = Replies(surfaces, schemas)
    paths: dict[str, Json] = {}
    for surface in surfaces:
        for operation in surface.operations:
            described = _operation(surface, operation, schemas, replies)
            paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringledger",
            "version": version("ringledger"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        # Relative to the document, so that it holds on every stage and behind every proxy.
        "servers": [{"url": "."}],
        "tags": [{"name": surface.name, "description": surface.description} for surface in surfaces],
        "paths": paths,
        "components": {
            "securitySchemes": SCHEMES,
            "headers": {_REQUEST_ID: _header("the id of the request in the log")},
            "responses": {
                **dict(sorted(replies.shared.items())),
                **{f"gateway-{status}": _reply(reply, schemas) for status, reply in GATEWAY.items()},
            },
            "schemas": dict(sorted(schemas.definitions.items())),
        },
    }


def text(surfaces: tuple[Surface, ...] = SURFACES) -> str:
    """Return the document as it is stored."""
    return json.dumps(document(surfaces), indent=1, ensure_ascii=False) + "\n"


def _operation(surface: Surface, operation: Operation, schemas: Schemas, replies: Replies) -> Json:
    described: Json = {
        "tags": [surface.name],
        "operationId": _id(operation),
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter, schemas) for parameter in operation.parameters],
        "requestBody": _body(operation, schemas),
        "responses": {
            **{str(status): replies.of(surface, reply) for status, reply in sorted(operation.replies.items())},
            **{str(status): {"$ref": f"#/components/responses/gateway-{status}"} for status in _gateway(operation)},
        },
        "security": [{name: []} for name in operation.security],
    }
    # An empty list means "open to everyone", so it stays for `security`.
    return {name: value for name, value in described.items() if value or name == "security"}


def _gateway(operation: Operation) -> list[int]:
    """Return the statuses of the gateway: without a body a request cannot come in chunks."""
    return [status for status in GATEWAY if operation.method in _WITH_BODY or status != _CHUNKED]


def _id(operation: Operation) -> str:
    words = operation.path.replace("{", "").replace("}", "").replace(".", "-").strip("/").split("/")
    return "-".join([operation.method.lower(), *words])


def _parameter(parameter: Parameter, schemas: Schemas) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required or parameter.place == "path",
        "description": parameter.description,
        "schema": schemas.of(parameter.type),
    }
    return described if parameter.example is None else {**described, "example": parameter.example}


def _body(operation: Operation, schemas: Schemas) -> Json:
    if not operation.body:
        return {}
    return {"required": operation.body_required, "content": _content(operation.body, schemas)}


def _reply(reply: Response, schemas: Schemas) -> Json:
    described: Json = {"description": reply.description, "headers": _headers(reply.headers)}
    if reply.content:
        described["content"] = _content(reply.content, schemas)
    return described


def _headers(headers: Mapping[str, str]) -> Json:
    common = {_REQUEST_ID: {"$ref": f"#/components/headers/{_REQUEST_ID}"}}
    return common | {name: _header(meaning) for name, meaning in headers.items()}


def _header(meaning: str) -> Json:
    return {"description": meaning, "schema": {"type": "string"}}


def _content(content: Content, schemas: Schemas) -> Json:
    return {media_type: {"schema": schemas.of(type_)} for media_type, type_ in content.items()}
