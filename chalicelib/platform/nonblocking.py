"""A PostgreSQL connection that lets its caller work while the server does: for the consumer of webhooks."""

from __future__ import annotations

import select
import time

import psycopg2
from psycopg2 import extensions

from chalicelib.platform.postgres import Connection, Work

_EVENTS = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


class NonblockingConnection(Connection):
    """A connection on a nonblocking socket. It has no COPY, and its address must name one host."""

    def _connect(self) -> extensions.connection:
        driver = psycopg2.connect(connection_factory=extensions.connection, async_=True, **self._parameters)
        # libpq leaves its connect_timeout to the caller here; 0 means no limit.
        seconds = int(self._parameters["connect_timeout"])
        _wait(driver, time.monotonic() + seconds if seconds > 0 else None)
        return driver

    def _send(self, cursor: extensions.cursor, message: bytes, work: Work) -> None:
        cursor.execute(message)
        try:
            work()
        finally:
            _finish(cursor.connection)


def _finish(driver: extensions.connection) -> None:
    """Wait for the whole answer. When the wait is interrupted, close: the rest would answer the next statement."""
    try:
        _wait(driver)
    except BaseException:
        if driver.info.transaction_status == extensions.TRANSACTION_STATUS_ACTIVE:
            driver.close()
        raise


def _wait(driver: extensions.connection, until: float | None = None) -> None:
    """Return once `driver` has what it waits for. Raises the driver's errors, also at the time `until`."""
    while (state := driver.poll()) != extensions.POLL_OK:
        line = select.poll()
        line.register(driver.fileno(), _EVENTS[state])
        milliseconds = None if until is None else max(0.0, until - time.monotonic()) * 1_000
        if not line.poll(milliseconds):
            driver.close()
            raise psycopg2.OperationalError("timeout expired")
