"""The HTTP surface `console`: the page and its files. It needs neither a database nor a secret."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.console import policy, static_files
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError
from chalicelib.platform import configuration

#: A browser keeps a file whose name changes with its content for a year, and asks for the page each time.
_FOREVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"

routes = Blueprint(__name__)


class NothingHere(RingledgerError):
    """Nothing is here for a program; people find the page at console/, programs the description at openapi.json."""

    code = "not-found"
    status = 404


@edge.route(routes, "/", methods=edge.READ)
def root(request: Request, _notes: Notes) -> Answer:
    """Lead a browser to the page."""
    if "text/html" not in request.headers.get("accept", ""):
        raise NothingHere
    # Relative, because a stage of API Gateway has a path of its own.
    return Answer("", 302, {"Location": "console/", "Vary": "Accept, Origin"})


@edge.route(routes, "/console", methods=edge.READ)
def page(request: Request, _notes: Notes) -> Answer:
    """Return the page; its files and the API are relative to `/console/`."""
    if not request.address.endswith("/"):
        return Answer("", 302, {"Location": "console/"})
    return _answer(request, static_files.INDEX)


@edge.route(routes, "/console/{file}", methods=edge.READ)
def file(request: Request, _notes: Notes) -> Answer:
    """Return a file of the page."""
    return _answer(request, request.path["file"])


def _answer(request: Request, name: str) -> Answer:
    found = static_files.load(name, request.headers.get("accept-encoding", ""))
    headers = {
        "Content-Type": found.type,
        "Cache-Control": _FOREVER if found.is_immutable else _ASK,
        "ETag": found.etag,
        "Vary": "Accept-Encoding, Origin",
        "Content-Security-Policy": policy.content_security_policy(configuration.current()),
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if found.coding:
        headers["Content-Encoding"] = found.coding
    if edge.is_current(request, found.etag):
        return Answer("", 304, headers)
    return Answer(found.content, headers=headers)
