"""The description of the HTTP interface, as a client reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from chalice.test import Client, HTTPResponse

from app import app

PATHS = ("/openapi.json", "/docs")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a client of the app in this process."""
    with Client(app) as made:
        yield made


def _get(client: Client, path: str, **headers: str) -> HTTPResponse:
    return client.http.get(path, headers=headers)


def test_the_document_is_served(client: Client) -> None:
    """`/openapi.json` is an OpenAPI 3.1 document and needs no token."""
    answer = _get(client, "/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(answer.body)["openapi"] == "3.1.0"


def test_the_page_names_every_operation(client: Client) -> None:
    """`/docs` shows each path of the document."""
    document, page = (_get(client, path).body.decode() for path in PATHS)
    missing = [path for path in json.loads(document)["paths"] if f"<code>{path}</code>" not in page]
    assert missing == []


def test_the_page_loads_nothing(client: Client) -> None:
    """The page has no script and loads no file, and its policy forbids both."""
    answer = _get(client, "/docs")
    page = answer.body.decode()
    assert re.findall(r"<(?:script|link|img|iframe)|\bsrc=|@import|url\(", page) == []
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_every_link_of_the_page_leads_somewhere(client: Client) -> None:
    """Each link within the page has its target."""
    page = _get(client, "/docs").body.decode()
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_has_the_present_version(client: Client, path: str) -> None:
    """The client's own version of a document is answered with 304, another one with the document."""
    etag = _get(client, path).headers["ETag"]
    assert _get(client, path, **{"If-None-Match": f'"other", W/{etag}'}).status_code == 304
    assert _get(client, path, **{"If-None-Match": '"other"'}).status_code == 200
