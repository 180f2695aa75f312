"""From events to records: a pure function of the set of a call's events, whatever their order and number of copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chalicelib.calls import conversation, redirects
from chalicelib.calls.events import CallKey, Event, Kind, deduplicated
from chalicelib.calls.records import Options, Records

Rules = Callable[[CallKey, Sequence[Event], Options], Records]

#: How each provider's events make up a call.
RULES: dict[str, Rules] = {"telphin": conversation.understand, "mtt": redirects.understand}
DEFAULTS = Options()


def correlate(events: Iterable[Event], options: Options = DEFAULTS) -> Records:
    """The records of one call; events that belong to no call give none.

    Rules are monotone: answered beats unanswered, the earliest answer and the latest end count, equal times are
    told apart by the events' contents. Nothing else than the events' own times is asked, so that a late event has the
    effect that it would have had in time. There must be one event at least.
    """
    unique = deduplicated(events)
    key = unique[0].call
    if not key.id or key.provider not in RULES:
        return Records(key)
    heeded = _heeded(unique, options)
    found = RULES[key.provider](key, heeded, options)
    if len(heeded) == len(unique):
        return found
    return found._replace(flags=(overlong(options),))


def overlong(options: Options = DEFAULTS) -> str:
    """The flag of a call with more events than are interpreted."""
    return f"only the first {options.event_limit} events are interpreted"


def _heeded(events: Sequence[Event], options: Options) -> Sequence[Event]:
    """The events that are interpreted: a broken PBX may send any number for one call. A closing always counts."""
    if len(events) <= options.event_limit:
        return events
    telling = [event for event in events if event.kind is not Kind.CLOSED]
    return telling[: options.event_limit] + [event for event in events if event.kind is Kind.CLOSED]
