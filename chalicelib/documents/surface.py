"""`GET /openapi.json` and `GET /docs`: the description of the HTTP interface, without a database."""

from __future__ import annotations

import hashlib
import json

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.documents import page
from chalicelib.documents.openapi_file import OPENAPI
from chalicelib.edge import Answer, Notes, Request
from chalicelib.platform import runtime

routes = Blueprint(__name__)

#: The page has its style inside and loads nothing.
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}


@edge.route(routes, "/openapi.json", methods=edge.READ)
def openapi(request: Request, _notes: Notes) -> Answer:
    """Return the OpenAPI document."""
    return _static(request, _document(), {})


@edge.route(routes, "/docs", methods=edge.READ)
def reference(request: Request, _notes: Notes) -> Answer:
    """Return the page made from the document."""
    return _static(request, _page(), _PAGE_HEADERS)


def _document() -> str:
    return OPENAPI.read_text("utf-8")


def _page() -> str:
    return runtime.current().shared(page.ReferencePage, lambda: page.ReferencePage(json.loads(_document()))).html


def _static(request: Request, text: str, headers: dict[str, str]) -> Answer:
    """Return a text that changes with a deployment only, or 304 for the client's own version of it."""
    headers = {
        **headers,
        "Cache-Control": "public, max-age=300",
        "ETag": f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"',
    }
    if edge.is_current(request, headers["ETag"]):
        return Answer("", 304, headers)
    return Answer(text, headers=headers)
