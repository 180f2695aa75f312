"""Asking S3 for an object without boto3: there, not there, and nobody to say so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import persistent, presence

ANSWERS = {"there": (200, 5), "gone": (404, 0), "closed": (403, 0), "broken": (503, 0)}


class Storage(BaseHTTPRequestHandler):
    """Answers by the object's name, and counts the connections that it was asked over."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        """Count."""
        super().setup()
        type(self).connections += 1

    def do_HEAD(self) -> None:
        """Tell as much as HEAD does."""
        status, size = ANSWERS[self.path.partition("?")[0].rpartition("/")[2]]
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Storage]]:
    """A storage of its own, and credentials."""
    handler = type("Own", (Storage,), {"connections": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield handler
    persistent.close()
    server.shutdown()
    server.server_close()


def test_an_object_is_there_or_not(storage: type[Storage]) -> None:
    """Its size, or nothing; and one connection serves all questions."""
    assert [presence.size("bucket", name) for name in ("there", "gone", "there")] == [5, None, 5]
    assert storage.connections == 1


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("name", ["closed", "broken"])
def test_a_storage_that_does_not_say_is_unavailable(name: str) -> None:
    """Forbidden and failing are no proof that the file is missing."""
    with pytest.raises(Unavailable):
        presence.size("bucket", name)


def test_a_storage_that_is_away_is_unavailable(storage: type[Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever clicks is asked to come back."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="storage"):
        presence.size("bucket", "there")
    assert storage.connections == 0
