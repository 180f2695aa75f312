"""HTTP on connections that are kept, one a thread and server: for what somebody waits for while boto3 would load."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.errors import Unavailable
from chalicelib.platform import tls

NOTHING: Mapping[str, str] = {}

# S3's name has up to eight, and those of one that cannot be reached are all silent.
ADDRESSES = 2
_THROTTLED = b"Throttl"


class Server(NamedTuple):
    """Whom to ask, as a caller is told, and how long to wait.

    That is in seconds for a connection, for each word of an answer, and for both with what is repeated together.
    """

    name: str
    connect: float
    read: float
    whole: float


class Said(NamedTuple):
    """A server's answer."""

    status: int
    headers: HTTPMessage
    body: bytes


class _Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None


class _Line(HTTPConnection):
    """A connection whose time is for all addresses of its host together; one of a kind has TLS."""

    secure = False

    def __init__(self, host: str, server: Server) -> None:
        super().__init__(host)
        self.server = server
        self.until = 0.0

    def connect(self) -> None:
        """Reach the first of the host's addresses that answers. Raises OSError."""
        line = _reached(self.host, self.port, self.server, self.until)
        self.sock = tls.context().wrap_socket(line, server_hostname=self.host) if self.secure else line


class _SecureLine(_Line):
    secure = True
    default_port = 443


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.kept: dict[tuple[Server, str, str], _Line] = {}


_of_thread = _OfThread()


def ask(server: Server, method: str, url: str, headers: Mapping[str, str] = NOTHING, body: bytes | None = None) -> Said:
    """What `server` answers at `url`; it may hear the same twice. Raises Unavailable when it does not answer."""
    scheme, host, path, query, _ = urlsplit(url)
    place, request = (server, scheme, host), _Request(method, f"{path or '/'}{query and '?'}{query}", headers, body)
    until = time.monotonic() + server.whole
    said = _tried(place, request, until)
    # A connection that was kept while the Lambda slept may be dead, and a server just restarted.
    if _may_pass(said) and time.monotonic() < until:
        said = _tried(place, request, until)
    if isinstance(said, Exception):
        raise Unavailable(f"{server.name} does not answer") from said
    return said


def close() -> None:
    """Keep no connection of this thread's any longer."""
    for place in list(_of_thread.kept):
        _close(place)


def _may_pass(said: Said | Exception) -> bool:
    if isinstance(said, Exception) or said.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    return said.status != HTTPStatus.OK and _THROTTLED in said.body


def _tried(place: tuple[Server, str, str], request: _Request, until: float) -> Said | Exception:
    try:
        return _asked(place, request, until)
    except (HTTPException, OSError) as fault:
        _close(place)
        return fault


def _asked(place: tuple[Server, str, str], request: _Request, until: float) -> Said:
    server, scheme, host = place
    line = _of_thread.kept.get(place)
    if line is None:
        line = _of_thread.kept[place] = (_SecureLine if scheme == "https" else _Line)(host, server)
        line.until = until
        line.connect()
    line.sock.settimeout(_left(server.read, until))
    line.request(request.method, request.target, request.body, request.headers)
    response = line.getresponse()
    said = Said(response.status, response.headers, response.read())
    if line.sock is None:
        # The server wants no more of it.
        _close(place)
    return said


def _reached(host: str, port: int, server: Server, until: float) -> socket.socket:
    fault = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:ADDRESSES]:
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(_left(server.connect, until))
            line.connect(where)
            # Headers and body leave one after the other, and must not wait for each other.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failure:
            line.close()
            fault = failure
        else:
            return line
    raise fault


def _left(seconds: float, until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return min(seconds, left)


def _close(place: tuple[Server, str, str]) -> None:
    line = _of_thread.kept.pop(place, None)
    if line is not None:
        line.close()
