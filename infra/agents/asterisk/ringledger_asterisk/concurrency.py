"""Runs several works at a time, or one for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def run_all(*works: Awaitable[None]) -> None:
    """Run all works until one fails or this is cancelled; then cancel each, and wait for its end, in their order."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def within(work: Awaitable[T], seconds: float) -> T:
    """Return the result of a work. Raise asyncio.TimeoutError after so many seconds.

    Before Python 3.12, asyncio.wait_for loses a cancellation in the moment of the result, and the program would go on.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()
