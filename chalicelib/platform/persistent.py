"""HTTP on connections that are kept, one a thread and server: for what somebody waits for while boto3 would load."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.errors import Unavailable

NOTHING: Mapping[str, str] = {}


class Server(NamedTuple):
    """Whom to ask, as a caller is told, and how long to wait: in seconds for a connection, and for each word of it.

    A kept connection that failed within `repeat` seconds is made anew, and the request sent again.
    """

    name: str
    connect: float
    read: float
    repeat: float


class Said(NamedTuple):
    """A server's answer."""

    status: int
    headers: HTTPMessage
    body: bytes


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.kept: dict[tuple[Server, str, str], HTTPConnection] = {}


_of_thread = _OfThread()


def ask(server: Server, method: str, url: str, headers: Mapping[str, str] = NOTHING, body: bytes | None = None) -> Said:
    """What `server` answers at `url`; it may hear the same twice. Raises Unavailable when it does not answer."""
    scheme, host, path, query, _ = urlsplit(url)
    place, target = (server, scheme, host), f"{path or '/'}?{query}" if query else path or "/"
    until = time.monotonic() + server.repeat
    while True:
        was_kept = place in _of_thread.kept
        try:
            connection = _of_thread.kept.get(place) or _opened(place)
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Said(response.status, response.headers, response.read())
        except (HTTPException, OSError) as fault:
            _close(place)
            # One that was kept while the Lambda slept may be dead; that shows at once.
            if not was_kept or time.monotonic() > until:
                raise Unavailable(f"{server.name} does not answer") from fault


def close() -> None:
    """Keep no connection of this thread's any longer."""
    for place in list(_of_thread.kept):
        _close(place)


def _opened(place: tuple[Server, str, str]) -> HTTPConnection:
    server, scheme, host = place
    connection = (HTTPSConnection if scheme == "https" else HTTPConnection)(host, timeout=server.connect)
    _of_thread.kept[place] = connection
    connection.connect()
    connection.sock.settimeout(server.read)
    return connection


def _close(place: tuple[Server, str, str]) -> None:
    connection = _of_thread.kept.pop(place, None)
    if connection is not None:
        connection.close()
