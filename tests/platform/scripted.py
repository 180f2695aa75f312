"""A server that plays a script: one behaviour for each request."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

Behaviour = Callable[["Scripted"], None]


class Scripted(BaseHTTPRequestHandler):
    """A server that plays one behaviour for each request, and the last one for all further requests."""

    protocol_version = "HTTP/1.1"
    script: list[Behaviour]
    connections = 0
    requests = 0

    def setup(self) -> None:
        """Count the connections."""
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:
        """Play the next behaviour."""
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).requests += 1
        behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        behaviour(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


def well(handler: Scripted) -> None:
    """Answer successfully."""
    handler.answer(200, b"well")


def failing(handler: Scripted) -> None:
    """Answer with an error of the server."""
    handler.answer(503)


def throttled(handler: Scripted) -> None:
    """Answer that there were too many requests, as AWS's JSON services do."""
    handler.answer(400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}')


def refusing(handler: Scripted) -> None:
    """Answer with an error of the client."""
    handler.answer(400, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}')


def last(handler: Scripted) -> None:
    """Answer and close the connection."""
    handler.answer(200, b"well", Connection="close")


def redirecting(handler: Scripted) -> None:
    """Answer with a redirect to the same server."""
    handler.answer(307, Location="/elsewhere")


def late(handler: Scripted) -> None:
    """Answer later than a connection may take to open."""
    time.sleep(0.4)
    well(handler)


def gone(handler: Scripted) -> None:
    """Cut the connection."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def half(handler: Scripted) -> None:
    """Cut the connection in the middle of a body."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nwell")
    handler.close_connection = True


def idle_close(handler: Scripted) -> None:
    """Answer, then close the connection without announcing it, as an idle timeout does."""
    well(handler)
    gone(handler)


def silent(_handler: Scripted) -> None:
    """Send nothing."""
    time.sleep(2)


def _drip(handler: Scripted, content: bytes) -> None:
    try:
        for byte in content:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True


def dripping_headers(handler: Scripted) -> None:
    """Send a byte of the headers ten times a second."""
    _drip(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")


def dripping_body(handler: Scripted) -> None:
    """Send the headers at once and a byte of the body ten times a second."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    _drip(handler, b"w" * 40)


def endless(handler: Scripted) -> None:
    """Send a body that does not end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b"w" * 10_000)
    except OSError:
        handler.close_connection = True
