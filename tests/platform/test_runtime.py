"""The runtime: which objects threads share, and what a new start forgets."""

from __future__ import annotations

import threading

import pytest

from chalicelib.platform import configuration, runtime
from chalicelib.platform.runtime import Runtime


class Closable:
    """An object that counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        """Count."""
        self.closed += 1


def in_a_thread(runtime: Runtime) -> tuple[Closable, Closable]:
    """Return the shared object and the thread's own object, as another thread sees them."""
    seen: list[Closable] = []

    def look() -> None:
        seen.extend((runtime.shared("key", Closable), runtime.of_thread("key", Closable)))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen[0], seen[1]


def test_threads_share_clients_but_not_connections() -> None:
    """A shared object is made once; an object of a thread once for each thread."""
    made = Runtime()
    shared, own = made.shared("key", Closable), made.of_thread("key", Closable)

    assert (made.shared("key", Closable), made.of_thread("key", Closable)) == (shared, own)
    others_shared, others_own = in_a_thread(made)
    assert others_shared is shared
    assert others_own is not own


def test_blocks_of_different_threads_use_the_same_objects_in_turn() -> None:
    """An object is used in one block at a time, and kept for the next block of any thread."""
    made = Runtime()
    own = made.of_thread("key", Closable)
    with made.borrowing():
        first = made.of_thread("key", Closable)
        assert first is not own
        with made.borrowing():
            second = made.of_thread("key", Closable)
            assert second not in {own, first}
    assert made.of_thread("key", Closable) is own

    seen: list[Closable] = []

    def work() -> None:
        with made.borrowing():
            seen.append(made.of_thread("key", Closable))

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [first, first]
    made.close()
    assert (own.closed, first.closed, second.closed) == (1, 1, 1)


def test_closing_closes_and_forgets() -> None:
    """Objects without `close` are forgotten too."""
    made = Runtime()
    shared, own = made.shared("key", Closable), made.of_thread("key", Closable)
    made.shared("settings", object)

    made.close()
    assert (shared.closed, own.closed) == (1, 1)
    assert made.shared("key", Closable) is not shared
    assert made.of_thread("key", Closable) is not own


def test_an_object_that_cannot_be_made_is_tried_again() -> None:
    """A failure is not kept: the next use makes the object."""
    made = Runtime()

    def failing() -> Closable:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        made.shared("key", failing)
    assert isinstance(made.shared("key", Closable), Closable)


def test_a_new_start_reads_the_environment_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings stay as they were read until then."""
    monkeypatch.setenv("BUCKET", "first")
    runtime.renew()
    assert configuration.current().bucket == "first"

    monkeypatch.setenv("BUCKET", "second")
    assert configuration.current().bucket == "first"
    runtime.renew()
    assert configuration.current().bucket == "second"
    monkeypatch.undo()
    runtime.renew()
