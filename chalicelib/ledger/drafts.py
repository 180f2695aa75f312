"""Drafts of calls: what follows from a batch alone, worked out while PostgreSQL stores the batch's webhooks.

The rules take a third of a batch's Python, and most calls are new in their batch, so that their drafts are final.
`infra/bench` measures what this saves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from chalicelib.calls.events import BEGINNINGS, CallKey, Event
from chalicelib.calls.records import Records
from chalicelib.ledger import interpretation
from chalicelib.ledger.intake import Item


class Drafts:
    """The webhooks of a batch by their ids, and the drafts of the calls that begin in it."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        """Gather the events of `items` by their calls, in order of acceptance."""
        self.items = {item.message.raw.id: item for item in items}
        self._events: dict[CallKey, list[Event]] = defaultdict(list)
        self._records: dict[CallKey, Records] = {}
        for item in sorted(self.items.values(), key=lambda item: (item.message.raw.accepted_at, item.message.raw.id)):
            if item.key.id:
                self._events[item.key] += item.events

    def work_out(self) -> None:
        """Understand the calls whose beginning is in the batch."""
        for key, events in self._events.items():
            if any(event.kind in BEGINNINGS for event in events):
                # What fails here fails again when the call is understood, unless it is frozen or set aside.
                with suppress(Exception):
                    self._records[key] = interpretation.records(key, events)

    def final(self, key: CallKey, events: Sequence[Event]) -> Records | None:
        """Return the draft of a call if it has the batch's `events`, in order of acceptance, and no others."""
        return self._records.get(key) if events == self._events.get(key) else None
