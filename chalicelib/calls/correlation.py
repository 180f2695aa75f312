"""From events to records: a pure function of the set of a call's events, whatever their order and number of copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chalicelib.calls.events import CallKey, Event, Kind, deduplicated
from chalicelib.calls.options import DEFAULT_OPTIONS, Options
from chalicelib.calls.records import Records

#: How the events of one call, each once and in order of time, make up its records.
Rules = Callable[[CallKey, Sequence[Event], Options], Records]

DEFAULTS = DEFAULT_OPTIONS


def correlate(events: Iterable[Event], rules: Rules | None, options: Options = DEFAULTS) -> Records:
    """Return the records of one call by its provider's rules; events that belong to no call give none.

    The rules are monotone: answered outweighs unanswered, the earliest answer and the latest end count, and events of
    equal time are ordered by their contents. Only the events' own times matter, so a late event has the effect that it
    would have had in time. There must be one event at least.
    """
    unique = deduplicated(events)
    key = unique[0].call
    if not key.id or rules is None:
        return Records(key)
    interpreted = _within_limit(unique, options)
    records = rules(key, interpreted, options)
    if len(interpreted) == len(unique):
        return records
    return records._replace(flags=(overlong(options),))


def overlong(options: Options = DEFAULTS) -> str:
    """Return the flag of a call with more events than are interpreted."""
    return f"only the first {options.event_limit} events are interpreted"


def _within_limit(events: Sequence[Event], options: Options) -> Sequence[Event]:
    """Return the events to interpret: a broken PBX may send any number for one call. A closing always counts."""
    if len(events) <= options.event_limit:
        return events
    others = [event for event in events if event.kind is not Kind.CLOSED]
    return others[: options.event_limit] + [event for event in events if event.kind is Kind.CLOSED]
