"""API Gateway's part: an HTTP server in front of the Chalice app, with the gateway's limits and without logs.

Paths carry tokens and keys, so request lines are never logged. Chalice's local server does the routing; this module
adds what that server leaves out.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from string import punctuation
from typing import Any
from urllib.parse import parse_qs, quote

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    ForbiddenError,
    LambdaEventConverter,
    LocalChalice,
    LocalGateway,
    LocalGatewayException,
)

from chalicelib.errors import Misconfigured
from chalicelib.oktell.refusals import NoSuchPath
from chalicelib.platform import runtime
from infra.local import serving

BODY_BYTES = 10 * 1024 * 1024
# A client that sends too much reads the reason only after its request was received, up to this size.
DRAINED_BYTES = 10 * BODY_BYTES
BLOCK_BYTES = 1 << 16
SILENCE_SECONDS = 30
# Requests at a time, each with a connection to PostgreSQL for each of its roles, of which the reader has 40 in all.
CONNECTIONS = 32
BACKLOG = 128
LAST_PORT = 65_535
#: Carries the client's address from the server to the converter of events.
SOURCE_HEADER = "X-Local-Source"

logger = logging.getLogger(__name__)


def bound(host: str, port: int) -> socket.socket:
    """Return a listening socket on `port` (0: any free one); clients that connect wait until the server runs.

    Raises Misconfigured when the address cannot be used.
    """
    if port > LAST_PORT:
        raise Misconfigured(f"PORT must be between 0 and {LAST_PORT}, not {port}")
    try:
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise Misconfigured(f"port {port} is in use; choose another: PORT={port + 1} make run") from None
        raise Misconfigured(f"cannot listen on {host}, port {port}: {os.strerror(fault.errno or 0)}") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Gateway:
    """The server and its thread."""

    def __init__(self, app: Chalice, listener: socket.socket) -> None:
        """Answer the clients of `listener` with `app`."""
        # `chalice.local.create_local_server` does the same, but opens a socket of its own.
        app.__class__ = type("LocalApp", (LocalChalice, app.__class__), {})
        gateway = LocalGateway(app, Config())
        gateway.event_converter.__class__ = Events
        self._server = GatewayServer(listener, type("HandlerOfTheApp", (Handler,), {"local_gateway": gateway}))
        self._thread = serving.thread(self._server, "gateway")

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._server.shutdown()
        self._server.server_close()


class GatewayServer(HTTPServer):
    """An HTTP server on a listening socket, with one thread a connection.

    Requests use the connections to PostgreSQL and SQS that earlier requests made, whichever threads served those.
    """

    def __init__(self, listener: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        """Serve the clients of `listener` with `handler`."""
        super().__init__(listener.getsockname()[:2], handler, bind_and_activate=False)
        super().server_close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="gateway")
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's types
        """Serve one connection in a thread."""
        self._connections.add(request)
        self._threads.submit(self._serve, request, client_address)

    def _serve(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - as socketserver does
            self.handle_error(request, client_address)
        finally:
            self._connections.discard(request)
            self.shutdown_request(request)

    def server_close(self) -> None:
        """Close the listener and every connection."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's names
        """Ignore clients that hung up; log everything else."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            logger.error("the local server failed", exc_info=sys.exception())


class Events(LambdaEventConverter):
    """Lambda events as API Gateway makes them with the binary media type `*/*`: bodies are Base64.

    Bytes of the query that are not UTF-8 become surrogates (PEP 383) instead of being lost.
    """

    def create_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        """Return the event of one request. Raises ValueError when no route fits."""
        event: dict[str, Any] = super().create_lambda_event(method, path, headers)
        query = quote(path.partition("?")[2].encode("latin-1"), safe=punctuation)
        parameters = parse_qs(query, keep_blank_values=True, errors="surrogateescape")
        source = headers.get(SOURCE_HEADER, self.LOCAL_SOURCE_IP)
        return event | {
            "requestContext": event["requestContext"] | {"identity": {"sourceIp": source}},
            "multiValueQueryStringParameters": parameters or None,
            "body": None if body is None else b64encode(body).decode("ascii"),
            "isBase64Encoded": body is not None,
        }


class Handler(ChaliceRequestHandler):
    """One client's connection."""

    # Nagle's algorithm and delayed acknowledgements together cost 40 ms a request on a kept connection.
    disable_nagle_algorithm = True
    timeout = SILENCE_SECONDS

    def __init__(self, request: Any, client_address: Any, server: Any) -> None:  # noqa: ANN401 - socketserver's types
        """Serve one connection; Chalice would make a gateway for each."""
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def answer(self) -> None:
        """Answer one request, or refuse it with the reason."""
        if refusal := self._refusal():
            status, message = refusal
            self.close_connection = True
            self._send(status, message)
            return
        # Also replaces a header of this name that the client sent.
        del self.headers[SOURCE_HEADER]
        self.headers[SOURCE_HEADER] = str(self.client_address[0])
        try:
            with runtime.current().borrowing():
                self._generic_handle()
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            # API Gateway answers 502 when a handler raises, or answers in a shape that it cannot read.
            logger.exception("the answer of a handler cannot be sent")
            self.close_connection = True
            self._send(HTTPStatus.BAD_GATEWAY, "Internal server error")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = answer

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        if "Transfer-Encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED, "Send the body with Content-Length, not in chunks"
        length = self.headers.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.BAD_REQUEST, "Content-Length is not a number"
        if int(length) > BODY_BYTES:
            self._drain(int(length))
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Too Long"
        return None

    def _send_error_response(self, error: LocalGatewayException) -> None:
        """Answer to a path without a route as the deployed gateway is told to; Chalice imitates one that is not."""
        if isinstance(error, ForbiddenError):
            self._send(HTTPStatus.NOT_FOUND, NoSuchPath().message, NoSuchPath.code)
            return
        super()._send_error_response(error)

    def _drain(self, length: int) -> None:
        left = min(length, DRAINED_BYTES)
        while left > 0 and (block := self.rfile.read(min(BLOCK_BYTES, left))):
            left -= len(block)

    def _send(self, status: HTTPStatus, message: str, error: str = "gateway-refused") -> None:
        body = json.dumps({"error": error, "message": message})
        self._send_http_response_with_body(status, {"Content-Type": "application/json", "Connection": "close"}, body)

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: str | bytes) -> None:
        if self.command != "HEAD":
            super()._send_http_response_with_body(code, headers, body)
            return
        # Chalice sends a body after HEAD too, which the client takes for the start of the next answer.
        length = len(body if isinstance(body, bytes) else body.encode())
        self.send_response(code)
        self._send_headers({"Content-Type": "application/json", **headers, "Content-Length": str(length)})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: the line would contain the path."""
