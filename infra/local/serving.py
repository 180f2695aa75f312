"""Local HTTP servers: a thread that ends as soon as its server is shut down, and a base class for small servers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer

#: The standard library checks for a shutdown every half second, which each server would add to the stack's stop.
LOOK_SECONDS = 0.05


def thread(server: BaseServer, name: str) -> threading.Thread:
    """Return a thread, not started yet, in which `server` answers until its `shutdown`."""
    return threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), name=name, daemon=True)


class LoopbackServer:
    """A small HTTP server on loopback, in a thread of its own."""

    def serve(self, port: int, handler: type[BaseHTTPRequestHandler]) -> str:
        """Answer with `handler` on `port` (0: any free one) and return the URL."""
        self._server = _Server(("127.0.0.1", port), handler)
        thread(self._server, type(self).__name__).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class QuietHandler(BaseHTTPRequestHandler):
    """Answers over kept connections, each answer in one packet, and logs nothing: addresses contain secrets."""

    protocol_version = "HTTP/1.1"
    # Nagle's algorithm and delayed acknowledgements together add 40 ms to an answer.
    disable_nagle_algorithm = True
    wbufsize = -1

    def body(self) -> bytes:
        """Return the body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(
        self, status: int, content: bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an answer whose content is of this media type."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    # A client opens its connections all at once; one that finds the backlog full waits a second.
    request_queue_size = 128
