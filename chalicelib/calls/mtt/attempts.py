"""The attempts of an MTT call: each `o` tries one number, and that number's other events report how it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.calls.events import Event, Kind


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a redirect number; `dialled` is None when its `o` never came, only what followed."""

    number: str
    dialled: datetime | None
    events: tuple[Event, ...]
    hash: str

    @property
    def pick_up(self) -> Event | None:
        """The answer; where that was lost, the talk, which cannot have been without one."""
        return self._first(Kind.ANSWER) or self.talk

    @property
    def talk(self) -> Event | None:
        """The event with which both sides began to hear each other."""
        return self._first(Kind.TALK)

    @property
    def hangup(self) -> Event | None:
        """The latest hangup."""
        return next((event for event in reversed(self.events) if event.kind is Kind.HANGUP), None)

    @property
    def began(self) -> datetime:
        """The earliest time that is known of it."""
        times = [event.at for event in self.events[:1]]
        return min([*times, *([self.dialled] if self.dialled else [])])

    def _first(self, kind: Kind) -> Event | None:
        return next((event for event in self.events if event.kind is kind), None)


def attempts(events: Sequence[Event]) -> list[Attempt]:
    """Return the attempts of `events` (each once, in order), in order; hangups before any dialling make none."""
    numbers: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.leg_id:
            numbers[event.leg_id].append(event)
    found = [attempt for number, part in numbers.items() for attempt in _attempts_at(number, part)]
    return sorted(found, key=lambda attempt: (attempt.began, attempt.hash))


def _attempts_at(number: str, events: list[Event]) -> list[Attempt]:
    """Give each event to the latest dialling of its number that was not later, else to the first."""
    dials = [event for event in events if event.kind is Kind.DIAL_OUT]
    if not dials:
        return _undialled_attempt(number, events)
    parts: list[list[Event]] = [[] for _dial in dials]
    for event in events:
        if event.kind is not Kind.DIAL_OUT:
            earlier = sum(dial.at <= event.at for dial in dials)
            parts[max(earlier, 1) - 1].append(event)
    return [Attempt(number, dial.at, tuple(part), dial.content) for dial, part in zip(dials, parts, strict=True)]


def _undialled_attempt(number: str, events: list[Event]) -> list[Attempt]:
    picked_up = any(event.kind in {Kind.ANSWER, Kind.TALK} for event in events)
    return [Attempt(number, None, tuple(events), events[0].content)] if picked_up else []
