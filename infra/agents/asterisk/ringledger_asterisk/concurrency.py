"""Runs several works at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def run_all(*works: Awaitable[None]) -> None:
    """Run all works until one fails or this is cancelled; then cancel each, and wait for its end, in their order."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
