"""One module per PBX, pure: a webhook in the provider's words becomes call events in ours."""

from __future__ import annotations

from chalicelib.calls.events import CLOSE, Event, Raw, Source, Unparsed, closed
from chalicelib.calls.records import Row, Table
from chalicelib.providers import decoding, mtt, native, telphin

READERS = {"telphin": telphin, "mtt": mtt}


def check(raw: Raw) -> Unparsed | None:
    """Return why `raw` cannot be understood, or None; needs no registry, so that accepting can answer at once."""
    if raw.provider == "native":
        content = rows(raw)
        return content if isinstance(content, Unparsed) else None
    if raw.provider not in READERS:
        return Unparsed(f"Unknown provider {raw.provider}")
    plain = decoding.plain(raw)
    if isinstance(plain, Unparsed):
        return plain
    fields = READERS[raw.provider].read(plain.raw)
    return fields if isinstance(fields, Unparsed) else None


def parse(raw: Raw, source: Source) -> list[Event] | Unparsed:
    """Return the events that `raw`, posted to the address of `source`, reports; native rows are not events."""
    if raw.method == CLOSE:
        return [closed(raw, source)]
    if raw.provider not in READERS:
        return Unparsed(f"Provider {raw.provider} sends no events")
    plain = decoding.plain(raw)
    if isinstance(plain, Unparsed):
        return plain
    reader = READERS[raw.provider]
    fields = reader.read(plain.raw)
    if isinstance(fields, Unparsed):
        return fields
    events = reader.events(plain.raw, source, fields)
    return [event._replace(notes=(*event.notes, *plain.notes)) for event in events] if plain.notes else events


def rows(raw: Raw) -> list[tuple[Table, Row]] | Unparsed:
    """Return the ready rows that a native webhook carries, or what is wrong with them and where."""
    plain = decoding.plain(raw)
    if isinstance(plain, Unparsed):
        return plain
    if plain.is_lossy:
        # Rows have no facts beside them that could say so.
        return Unparsed(f"The body cannot be decoded: {plain.notes[0][1]}")
    return native.rows(plain.raw)
