"""The command `cel`: sends the channel events of the PBX (CEL) and its recordings to Ringledger."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine

from ringledger_asterisk.ami import FIRST_PAUSE
from ringledger_asterisk.cel_events import AmiReader
from ringledger_asterisk.cel_files import CsvReader
from ringledger_asterisk.cel_settings import CelSettings, CelSource
from ringledger_asterisk.cel_tables import TableReader
from ringledger_asterisk.concurrency import run_all
from ringledger_asterisk.delivery import EventDelivery, Pauses
from ringledger_asterisk.event_intake import EventIntake
from ringledger_asterisk.recording_uploads import RecordingUploads
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool, SpoolFault
from ringledger_asterisk.tables import TableFault

#: Files and tables are asked for news after this time, in seconds, and after a fault after this one.
POLL_SECONDS, FAULT_SECONDS = 0.5, 10.0

logger = logging.getLogger(__name__)


async def run(settings: CelSettings) -> None:
    """Read and send events until cancelled. Raise SpoolInUse."""
    recordings = settings.recordings
    spool = Spool(settings.state, settings.spool_bytes, notes_recordings=recordings is not None)
    set_aside = SetAside(settings.state / "set-aside.jsonl")
    chance = random.Random()  # noqa: S311 - no secret
    delivery = EventDelivery(settings.address, spool, set_aside, Pauses(chance))
    intake = EventIntake(settings.source.name, settings.source.zone, spool, set_aside)
    logger.info("events are read from %s", settings.source.name)
    works = [_reading(settings.source, intake), delivery.run()]
    if recordings:
        works.append(RecordingUploads(settings.address, recordings, spool, set_aside).run(Pauses(chance)))
    # The spool stays open: a request that is on its way is finished, and its events are removed, before the end.
    await run_all(*works)


def _reading(source: CelSource, intake: EventIntake) -> Coroutine[None, None, None]:
    if source.ami:
        return AmiReader(source.ami, intake).run()
    return _follow((CsvReader if source.kind == "csv" else TableReader)(source, intake))


async def _follow(reader: CsvReader | TableReader) -> None:
    """Read again and again. A full spool is no loss here: the file or the table still has the events."""
    while True:
        try:
            pause = 0.0 if await asyncio.to_thread(reader.step) else POLL_SECONDS
        except (OSError, TableFault) as fault:
            logger.warning("%s; next attempt in %g seconds", fault, FAULT_SECONDS)
            pause = FAULT_SECONDS
        except SpoolFault:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause)
