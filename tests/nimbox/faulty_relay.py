"""A relay before a service that loses requests and answers, fails, and is slow."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from tests.loopback import served

ANSWER_SECONDS = 30
#: What happens to each request in turn: some reach the service, of those some answers are lost.
FAULTS = ("ok", "lost", "ok", "500", "reset", "500 after", "slow", "ok", "ok", "lost")


class FaultyRelay:
    """The relay. `url` is its address; requests meet the faults in turn, or none if `calm` is set."""

    def __init__(self, target: str, faults: Sequence[str] = FAULTS) -> None:
        """Stand before `target`."""
        self.target = target
        self.url = ""
        self.calm = False
        self.requests = 0
        self._faults = itertools.cycle(faults)
        self._lock = threading.Lock()

    def next_fault(self) -> str:
        """Return what happens to the next request."""
        with self._lock:
            self.requests += 1
            return "ok" if self.calm else next(self._faults)


@contextmanager
def relaying(relay: FaultyRelay) -> Iterator[FaultyRelay]:
    """Serve the relay on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfThisRelay", (_Handler,), {"relay": relay}))
    with served(server) as relay.url:
        yield relay


class _Handler(BaseHTTPRequestHandler):
    relay: FaultyRelay

    def do_GET(self) -> None:
        """Pass a request on, or do not."""
        fault = self.relay.next_fault()
        if fault == "reset":
            # A linger of no seconds makes the close a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if fault == "500":
            self._send(500, b"<h1>500</h1>")
            return
        if fault == "slow":
            time.sleep(0.5)
        place = urlsplit(self.path)
        answer = requests.get(f"{self.relay.target}{place.path}?{place.query}", timeout=ANSWER_SECONDS)
        if fault == "lost":
            self.close_connection = True
            return
        self._send(500 if fault == "500 after" else answer.status_code, answer.content)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
