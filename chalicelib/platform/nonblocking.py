"""A connection that lets its caller work while PostgreSQL does: for the one consumer whose speed is that of both."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

import psycopg2
from psycopg2 import extensions

from chalicelib.platform import postgres
from chalicelib.platform.postgres import T

_AWAITED = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


class Connection(postgres.Connection):
    """The same, on a socket that does not block; it has no COPY, and passes over no host that is silent."""

    def _connect(self) -> extensions.connection:
        driver = psycopg2.connect(connection_factory=extensions.connection, async_=True, **self._parameters)
        # libpq leaves its connect_timeout, of which 0 means none, to whoever polls.
        seconds = int(self._parameters["connect_timeout"])
        _wait(driver, time.monotonic() + seconds if seconds > 0 else None)
        return driver

    def _exchange(self, cursor: extensions.cursor, message: bytes, work: Callable[[], T]) -> T:
        cursor.execute(message)
        try:
            return work()
        finally:
            _finish(cursor.connection)


def _finish(driver: extensions.connection) -> None:
    """Wait for the whole answer: what is still to come would meet the next statement, so then nothing is kept."""
    try:
        _wait(driver)
    except BaseException:
        if driver.info.transaction_status == extensions.TRANSACTION_STATUS_ACTIVE:
            driver.close()
        raise


def _wait(driver: extensions.connection, until: float | None = None) -> None:
    """Return once `driver` has what it waits for; raises the driver's own errors, one of them at the time `until`."""
    while (awaited := driver.poll()) != extensions.POLL_OK:
        line = select.poll()
        line.register(driver.fileno(), _AWAITED[awaited])
        milliseconds = None if until is None else max(0.0, until - time.monotonic()) * 1_000
        if not line.poll(milliseconds):
            driver.close()
            raise psycopg2.OperationalError("timeout expired")
