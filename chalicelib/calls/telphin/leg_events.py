"""The events of one round of a leg id, and what follows from all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from chalicelib.calls.causes import UNSUCCESSFUL
from chalicelib.calls.clocks import Times
from chalicelib.calls.events import Event, Kind
from chalicelib.calls.telphin.rounds import DIALS

# Looking up an enumeration's member takes longer than comparing with it.
_DIAL_IN, _DIAL_OUT, _ANSWER, _HANGUP = Kind.DIAL_IN, Kind.DIAL_OUT, Kind.ANSWER, Kind.HANGUP
_SECOND = timedelta(seconds=1)


class LegEvents:
    """The events of one round of a leg id."""

    def __init__(self, events: Sequence[Event]) -> None:
        """Sort `events`, of which there is one at least, by what they tell."""
        self.events = events
        self.hangups = [event for event in events if event.kind is _HANGUP]
        self.others = [event for event in events if event.kind is not _HANGUP]
        self.incoming = _is_incoming(events)
        dial = _DIAL_IN if self.incoming else _DIAL_OUT
        self.dials = [event for event in events if event.kind is dial]
        # A dial event outweighs the others in what it reports of the parties.
        self.by_weight = self.dials + [event for event in events if event.kind is not dial]
        self.hangup = self._hangup()

    def first(self, name: str) -> str:
        """Return the first value of the field `name` that is not empty."""
        return _first(self.by_weight, name)

    def any(self, name: str) -> bool:
        """Tell whether the field `name` is true in any event."""
        return any(getattr(event, name) for event in self.events)

    def _hangup(self) -> Event | None:
        """Return the hangup that counts: the latest successful one, else the latest."""
        successful = [event for event in self.hangups if event.status not in UNSUCCESSFUL]
        return next(reversed(successful or self.hangups), None)

    @property
    def times(self) -> Times:
        """When the leg was dialled, answered and ended, by its events."""
        answers = [event.at for event in self.events if event.kind is _ANSWER]
        return Times(
            self.dials[0].at if self.dials else None,
            answers[0] if answers else None,
            self.hangup.at if self.hangup else None,
            self.duration(self.hangup),
        )

    def duration(self, hangup: Event | None) -> timedelta | None:
        """Return the Duration of `hangup`: microseconds, unless only the unit of EventTime fits the other events."""
        if hangup is None or not hangup.duration_in_clock_unit or not self.others:
            return hangup.duration if hangup else None
        first, last = self.others[0].at, self.others[-1].at
        if hangup.duration is not None and first <= hangup.at - hangup.duration <= last:
            return hangup.duration
        fits = hangup.at - hangup.duration_in_clock_unit >= first - _SECOND
        return hangup.duration_in_clock_unit if fits else hangup.duration

    def began(self, times: Times) -> datetime:
        """Return the earliest time that the events prove, for a leg with these `times`."""
        if times.dialled:
            return times.dialled
        ends = [event.at - (self.duration(event) or timedelta(0)) for event in self.hangups]
        return min([*ends, *([times.answered] if times.answered else []), *self._other_dials])

    @property
    def _other_dials(self) -> list[datetime]:
        return [event.at for event in self.events if event.kind in DIALS]

    @property
    def bridged(self) -> bool | None:
        """Tell whether the hangups report that a person took the call, None if they do not say; yes outweighs no."""
        reported = {event.bridged for event in self.hangups} - {None}
        return True in reported if reported else None

    @property
    def recording(self) -> str:
        """The provider's id of the recording."""
        return _first(self.hangups, "recording")

    @property
    def is_internal_transfer(self) -> bool:
        """Tell whether the leg is a forwarding from one extension to another."""
        return any(event.transferred and event.between_extensions for event in self.events)

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The times of the events, each once."""
        return tuple(sorted({event.at for event in self.events}))


def _first(events: Iterable[Event], name: str) -> str:
    for event in events:
        if value := getattr(event, name):
            return str(value)
    return ""


def _is_incoming(events: Sequence[Event]) -> bool:
    kinds = {event.kind for event in events}
    if kinds & DIALS:
        return _DIAL_IN in kinds
    flow = _first(events, "flow")
    if flow in {"in", "out"}:
        return flow == "in"
    return events[0].caller != events[0].extension
