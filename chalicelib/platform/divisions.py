"""Divides items into parts that a service takes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def by_size(items: Iterable[T], size: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Divide items into batches whose sizes are up to `limit` together; a larger item is a batch of its own."""
    batch: list[T] = []
    total = 0
    for item in items:
        own = size(item)
        if batch and total + own > limit:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += own
    if batch:
        yield batch
