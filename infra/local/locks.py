"""Locks on a data folder: one says that a stack runs on it, one that a server of an earlier stack still does."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.errors import Misconfigured

SERVERS_SECONDS = 20


@contextmanager
def claimed(data: Path) -> Iterator[int]:
    """Hold the lock of the stack. Raises Misconfigured at once when another stack holds it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = f"Ringledger is already running on {data}; stop it, or choose another: DATA=dir make run"
    with _locked(data / "lock", 0, taken) as descriptor:
        yield descriptor


@contextmanager
def released(data: Path) -> Iterator[int]:
    """Hold the lock of the servers, and return its descriptor for them to inherit.

    A killed stack leaves servers that need some seconds to end, and the kernel keeps their lock for as long. Raises
    Misconfigured when that takes too long.
    """
    taken = f"PostgreSQL or S3 of an earlier start still runs on {data}"
    with _locked(data / "servers.lock", SERVERS_SECONDS, taken) as descriptor:
        yield descriptor


@contextmanager
def _locked(file: Path, seconds: float, taken: str) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    try:
        while not _lock(descriptor):
            if time.monotonic() >= deadline:
                raise Misconfigured(taken)
            time.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
