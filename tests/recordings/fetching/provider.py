"""A provider whose server behaves as the beginning of a file's name says."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from infra.local import tapes
from tests.loopback import served

SOUND = tapes.sound(2)
SAMPLES = Path(__file__).parents[1] / "samples"
API = "/api/ver1.0/client/@me/record/"


class Moods(BaseHTTPRequestHandler):
    """Handles requests as Telphin does: a login, the address of a recording, and the file."""

    seen: Counter[str]
    tokens: list[str | None]
    elsewhere = ""
    current = "t"

    def do_POST(self) -> None:
        """Accept every login, except with a secret that contains `gone`."""
        self.seen[self.path] += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._send(401 if "gone" in body else 200, json.dumps({"access_token": self.current}).encode())

    def do_GET(self) -> None:
        """Answer where a file is, or send it as its name says."""
        self.seen[self.path] += 1
        if self.path.startswith(API):
            name = self.path.removeprefix(API).removesuffix("/storage_url/")
            self._address(unquote(name))
            return
        self.tokens.append(self.headers["Authorization"])
        mood = self.path.removeprefix("/files/").partition("-")[0]
        MOODS.get(mood, Moods.good)(self)

    def _address(self, name: str) -> None:
        if self.headers["Authorization"] != f"Bearer {self.current}":
            self._send(401, b'{"message": "Access denied"}')
            return
        if name.startswith("unknown") or (name.startswith("late") and self.seen[self.path] == 1):
            self._send(404, b'{"message": "no such record"}')
            return
        if name.startswith("down"):
            self._send(503, b"")
            return
        address = self.elsewhere if name.startswith("elsewhere") else f"http://{self.headers['Host']}/files/{name}"
        self._send(200, json.dumps({"record_url": address}).encode())

    def good(self) -> None:
        """Send a whole sound."""
        self._send(200, SOUND)

    def page(self) -> None:
        """Send an error page."""
        self._send(200, b"<!DOCTYPE html><title>Please log in</title>")

    def sample(self) -> None:
        """Send one of the samples, by its name."""
        self._send(200, self._sample())

    def half(self) -> None:
        """Send half of a sample, announced as the whole."""
        content = self._sample()
        self._send(200, content[: len(content) // 2])

    def silent(self) -> None:
        """Send the header of a WAV file without audio."""
        self._send(200, SOUND[:40] + bytes(4))

    def wide(self) -> None:
        """Send an error page in UTF-16."""
        self._send(200, "<html><title>Войдите в систему</title></html>".encode("utf-16"))

    def _sample(self) -> bytes:
        return (SAMPLES / self.path.partition("-")[2]).read_bytes()

    def denied(self) -> None:
        """Send an error page with an error status."""
        self._send(403, "<html><title>Ссылка устарела</title></html>".encode("windows-1251"))

    def empty(self) -> None:
        """Send an empty file."""
        self._send(200, b"")

    def packed(self) -> None:
        """Send a whole sound, compressed although the request excludes that."""
        content = gzip.compress(SOUND)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def broken(self) -> None:
        """Send half of the announced bytes."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(SOUND)))
        self.end_headers()
        self.wfile.write(SOUND[: len(SOUND) // 2])
        self.close_connection = True

    def chunks(self) -> None:
        """Send chunks without the last one."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (1_000, SOUND[:1_000]))
        self.close_connection = True

    def reset(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drip(self) -> None:
        """Send a byte now and then, for longer than the limit."""
        self.send_response(200)
        self.end_headers()
        try:
            for byte in SOUND[:200]:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def endless(self) -> None:
        """Send more than the limit, without announcing it."""
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(10_000):
                self.wfile.write(SOUND)
        except OSError:
            self.close_connection = True

    def huge(self) -> None:
        """Announce more than the limit."""
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()

    def onward(self) -> None:
        """Redirect to the sound."""
        self._redirect("/files/good-after-redirect")

    def letters(self) -> None:
        """Redirect to the sound, with non-ASCII letters in the address."""
        self._redirect("/files/good запись".encode().decode("latin-1"))

    def nowhere(self) -> None:
        """Redirect to a malformed address."""
        self._redirect("http://[")

    def away(self) -> None:
        """Redirect to another host."""
        self._redirect(self.elsewhere)

    def round(self) -> None:
        """Redirect to itself."""
        self._redirect(self.path)

    def inward(self) -> None:
        """Redirect to the address of instance credentials."""
        self._redirect("http://169.254.169.254/latest/meta-data/iam/security-credentials/")

    def _redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log."""


MOODS: dict[str, Callable[[Moods], None]] = {
    name: getattr(Moods, name)
    for name in (
        "page", "sample", "half", "silent", "wide", "denied",
        "empty", "packed", "broken", "chunks", "reset", "drip", "endless", "huge",
        "onward", "letters", "nowhere", "away", "round", "inward",
    )
}  # fmt: skip


class Quiet(ThreadingHTTPServer):
    """A server that does not report clients that close the connection."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Write no log."""


def moods() -> Any:
    """Return a handler class with its own counters."""
    return type("Own", (Moods,), {"seen": Counter(), "tokens": []})


@contextmanager
def provider() -> Iterator[tuple[str, Counter[str], type[Moods]]]:
    """Yield the provider's URL, how often each path was requested, and its handler."""
    handler = moods()
    with served(Quiet(("127.0.0.1", 0), handler)) as url:
        yield url, handler.seen, handler
