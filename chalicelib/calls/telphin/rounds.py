"""Splits the events of one leg id into rounds: a PBX may use an id again after its hangup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from chalicelib.calls.events import Event, Kind

DIALS = frozenset({Kind.DIAL_IN, Kind.DIAL_OUT})
# Looking up an enumeration's member takes longer than comparing with it.
_ANSWER, _HANGUP = Kind.ANSWER, Kind.HANGUP


def rounds(events: Sequence[Event]) -> list[list[Event]]:
    """Split the `events` of one leg id, in order of time, into rounds; each has one event at least.

    A round begins with a dial after a hangup. Where a leg has hangups only, it begins with a hangup whose Duration
    reaches back no further than to the previous hangup. Any other event belongs to the round before it.
    """
    if not _may_have_rounds(events):
        return [list(events)]
    hangups_only = all(event.kind is _HANGUP for event in events)
    parts: list[list[Event]] = [[]]
    for _at, simultaneous in groupby(events, key=attrgetter("at")):
        for event in _in_sequence(list(simultaneous), parts[-1]):
            if _begins_round(event, parts[-1], hangups_only=hangups_only):
                parts.append([])
            parts[-1].append(event)
    return _joined(parts)


def is_ended(events: Iterable[Event]) -> bool:
    """Tell whether a hangup is among `events`."""
    return any(event.kind is _HANGUP for event in events)


def _may_have_rounds(events: Sequence[Event]) -> bool:
    """Spare the usual leg: its only hangup comes last."""
    hangups = [place for place, event in enumerate(events) if event.kind is _HANGUP]
    return bool(hangups) and (len(hangups) > 1 or hangups[0] < len(events) - 1)


def _in_sequence(simultaneous: list[Event], current: Sequence[Event]) -> list[Event]:
    """Order events of one moment: dial, answer, hangup; a round that is going on ends before the next one begins."""
    going_on = bool(current) and not is_ended(current)
    ranks = {_HANGUP: 0, _ANSWER: 2} if going_on else {_HANGUP: 3, _ANSWER: 2}
    return sorted(simultaneous, key=lambda event: (ranks.get(event.kind, 1), event.content))


def _begins_round(event: Event, current: Sequence[Event], *, hangups_only: bool) -> bool:
    if not is_ended(current):
        return False
    if event.kind in DIALS:
        return True
    return hangups_only and event.duration is not None and event.at - event.duration >= current[-1].at


def _joined(parts: list[list[Event]]) -> list[list[Event]]:
    """Join the last two rounds if only one has a dial and only the other a hangup: a clock was wrong."""
    if len(parts) < 2 or is_ended(parts[-1]) or any(event.kind in DIALS for event in parts[-2]):
        return parts
    return [*parts[:-2], parts[-2] + parts[-1]]
