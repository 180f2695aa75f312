"""The states of users, in Oktell's numbers. They follow from the phone, the live calls and the last status. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """The state of a user; 4 is unused. Oktell's documentation confirms the names of 0, 1, 2 and 5."""

    DISCONNECTED = 0
    READY = 1
    LUNCH = 2
    AWAY = 3
    BUSY = 5
    RESERVED = 6
    NO_PHONE = 7


NAMES = {
    State.DISCONNECTED: "usDisconnected",
    State.READY: "usReady",
    State.LUNCH: "usLunch",
    State.AWAY: "usAway",
    State.BUSY: "usFullbusy",
    State.RESERVED: "usReserved",
    State.NO_PHONE: "usNoPhone",
}

#: A status in `userevents.usr_state_changed` -> the state. A user with any other status is ready.
_AGENT_STATES = {
    "offline": State.DISCONNECTED,
    "logged_out": State.DISCONNECTED,
    "break": State.LUNCH,
    "lunch": State.LUNCH,
    "away": State.AWAY,
    "busy": State.BUSY,
}
#: A state that can be set -> its status in that table.
STATUSES = {State.READY: "online", State.LUNCH: "break", State.AWAY: "away", State.BUSY: "busy"}

#: The states in `sipuserevents.sipuser_state_changed` of a phone that cannot be reached.
_GONE = {"out_of_service", "unregistered", "offline", "unavailable"}
# The states of phones that have no live legs, since their PBX does not send events of each call.
_IN_USE, _RINGING = {"busy", "confirmed"}, {"early", "ringing"}
_TALKING = {"talking", "dialling", "waiting"}


@dataclass(frozen=True)
class Modes:
    """The modes that are switched on for a user."""

    call_center: bool = False
    redirect: bool = False
    lunch: bool = False


@dataclass(frozen=True)
class Facts:
    """Facts about a user: the last status, the last state of the phone, and the states of the live legs."""

    agent_state: str
    phone: str
    legs: Collection[str]
    modes: Modes
    has_phone: bool = True


@dataclass(frozen=True)
class StateChange:
    """The change that `wp_setuserstate` asks for. None changes nothing."""

    state: State | None = None
    call_center: bool | None = None
    redirect: bool | None = None
    lunch: bool | None = None


def state(facts: Facts) -> State:
    """Return the state of the user. The phone counts before the last status."""
    if on_phone(facts):
        return State.BUSY
    if facts.phone in _RINGING or "ringing" in facts.legs:
        return State.RESERVED
    if not facts.has_phone or facts.phone in _GONE:
        return State.NO_PHONE
    last = last_state(facts)
    return State.LUNCH if last is State.READY and facts.modes.lunch else last


def last_state(facts: Facts) -> State:
    """Return the state of the last status."""
    return _AGENT_STATES.get(facts.agent_state, State.READY)


def on_phone(facts: Facts) -> bool:
    """Return True if the user talks, dials or waits in a queue now."""
    return facts.phone in _IN_USE or not _TALKING.isdisjoint(facts.legs)


def changed(facts: Facts, change: StateChange) -> tuple[Modes, State | None]:
    """Return the modes after `change`, and the new state, or None if the state stays. Ignore what is not possible.

    Oktell's rules: a break needs the call centre's mode, and redirection needs that mode to be off. Leaving the mode
    ends the break, entering it ends redirection. A user who talks cannot become free.
    """
    before = last_state(facts)
    modes = _switched(facts.modes, change)
    left = facts.modes.call_center and not modes.call_center
    ends_break = left or (change.lunch is False and modes.call_center)
    after = State.READY if before is State.LUNCH and ends_break else before
    if change.state is not None and _possible(facts, modes, change.state):
        after = change.state
    return modes, after if after is not before else None


def _switched(modes: Modes, change: StateChange) -> Modes:
    """Return the modes after `change`: the call centre's mode first, since the other two depend on it."""
    center = modes.call_center if change.call_center is None else change.call_center
    if center:
        # Entering the mode ends redirection, which cannot be switched here.
        redirect = modes.redirect and change.call_center is None
        return Modes(center, redirect, modes.lunch if change.lunch is None else change.lunch)
    redirect = modes.redirect if change.redirect is None else change.redirect
    return Modes(center, redirect, modes.lunch and not modes.call_center)


def _possible(facts: Facts, modes: Modes, new_state: State) -> bool:
    if state(facts) in {State.DISCONNECTED, State.NO_PHONE}:
        return False
    if new_state in {State.READY, State.LUNCH} and on_phone(facts):
        return False
    return new_state is not State.LUNCH or modes.call_center
