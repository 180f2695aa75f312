"""A small Ringledger over HTTP that takes batches of events, or fails as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import requests

Record = dict[str, str]


class Failure(NamedTuple):
    """An answer instead of 200, after some seconds. With `status` 0 the connection ends without an answer."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    seconds: float = 0.0


class EventReceiver:
    """The receiver: `batches` are those that it took, `failures` its next answers; `refuses` returns a status or 0."""

    def __init__(self) -> None:
        """Listen on loopback."""
        self.batches: list[list[Record]] = []
        self.attempts: list[list[Record]] = []
        self.sizes: list[int] = []
        self.failures: list[Failure] = []
        #: Uploaded recordings by their names, and the next answers of the storage: a status and a text.
        self.recordings: dict[str, list[bytes]] = {}
        self.form_limit = 1_000_000
        self.form_failures: list[int] = []
        self.storage_failures: list[tuple[int, str]] = []
        self.refuses: Callable[[list[Record]], int] = lambda _events: 0
        #: Taken batches go on to this address, too.
        self.onward = ""
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
        if failure.status == 200:
            if self.onward:
                requests.post(self.onward, json={"events": events}, timeout=30).raise_for_status()
            self.batches.append(events)
        return failure


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        """Take a batch."""
        receiver: EventReceiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/recordings"):
            self._give_form(receiver, json.loads(body)["name"])
            return
        if self.path.endswith("/storage"):
            self._store(receiver, body)
            return
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

    def _give_form(self, receiver: EventReceiver, name: str) -> None:
        form = {"url": f"{receiver.address}/storage", "fields": {"key": name}, "limit": receiver.form_limit}
        self._reply(receiver.form_failures.pop(0) if receiver.form_failures else 200, json.dumps(form))

    def _store(self, receiver: EventReceiver, body: bytes) -> None:
        kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts: Any = message_from_bytes(kind + body).get_payload()
        named = {part.get_param("name", header="content-disposition"): part for part in parts}
        status, text = receiver.storage_failures.pop(0) if receiver.storage_failures else (204, "")
        if status == 204:
            content = named["file"].get_payload(decode=True)
            receiver.recordings.setdefault(str(named["key"].get_payload()), []).append(content)
        self._reply(status, text)

    def _reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text) if status != 204 else 0))
        self.end_headers()
        self.wfile.write(text.encode() if status != 204 else b"")

    def log_message(self, *_: object) -> None:
        """Write no log."""
