"""Takes the CEL events of AMI into the spool."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timezone

from ringledger_asterisk.agent_settings import Ami
from ringledger_asterisk.ami import Fields, Manager
from ringledger_asterisk.event_intake import EventIntake
from ringledger_asterisk.spool import SpoolFault

#: Events that wait for the disk; then the connection is not read.
WAITING = 5_000
#: Headers of every event of AMI, which are not part of CEL.
_ENVELOPE = frozenset({"Event", "Privilege", "Timestamp", "SequenceNumber", "File", "Line", "Func", "SystemName"})

logger = logging.getLogger(__name__)


class AmiReader:
    """The connection to AMI, and the events that have come from it."""

    def __init__(self, ami: Ami, intake: EventIntake) -> None:
        """Take the events of the PBX at `ami`."""
        self._manager, self._intake = Manager(ami, self._heard), intake
        self._events: asyncio.Queue[Fields] = asyncio.Queue(WAITING)

    async def run(self) -> None:
        """Take events until cancelled; those that have come are stored first."""
        connection = asyncio.ensure_future(self._manager.run())
        try:
            while True:
                first = await self._events.get()
                await asyncio.to_thread(self._store, [first, *self._waiting()])
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)
            self._store(self._waiting())

    async def _heard(self, event: Fields) -> None:
        if event["Event"] == "CEL":
            await self._events.put(event)

    def _waiting(self) -> list[Fields]:
        return [self._events.get_nowait() for _ in range(self._events.qsize())]

    def _store(self, events: list[Fields]) -> None:
        try:
            self._intake.take_live([_of_cel(event) for event in events], datetime.now(timezone.utc))
        except SpoolFault:
            # The spool has logged it. AMI sends no event again.
            return
        except OSError as fault:
            logger.warning("the disk does not work, %d events are lost: %s", len(events), fault)


def _of_cel(event: Fields) -> dict[str, str]:
    """Return the fields of CEL in an event.

    EventTime has whole seconds. With `timestampevents` in manager.conf, the event has the moment, too.
    """
    fields = {name: value for name, value in event.items() if name not in _ENVELOPE}
    moment = event.get("Timestamp", "")
    return {**fields, "EventTime": moment} if moment else fields
