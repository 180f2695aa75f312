"""One module per PBX, pure: a webhook in the provider's words becomes call events in ours."""

from __future__ import annotations

from typing import Any, NamedTuple

from chalicelib.calls.events import CLOSE, Event, Raw, Source, Unparsed, closed
from chalicelib.calls.records import Row, Table
from chalicelib.providers import decoding, mtt, native, telphin
from chalicelib.providers.decoding import Plain

READERS = {"telphin": telphin, "mtt": mtt}


class Reading(NamedTuple):
    """A webhook in UTF-8 and what its provider's reader found in it: fields, or ready rows."""

    plain: Plain
    content: Any


def read(raw: Raw) -> Reading | Unparsed:
    """Read `raw` without a registry, so that accepting can answer at once."""
    if raw.provider not in READERS and raw.provider != "native":
        return Unparsed(f"Unknown provider {raw.provider}")
    plain = decoding.plain(raw)
    if isinstance(plain, Unparsed):
        return plain
    if raw.provider != "native":
        content: object = READERS[raw.provider].read(plain.raw)
    elif plain.is_lossy:
        # Rows have no facts beside them that could say so.
        content = Unparsed(f"The body cannot be decoded: {plain.notes[0][1]}")
    else:
        content = native.rows(plain.raw)
    return content if isinstance(content, Unparsed) else Reading(plain, content)


def check(raw: Raw) -> Unparsed | None:
    """Return why `raw` cannot be understood, or None."""
    reading = read(raw)
    return reading if isinstance(reading, Unparsed) else None


def parse(raw: Raw, source: Source) -> list[Event] | Unparsed:
    """Return the events that `raw`, posted to the address of `source`, reports; native rows are not events."""
    if raw.method == CLOSE:
        return [closed(raw, source)]
    if raw.provider not in READERS:
        return Unparsed(f"Provider {raw.provider} sends no events")
    reading = read(raw)
    if isinstance(reading, Unparsed):
        return reading
    plain, fields = reading
    events = READERS[raw.provider].events(plain.raw, source, fields)
    return [event._replace(notes=(*event.notes, *plain.notes)) for event in events] if plain.notes else events


def rows(raw: Raw) -> list[tuple[Table, Row]] | Unparsed:
    """Return the ready rows that a native webhook carries, or what is wrong with them and where."""
    reading = read(raw)
    return reading if isinstance(reading, Unparsed) else list(reading.content)
