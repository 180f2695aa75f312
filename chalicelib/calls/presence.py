"""What single events prove of extensions and agents, whatever becomes of their calls and whatever else is known."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.calls.events import Event, Kind
from chalicelib.calls.records import Row, Table, Value, filled
from chalicelib.calls.telphin.legs import PHONE

EXTENSIONS: Table = ("sipuserevents", "sipuser_state_changed")
AGENTS: Table = ("userevents", "usr_state_changed")

_HANGUP = Kind.HANGUP
#: The state of the phone that an event came from: it rings, it is in use, it waits for calls.
_STATES = {Kind.DIAL_IN: "early", Kind.DIAL_OUT: "busy", Kind.ANSWER: "busy", Kind.HANGUP: "registered"}


def changes(events: Iterable[Event]) -> dict[Table, list[Row]]:
    """The changes of state that `events` prove, each row once: what one event says, no other takes back."""
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
    # Who is called has no registration; the phone of who calls has one.
    unreachable = event.kind is _HANGUP and event.status == "CHANUNAVAIL"
    return "out_of_service" if unreachable and not _is_callers(event) else _STATES[event.kind]


def _is_callers(event: Event) -> bool:
    return event.flow == "out" or (event.flow != "in" and event.caller == event.extension)
