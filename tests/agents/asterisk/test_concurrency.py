"""Works that are cancelled or take too long."""

from __future__ import annotations

import asyncio

import pytest
from ringledger_asterisk.concurrency import within


def test_a_cancellation_in_the_moment_of_the_result_counts() -> None:
    """The program ends, whatever the PBX answers in that moment."""

    async def cancelled() -> bool:
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def go_on() -> None:
            await within(result, 60)
            await asyncio.sleep(60)

        task = asyncio.ensure_future(go_on())
        await asyncio.sleep(0)
        result.set_result("an answer")
        task.cancel()
        await asyncio.wait([task], timeout=5)
        return task.cancelled()

    assert asyncio.run(cancelled())


def test_a_work_that_takes_too_long_is_cancelled() -> None:
    """The caller gets the error of a timeout, and the work does not go on."""

    async def work() -> bool:
        slow = asyncio.ensure_future(asyncio.sleep(60))
        with pytest.raises(asyncio.TimeoutError):
            await within(slow, 0.01)
        await asyncio.wait([slow], timeout=5)
        return slow.cancelled()

    assert asyncio.run(work())
