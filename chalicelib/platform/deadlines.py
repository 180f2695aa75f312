"""Deadlines that hold whatever the server is busy with: the connection itself is cut."""

from __future__ import annotations

import os
import socket
import threading
from typing import Self

from psycopg2 import extensions


class Deadline:
    """Cuts a connection when a block lasts too long."""

    def __init__(self, driver: extensions.connection, seconds: float) -> None:
        """Cut `driver` after `seconds`, unless the block has ended by then."""
        self.passed = False
        self._descriptor = driver.fileno()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Begin to count."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop counting."""
        self._timer.cancel()

    def _cut(self) -> None:
        self.passed = True
        # A copy of the descriptor: closing the socket object must not close libpq's own.
        with socket.socket(fileno=os.dup(self._descriptor)) as line:
            line.shutdown(socket.SHUT_RDWR)
