"""A small Ringledger over HTTP that takes batches of events, or fails as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Record = dict[str, str]


class Failure(NamedTuple):
    """An answer instead of 200, after some seconds. With `status` 0 the connection ends without an answer."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    seconds: float = 0.0
    taken: bool = False


class EventReceiver:
    """The receiver: `batches` are those that it took, `failures` its next answers; `refuses` returns a status or 0."""

    def __init__(self) -> None:
        """Listen on loopback."""
        self.batches: list[list[Record]] = []
        self.attempts: list[list[Record]] = []
        self.sizes: list[int] = []
        self.failures: list[Failure] = []
        self.refuses: Callable[[list[Record]], int] = lambda _events: 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        vars(self._server)["receiver"] = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/asterisk/key"
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def records(self) -> list[Record]:
        """Return every event that was taken, repetitions included."""
        return [record for batch in list(self.batches) for record in batch]

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, events: list[Record]) -> Failure:
        """Return the answer to a request with these events."""
        self.attempts.append(events)
        failure = self.failures.pop(0) if self.failures else Failure(self.refuses(events) or 200)
        if failure.status == 200 or failure.taken:
            self.batches.append(events)
        return failure


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        """Take a batch."""
        receiver: EventReceiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.sizes.append(len(body))
        failure = receiver.answer(json.loads(body)["events"])
        time.sleep(failure.seconds)
        if not failure.status:
            self.close_connection = True
            return
        # A sender that was killed does not wait for the answer.
        with suppress(OSError):
            self.send_response(failure.status)
            for name, value in {"Content-Length": "2", **failure.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"OK")

    def log_message(self, *_: object) -> None:
        """Write no log."""
