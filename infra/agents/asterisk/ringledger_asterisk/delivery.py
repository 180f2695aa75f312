"""Posts the events of the spool to Ringledger, in batches and in order, until each is taken or refused for good."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from http import HTTPStatus

from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool, SpooledBatch
from ringledger_asterisk.web import WebFault, send

SECONDS = 20.0
#: The events of one request, and their bytes. Ringledger takes 1 MiB, in which a body is a third longer.
EVENTS, BYTES = 200, 500_000
#: An empty spool is asked again after this time, in seconds.
IDLE_SECONDS = 0.3
#: The pauses after faults, in seconds: the first, the longest, and the longest that Ringledger may ask for.
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WAIT = 1.0, 60.0, 3_600.0
#: Refusals that say nothing about the events: a wrong or revoked key, a request that came too slowly or too often.
REPEATED = frozenset({401, 403, 404, 405, 407, 408, 410, 421, 425, 429})
_HEADERS = {"Content-Type": "application/json"}

logger = logging.getLogger(__name__)


def is_final(fault: WebFault) -> bool:
    """Return True if a request was refused for its content, so that it can never succeed."""
    return HTTPStatus.BAD_REQUEST <= fault.status < HTTPStatus.INTERNAL_SERVER_ERROR and fault.status not in REPEATED


class Pauses:
    """The pauses between attempts: each is longer than the one before, with a random part."""

    def __init__(self, chance: random.Random) -> None:
        """Take the random part from `chance`."""
        self._chance, self._next = chance, FIRST_PAUSE

    def after(self, fault: WebFault) -> float:
        """Return the seconds to wait after a fault, as many as Ringledger asks for at least."""
        pause = self._next * self._chance.uniform(0.5, 1.0)
        self._next = min(LONGEST_PAUSE, self._next * 2)
        return max(pause, min(fault.retry_after, LONGEST_WAIT))

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next = FIRST_PAUSE


class EventDelivery:
    """Posts batches to the address of the webhook, one after the other."""

    def __init__(self, address: str, spool: Spool, set_aside: SetAside, pauses: Pauses) -> None:
        """Post what is in `spool`."""
        self._address, self._spool, self._set_aside, self._pauses = address, spool, set_aside, pauses
        self._limit = EVENTS
        self._is_taken = False

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            try:
                pause = await asyncio.to_thread(self.step)
            except (OSError, sqlite3.Error) as fault:
                logger.warning("the disk does not work: %s; next attempt in %g seconds", fault, LONGEST_PAUSE)
                pause = LONGEST_PAUSE
            await asyncio.sleep(pause)

    def step(self) -> float:
        """Post one batch, and return the seconds to wait for the next attempt."""
        batch = self._spool.batch(self._limit, BYTES)
        if not batch.texts:
            return IDLE_SECONDS
        body = f'{{"events":[{",".join(batch.texts)}]}}'.encode()
        try:
            send("Ringledger", self._address, _HEADERS, body, SECONDS)
        except WebFault as fault:
            return self._failed(batch, fault)
        self._spool.remove(batch)
        self._succeeded()
        self._limit = min(EVENTS, self._limit * 2)
        return 0.0

    def _succeeded(self) -> None:
        if not self._is_taken:
            logger.info("Ringledger takes events")
        self._is_taken = True
        self._pauses.reset()

    def _failed(self, batch: SpooledBatch, fault: WebFault) -> float:
        if not is_final(fault):
            pause = self._pauses.after(fault)
            logger.warning("%s; next attempt in %.1f seconds", fault, pause)
            self._is_taken = False
            return pause
        if len(batch.texts) > 1:
            # One event may be the reason; halves lead to it, and the others get through.
            self._limit = len(batch.texts) // 2
            return 0.0
        self._set_aside.add(batch.texts[0], str(fault))
        self._spool.remove(batch)
        return 0.0
