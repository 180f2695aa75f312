"""The page and its files, as a browser and as a program get them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping

import pytest
from chalice.local import RouteMatcher
from chalice.test import Client, HTTPResponse

import app
from chalicelib.console import policy, static_files
from chalicelib.console.surface import page
from chalicelib.edge import Request
from chalicelib.settings import load

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FILES = sorted(path.name for path in static_files.STATIC.iterdir() if path.suffix in {".js", ".css", ".html"})
#: The first load, in bytes over the wire: the page with the files that it names.
FIRST_LOAD = 60_000


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a client of the app in this process."""
    with Client(app.app) as made:
        yield made


def _get(client: Client, path: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    return client.http.get(path, headers=dict(headers or {}))


def _request(address: str, **headers: str) -> Request:
    return Request("1", "GET", {}, {}, headers, b"", address=address)


def test_a_browser_at_the_root(client: Client) -> None:
    """It is led to the page, relative to the address, so that a stage's path stays."""
    answer = _get(client, "/", BROWSER)
    assert (answer.status_code, answer.headers["Location"]) == (302, "console/")


def test_a_program_at_the_root(client: Client) -> None:
    """It gets 404 in JSON, which names the page and the description."""
    answer = _get(client, "/", {"Accept": "application/json"})
    assert (answer.status_code, answer.json_body["error"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/console/", "/console/app.css", "/health", "/docs", "/openapi.json", "/reports"])
def test_a_head_request(client: Client, path: str) -> None:
    """HEAD has the status and the headers of GET, and no body: monitors and caches ask like that."""
    whole, head = _get(client, path), client.http.request("HEAD", path)

    assert (head.status_code, head.body) == (whole.status_code, b"")
    assert head.headers.get("ETag") == whole.headers.get("ETag")


def test_the_page_without_a_final_slash() -> None:
    """The files are relative to `console/`, so the address without a slash leads to the one with it."""
    answer = page(_request("/api/console"), {})
    assert (answer.status, answer.headers["Location"]) == (302, "console/")


def test_the_page_is_asked_for_each_time() -> None:
    """A browser has the present version by its ETag, and is sent nothing while it has it."""
    answer = page(_request("/console/"), {})
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    unchanged = page(_request("/console/", **{"if-none-match": answer.headers["ETag"]}), {})
    assert (unchanged.status, unchanged.body) == (304, "")


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_each_coding(client: Client, name: str) -> None:
    """A file is the same compressed and not; what its name depends on is kept for a year."""
    whole = _get(client, f"/console/{name}")
    packed = _get(client, f"/console/{name}", {"Accept-Encoding": "gzip;q=0.5, deflate"})
    none = _get(client, f"/console/{name}", {"Accept-Encoding": "gzip;q=0, br;q=0.0"})
    body = gzip.decompress(packed.body) if packed.headers.get("Content-Encoding") == "gzip" else packed.body
    assert whole.body == body == none.body
    assert "Content-Encoding" not in {**whole.headers, **none.headers}
    assert ("immutable" in whole.headers["Cache-Control"]) == (name != "index.html")


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "..%2Fsurface.py", "%2Fetc%2Fpasswd", "surface.py", ".gz", "index.html.gz", "x" * 200 + ".js"],
)
def test_a_file_that_is_not_of_the_page(client: Client, name: str) -> None:
    """Only files of the folder are served, under their own names."""
    assert _get(client, f"/console/{name}").status_code == 404


def test_the_policy_admits_the_own_files_and_recordings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts, styles and requests come from the own origin, sounds from the buckets of recordings."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(variable, raising=False)
    settings = load({"BUCKET": "calls", "RECORDING_STORAGES": "main=calls/recordings old=my.old.bucket/x"})
    found = dict(part.split(" ", 1) for part in policy.content_security_policy(settings).split("; "))
    sounds = "'self' https://calls.s3.eu-north-1.amazonaws.com https://s3.eu-north-1.amazonaws.com"
    assert found["default-src"] == "'none'"
    assert (found["script-src"], found["style-src"], found["connect-src"]) == ("'self'",) * 3
    assert found["media-src"] == sounds
    assert "unsafe" not in str(found)


def test_the_headers_of_the_page() -> None:
    """The page cannot be framed, its types are not guessed, and it sets no cookie."""
    headers = page(_request("/console/"), {}).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["Referrer-Policy"]) == ("DENY", "no-referrer")
    assert "Set-Cookie" not in headers


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    """The policy would stop them."""
    html = (static_files.STATIC / static_files.INDEX).read_text("utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style|style=|\son\w+=|https?:", html) == []


def test_the_first_load_is_small() -> None:
    """The page and the files that it names take at most 60 kB with gzip."""
    html = (static_files.STATIC / static_files.INDEX).read_text("utf-8")
    names = ["index.html", *re.findall(r'(?:href|src)="([\w.-]+\.(?:js|css|svg))"', html)]
    assert sum(len(static_files.load(name, "gzip").content) for name in names) <= FIRST_LOAD


@pytest.mark.parametrize(
    ("path", "route"),
    [("/", "/"), ("/console/", "/console"), ("/console/page.js", "/console/{file}"), ("/docs", "/docs"),
     ("/health", "/health"), ("/statistics", "/statistics"), ("/nosuch", "/{command}")],
)  # fmt: skip
def test_fixed_routes_win_over_commands(path: str, route: str) -> None:
    """Oktell's routes match any short path, and a literal path is preferred to them."""
    assert RouteMatcher(list(app.app.routes)).match_route(path).route == route
