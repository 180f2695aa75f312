"""Connections to somebody's HTTP server that wait for an answer as a whole, headers and body, not for each byte."""

from __future__ import annotations

import io
import logging
import socket
import time
from http.client import HTTPResponse
from typing import Any

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_SECONDS = 5


def pool(url: str, connections: int, seconds: float) -> HTTPConnectionPool:
    """Up to so many kept connections to the server of `url`; each answer must be whole within `seconds`.

    An answer that is not ends with urllib3's ReadTimeoutError.
    """
    logging.getLogger("urllib3.connection").addFilter(_names_no_address)
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds)
    made: HTTPConnectionPool = urllib3.connection_from_url(url, maxsize=connections, block=True, timeout=timeout)
    made.ConnectionCls = SecureConnection if isinstance(made, HTTPSConnectionPool) else Connection
    return made


def _names_no_address(record: logging.LogRecord) -> bool:
    # It warns of odd headers with the whole address, token and all.
    return "url=" not in str(record.msg)


class _Line(io.RawIOBase):
    """What a socket receives until a moment of the monotonic clock; after it, TimeoutError."""

    def __init__(self, line: socket.socket, until: float) -> None:
        self._line = line
        self._until = until
        self._received = line.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as io has it
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(left)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that has as long as its connection waits for a byte."""

    def __init__(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *arguments, **keywords)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Line(sock, time.monotonic() + seconds))


class Connection(HTTPConnection):
    """One over plain HTTP."""

    response_class = _Answer


class SecureConnection(HTTPSConnection):
    """One over TLS."""

    response_class = _Answer
