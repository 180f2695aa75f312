"""The operations of `console`."""

from __future__ import annotations

from infra.openapi.declarations import INTERNAL, Operation, Parameter, Response, Surface, problem

_ETAG = {"ETag": "the version of the file, for If-None-Match"}
_UNCHANGED = Response("It did not change.", {}, _ETAG)
_FILES = {
    kind: {"type": "string"} for kind in ("text/html", "text/javascript", "text/css", "image/svg+xml", "text/plain")
}

SURFACE = Surface(
    "console",
    "The page for people. Its files need no token; the page itself sends one to the other surfaces.",
    (
        Operation(
            "GET",
            "/",
            "The way to the page",
            {
                302: Response(
                    "For a client that accepts HTML.", {}, {"Location": "the page, relative to this address"}
                ),
                404: problem("Nothing is here for other clients."),
                500: INTERNAL,
            },
        ),
        Operation(
            "GET",
            "/console",
            "The page",
            {
                200: Response(
                    "The page, when the address ends with a slash.", {"text/html": {"type": "string"}}, _ETAG
                ),
                302: Response("To the address with a slash.", {}, {"Location": "the page, relative to this address"}),
                304: _UNCHANGED,
                500: INTERNAL,
            },
        ),
        Operation(
            "GET",
            "/console/{file}",
            "A file of the page",
            {
                200: Response("The file, compressed as the client accepts it.", _FILES, _ETAG),
                304: _UNCHANGED,
                404: problem("The page has no such file."),
                500: INTERNAL,
            },
            parameters=(Parameter("file", "the file's name", place="path", example="index.html"),),
        ),
    ),
)
