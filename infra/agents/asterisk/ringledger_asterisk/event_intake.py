"""Takes the events of a source into the spool; what is no event is set aside with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from ringledger_asterisk.cel_records import CelFault, CelRecord, record
from ringledger_asterisk.event_times import EventTimes
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool

BROKEN = "a line of the CSV file has not the columns that [cel] columns names"


class EventIntake:
    """The way of one source into the spool."""

    def __init__(self, source: str, zone: tzinfo | None, spool: Spool, set_aside: SetAside) -> None:
        """Take the events of `source`, whose times without an offset are those of `zone`."""
        self._source, self._spool, self._set_aside = source, spool, set_aside
        self._times = EventTimes(zone)
        self._noted = ""

    @property
    def place(self) -> str:
        """Return the place up to which the source was taken, or an empty text."""
        return self._spool.place(self._source)

    def move(self, place: str) -> None:
        """Go on from another place without any event. Raise SpoolFault."""
        self._spool.store([], self._source, place)

    def take(self, events: Sequence[Mapping[str, str]], place: str, broken: Sequence[str] = ()) -> None:
        """Store events, and the place after them. Raise SpoolFault and OSError; then nothing is stored."""
        faults = [(text, BROKEN) for text in broken]
        records = self._read(events, faults)
        if place != self._noted:
            # Before they are stored, so that a crash loses nothing; once, although a full spool repeats the rest.
            self._put_aside(faults)
            self._noted = place
        self._spool.store(records, self._source, place)

    def take_live(self, events: Sequence[Mapping[str, str]], now: datetime) -> None:
        """Store events that have just happened. Raise SpoolFault and OSError."""
        faults: list[tuple[str, str]] = []
        records = self._read(events, faults, now)
        self._put_aside(faults)
        if records:
            self._spool.store(records)

    def _read(
        self, events: Sequence[Mapping[str, str]], faults: list[tuple[str, str]], near: datetime | None = None
    ) -> list[CelRecord]:
        records = []
        for event in events:
            try:
                records.append(record(event, self._times, near))
            except CelFault as fault:  # noqa: PERF203 - one wrong event must not stop the others
                faults.append((json.dumps(dict(event), ensure_ascii=False), f"an event cannot be read: {fault}"))
        return records

    def _put_aside(self, faults: Sequence[tuple[str, str]]) -> None:
        for text, reason in faults:
            self._set_aside.add(text, reason)
