"""The operations of `documents`."""

from __future__ import annotations

from infra.openapi.declarations import JSON, Operation, Response, Surface

_ETAG = {"ETag": "the version of the document, for If-None-Match"}

SURFACE = Surface(
    "documents",
    "This description. No token is needed.",
    (
        Operation(
            "GET",
            "/openapi.json",
            "This description in OpenAPI 3.1",
            {
                200: Response("The document.", {JSON: {"type": "object"}}, _ETAG),
                304: Response("It did not change.", {}, _ETAG),
            },
        ),
        Operation(
            "GET",
            "/docs",
            "This description as a page",
            {
                200: Response("A page that loads nothing else.", {"text/html": {"type": "string"}}, _ETAG),
                304: Response("It did not change.", {}, _ETAG),
            },
        ),
    ),
)
