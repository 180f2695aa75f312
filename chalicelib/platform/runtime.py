"""The one object that holds what a process makes once: its settings, connections and clients.

A Lambda makes it at its start and keeps it while the process lives. Nothing else in the bundle keeps a connection or a
client, so a test that calls `renew()` starts anew with the environment of that moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _ThreadObjects(threading.local):
    def __init__(self) -> None:
        self.made: dict[Hashable, Any] = {}


class Runtime:
    """Objects by their keys: some for all threads, some for each thread."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._shared: dict[Hashable, Any] = {}
        self._of_thread = _ThreadObjects()
        self._kept: list[dict[Hashable, Any]] = []

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object of this key that all threads share; `make` makes it at its first use."""
        if key not in self._shared:
            # Another thread may make one in the meantime: all use the first.
            self._shared.setdefault(key, make())
        return cast("T", self._shared[key])

    def of_thread(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object of this key that belongs to this thread; `make` makes it at its first use."""
        made = self._of_thread.made
        if key not in made:
            made[key] = make()
        return cast("T", made[key])

    @contextmanager
    def borrowing(self) -> Iterator[None]:
        """Use, instead of this thread's objects, some that an earlier block made and that no thread uses now.

        A server with many threads then makes as many objects as it handles requests at a time.
        """
        own, self._of_thread.made = self._of_thread.made, self._kept.pop() if self._kept else {}
        try:
            yield
        finally:
            self._kept.append(self._of_thread.made)
            self._of_thread.made = own

    def close(self) -> None:
        """Close what can be closed among the shared objects, this thread's and the kept ones, and forget them."""
        for made in (self._shared, self._of_thread.made, *self._kept):
            while made:
                close = getattr(made.popitem()[1], "close", None)
                if close is not None:
                    close()


_current = Runtime()


def current() -> Runtime:
    """Return the runtime of this process."""
    return _current


def renew() -> None:
    """Close the connections of this process and forget its settings; the next use makes them again."""
    _current.close()
