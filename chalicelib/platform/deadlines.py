"""Deadlines for PostgreSQL that hold whatever the server does: they cut the connection itself."""

from __future__ import annotations

import os
import socket
import threading
from typing import Self

from psycopg2 import extensions


class Deadline:
    """A context manager that cuts a connection when its block lasts too long."""

    def __init__(self, driver: extensions.connection, seconds: float) -> None:
        """Prepare to cut `driver` after `seconds`."""
        self.passed = False
        self._descriptor = driver.fileno()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start the timer."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _cut(self) -> None:
        self.passed = True
        # A copy of the descriptor: closing the socket object must not close libpq's own.
        with socket.socket(fileno=os.dup(self._descriptor)) as line:
            line.shutdown(socket.SHUT_RDWR)
