"""States of extensions and agents, each proven by one event, independent of calls and of other events."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.calls.events import PHONE, Event, Kind
from chalicelib.calls.records import Row, Table, Value, filled

EXTENSIONS: Table = ("sipuserevents", "sipuser_state_changed")
AGENTS: Table = ("userevents", "usr_state_changed")

_HANGUP = Kind.HANGUP
#: The state of the phone that sent an event: ringing, in use, or waiting for calls.
_STATES = {Kind.DIAL_IN: "early", Kind.DIAL_OUT: "busy", Kind.ANSWER: "busy", Kind.HANGUP: "registered"}


def changes(events: Iterable[Event]) -> dict[Table, list[Row]]:
    """Return the changes of state that `events` prove, each row once. No other event takes such a row back."""
    rows: dict[Table, dict[tuple[Value, ...], Row]] = {}
    for event in events:
        if event.device == PHONE and event.extension and event.kind in _STATES:
            row = filled(login=event.extension, state=_state(event), eventts=event.at)
            rows.setdefault(EXTENSIONS, {})[tuple(row.values())] = row
        elif event.kind is Kind.AGENT_STATE and event.agent:
            row = filled(user_id=event.agent, state=event.state, changed_by=event.changed_by, eventts=event.at)
            rows.setdefault(AGENTS, {})[tuple(row.values())] = row
    return {table: list(unique.values()) for table, unique in rows.items()}


def _state(event: Event) -> str:
    # CHANUNAVAIL reports that the called phone is not registered; a calling phone is.
    unreachable = event.kind is _HANGUP and event.status == "CHANUNAVAIL"
    return "out_of_service" if unreachable and not _is_callers(event) else _STATES[event.kind]


def _is_callers(event: Event) -> bool:
    return event.flow == "out" or (event.flow != "in" and event.caller == event.extension)
