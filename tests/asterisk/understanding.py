"""Works out the records of a timeline without a database: all its calls are taken as one, under the oldest LINKEDID."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib import providers
from chalicelib.calls.events import Event, Raw, Source
from chalicelib.calls.records import Records, Row
from chalicelib.ledger import joining
from chalicelib.providers import asterisk
from tests.asterisk.records import START, body, timeline

SOURCE = Source(1, "asterisk", "acme", "pbx")


def events(records: Sequence[dict[str, Any]], source: Source = SOURCE) -> list[Event]:
    """Return the events of records, as one webhook reports them."""
    raw = Raw("00000000-0000-4000-8000-000000000001", START, "asterisk", body=body(list(records)))
    return asterisk.events(raw, source, asterisk.read(raw))


def understood(text: str, source: Source = SOURCE, end: timedelta | None = None) -> Records:
    """Return the records of a timeline; those until `end` after START, where that is given."""
    records = timeline(text)
    if end is not None:
        records = [record for record in records if datetime.fromisoformat(record["eventtime"][:-1]) <= START + end]
    known = events(records, source)
    head = min((event.call for event in known), key=joining.age)
    return providers.correlate(event._replace(call_id=head.id) for event in known)


def rows(records: Records, table: str) -> list[Row]:
    """Return the rows of a table, such as `calls.success`, in the order of their beginnings."""
    schema, name = table.split(".")
    return sorted(
        records.rows.get((schema, name), []),
        key=lambda row: str(row.get("start_dt", row.get("forkstart_dt", row.get("hold_dt", row.get("eventts"))))),
    )


def second(at: object) -> float:
    """Return a time as seconds since START."""
    assert isinstance(at, datetime)
    return (at - START).total_seconds()
