"""urllib3's connections with two things it lacks: a deadline for the whole answer, and addresses given in advance.

urllib3 applies its read timeout to each read, so a server that sends one byte a second keeps a reader forever. Here the
timeout limits the headers and the body together.
"""

from __future__ import annotations

import io
import logging
import math
import socket
import time
from collections.abc import Sequence
from http.client import HTTPResponse
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

#: S3's name has up to eight addresses; when one is silent, usually all are.
RESOLVED_ADDRESSES = 2

SocketAddress = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


class _TimedReader(io.RawIOBase):
    """The bytes of a socket until a moment of the monotonic clock; later reads raise TimeoutError."""

    def __init__(self, line: socket.socket, until: float, idle: float) -> None:
        self._line = line
        self._until = until
        self._idle = idle
        self._received = line.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - the type of io.RawIOBase
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the answer has passed")
        self._line.settimeout(min(left, self._idle))
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A response whose headers and body must arrive within the socket's timeout."""

    idle = math.inf

    def __init__(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *arguments, **keywords)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_TimedReader(sock, time.monotonic() + seconds, self.idle))


class _PatientResponse(_TimedResponse):
    """The response of a long download: a deadline for the whole, and a shorter limit for each silence."""

    idle = 15.0


class TimedConnection(HTTPConnection):
    """An HTTP connection that reaches the first of its addresses that answers."""

    response_class = _TimedResponse

    def __init__(self, *arguments: Any, addresses: Sequence[str] = (), **keywords: Any) -> None:  # noqa: ANN401 - passed on
        """Connect later, to `addresses` and to no others when there are any."""
        super().__init__(*arguments, **keywords)
        self.addresses = addresses
        if addresses:
            self.response_class = _PatientResponse

    def _new_conn(self) -> socket.socket:
        try:
            found = _numeric(self.addresses, self.port) if self.addresses else _resolved(self._dns_host, self.port)
            return connected(found, self.timeout, self.socket_options or ())
        except socket.gaierror as fault:
            raise NameResolutionError(self.host, self, fault) from fault
        except TimeoutError as fault:
            raise ConnectTimeoutError(self, f"Connecting to {self.host} took too long") from fault
        except OSError as fault:
            raise NewConnectionError(self, f"Connecting to {self.host} failed: {fault}") from fault


class SecureTimedConnection(TimedConnection, HTTPSConnection):
    """An HTTPS connection that reaches the first of its addresses that answers."""


class Pool(HTTPConnectionPool):
    """Kept connections over HTTP."""

    ConnectionCls = TimedConnection


class SecurePool(HTTPSConnectionPool):
    """Kept connections over HTTPS."""

    ConnectionCls = SecureTimedConnection


def connected(
    found: Sequence[SocketAddress], seconds: float | None, options: Sequence[tuple[int, int, Any]]
) -> socket.socket:
    """Return a socket to the first address that answers; each may take `seconds`. Raises OSError."""
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in found:
        line = socket.socket(family, kind, protocol)
        try:
            for option in options:
                line.setsockopt(*option)
            line.settimeout(seconds)
            line.connect(address)
        except OSError as fault:
            line.close()
            failure = fault
        else:
            return line
    raise failure


def _resolved(host: str, port: int) -> Sequence[SocketAddress]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:RESOLVED_ADDRESSES]


def _numeric(addresses: Sequence[str], port: int) -> Sequence[SocketAddress]:
    """Return the socket addresses of numeric addresses; no name server is asked."""
    flags = socket.AI_NUMERICHOST
    return [entry for each in addresses for entry in socket.getaddrinfo(each, port, 0, socket.SOCK_STREAM, 0, flags)]


def _hides_addresses(record: logging.LogRecord) -> bool:
    # urllib3 warns about malformed headers with the whole URL, which may carry a token.
    return "url=" not in str(record.msg)


logging.getLogger("urllib3.connection").addFilter(_hides_addresses)
