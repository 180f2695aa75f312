"""Several consumers of one ledger at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.settings import Settings

B = TypeVar("B")


def consume_at_once(
    settings: Settings, batches: Sequence[B], take: Callable[[B, NonblockingConnection], None], consumers: int
) -> None:
    """Share the batches among consumers, each with a connection of its own. Raise what one of them raises."""

    def consume(share: Sequence[B]) -> None:
        with closing(NonblockingConnection(settings.writer_database_url)) as writer:
            for batch in share:
                take(batch, writer)

    with ThreadPoolExecutor(consumers) as pool:
        started = [pool.submit(consume, batches[begin::consumers]) for begin in range(consumers)]
    for work in started:
        work.result()
