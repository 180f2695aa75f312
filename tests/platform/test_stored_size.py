"""Asking S3 for an object without boto3: it exists, it does not, or S3 is away."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import runtime, signed_requests
from tests.loopback import served

ANSWERS = {"there": (200, 5), "gone": (404, 0), "closed": (403, 0), "broken": (503, 0)}


class Storage(BaseHTTPRequestHandler):
    """A server that answers by the object's name and counts its connections."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        type(self).connections += 1

    def do_HEAD(self) -> None:
        """Answer with a status and a length."""
        status, size = ANSWERS[self.path.partition("?")[0].rpartition("/")[2]]
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Storage]]:
    """Start a server, and set its address and credentials."""
    handler = type("Own", (Storage,), {"connections": 0})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "test")
    with served(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield handler
        runtime.renew()


def test_an_object_exists_or_not(storage: type[Storage]) -> None:
    """The result is its size or None, and one connection serves all requests."""
    assert [signed_requests.object_size("bucket", name) for name in ("there", "gone", "there")] == [5, None, 5]
    assert storage.connections == 1


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("name", ["closed", "broken"])
def test_a_storage_that_refuses_is_unavailable(name: str) -> None:
    """A refusal or a failure does not prove that the file is missing."""
    with pytest.raises(Unavailable):
        signed_requests.object_size("bucket", name)


def test_a_storage_that_is_away_is_unavailable(storage: type[Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    """The click is answered with 503."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="storage"):
        signed_requests.object_size("bucket", "there")
    assert storage.connections == 0
