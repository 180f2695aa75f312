"""One module a PBX, pure: a webhook in the provider's words becomes call events in ours."""

from __future__ import annotations

from chalicelib.calls.events import CLOSE, Event, Raw, Source, Unparsed, closed
from chalicelib.providers import mtt, native, telphin

READERS = {"telphin": telphin, "mtt": mtt}


def check(raw: Raw) -> Unparsed | None:
    """Why `raw` cannot be understood, or None; needs no registry, so that accepting can answer at once."""
    if raw.provider == "native":
        content = native.rows(raw)
        return content if isinstance(content, Unparsed) else None
    if raw.provider not in READERS:
        return Unparsed(f"Unknown provider {raw.provider}")
    fields = READERS[raw.provider].read(raw)
    return fields if isinstance(fields, Unparsed) else None


def parse(raw: Raw, source: Source) -> list[Event] | Unparsed:
    """The events that `raw`, which came to the address of `source`, tells of; native rows are not events."""
    if raw.method == CLOSE:
        return [closed(raw, source)]
    if raw.provider not in READERS:
        return Unparsed(f"Provider {raw.provider} sends no events")
    reader = READERS[raw.provider]
    fields = reader.read(raw)
    return fields if isinstance(fields, Unparsed) else reader.events(raw, source, fields)
