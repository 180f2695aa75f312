"""The command `control`: takes orders of call control from Ringledger, carries them out over AMI, and reports back."""

from __future__ import annotations

import asyncio
import logging

from ringledger_asterisk.actions import Actions
from ringledger_asterisk.agent_settings import AgentSettings
from ringledger_asterisk.ami import AmiFault, Manager
from ringledger_asterisk.concurrency import run_all
from ringledger_asterisk.order_queue import OrderQueue, QueueMessage
from ringledger_asterisk.pbx_orders import PbxOrder, PbxOrderFault
from ringledger_asterisk.reports import Reports
from ringledger_asterisk.web import WebFault

#: Orders that are carried out at a time.
ORDERS = 20
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
UNCONNECTED_PAUSE = 0.5

logger = logging.getLogger(__name__)


async def run(settings: AgentSettings) -> None:
    """Carry out orders until cancelled."""
    manager = Manager(settings.ami)
    reports, actions = Reports(settings.url, settings.token), Actions(manager, settings.dialling)
    worker = OrderWorker(manager, OrderQueue(settings.queue), reports, actions)
    # The worker ends first: orders in work need the connection.
    await run_all(worker.run(), manager.run())


class OrderWorker:
    """Takes orders while the PBX is connected; without it, they are left to other agent programs."""

    def __init__(self, manager: Manager, queue: OrderQueue, reports: Reports, actions: Actions) -> None:
        """Take the orders of `queue` and carry them out by `actions`."""
        self._manager, self._queue, self._reports, self._actions = manager, queue, reports, actions
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Receive and carry out orders until cancelled; the orders in work are finished first."""
        pause = FIRST_PAUSE
        try:
            while True:
                if not self._manager.is_connected or len(self._running) >= ORDERS:
                    await asyncio.sleep(UNCONNECTED_PAUSE)
                    continue
                try:
                    messages = await asyncio.to_thread(self._queue.receive)
                    pause = FIRST_PAUSE
                except WebFault as fault:
                    logger.warning("%s; next attempt in %g seconds", fault, pause)
                    await asyncio.sleep(pause)
                    pause = min(LONGEST_PAUSE, pause * 2)
                    continue
                for message in messages:
                    self._begin(message)
        finally:
            await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, message: QueueMessage) -> None:
        task = asyncio.ensure_future(self._handle(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, message: QueueMessage) -> None:
        try:
            order = await self._taken(message)
            if order is not None:
                await self._carry_out(order)
        except WebFault as fault:
            # An order that could not be taken stays in the queue, and expires there.
            logger.warning("%s", fault)

    async def _taken(self, message: QueueMessage) -> PbxOrder | None:
        """Take the order in a message, and delete the message. Return None if the order must not be carried out."""
        try:
            order = PbxOrder.read(message.body)
        except PbxOrderFault as fault:
            logger.warning("an order cannot be read: %s", fault)
            await asyncio.to_thread(self._queue.delete, message)
            return None
        is_ours = not order.is_expired() and await asyncio.to_thread(self._reports.take, order.id)
        await asyncio.to_thread(self._queue.delete, message)
        if not is_ours:
            logger.info("order %s (%s) has expired or was taken before", order.id, order.command)
        return order if is_ours else None

    async def _carry_out(self, order: PbxOrder) -> None:
        async def done(call_id: str = "") -> None:
            await asyncio.to_thread(self._reports.done, order.id, call_id)

        try:
            await self._actions.carry_out(order, done)
            logger.info("order %s (%s) is done", order.id, order.command)
        except AmiFault as fault:
            logger.warning("order %s (%s) failed: %s", order.id, order.command, fault)
            await asyncio.to_thread(self._reports.failed, order.id, str(fault))
