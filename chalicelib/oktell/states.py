"""The state of a user in Oktell's numbers, derived from their phone, live calls and last set state. Pure functions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import IntEnum


class State(IntEnum):
    """The states of a user; 4 is unused. Oktell's documents confirm the names of 0, 1, 2 and 5."""

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

#: The words of `userevents.usr_state_changed`. Any other word means that the user is present.
_AGENT_STATES = {
    "offline": State.DISCONNECTED,
    "logged_out": State.DISCONNECTED,
    "break": State.LUNCH,
    "lunch": State.LUNCH,
    "away": State.AWAY,
    "busy": State.BUSY,
}
#: The words that are stored there for the states that clients can set.
WORDS = {State.READY: "online", State.LUNCH: "break", State.AWAY: "away", State.BUSY: "busy"}

#: The words of `sipuserevents.sipuser_state_changed` for a phone that cannot be reached.
_GONE = {"out_of_service", "unregistered", "offline", "unavailable"}
# Words for phones whose live legs are unknown.
_IN_USE, _RINGING = {"busy", "confirmed"}, {"early", "ringing"}
_TALKING = {"talking", "dialling", "waiting"}


@dataclass(frozen=True)
class Modes:
    """The modes that are on for a user."""

    call_center: bool = False
    redirect: bool = False
    lunch: bool = False


@dataclass(frozen=True)
class Facts:
    """The facts about a user: the last words of their agent and phone states, and the states of their live legs."""

    agent_state: str
    phone: str
    legs: Collection[str]
    modes: Modes
    has_phone: bool = True


@dataclass(frozen=True)
class Wish:
    """The changes that `wp_setuserstate` requests. None changes nothing."""

    state: State | None = None
    call_center: bool | None = None
    redirect: bool | None = None
    lunch: bool | None = None


def state(facts: Facts) -> State:
    """Return the current state: the phone decides first, then the last set state."""
    if on_phone(facts):
        return State.BUSY
    if facts.phone in _RINGING or "ringing" in facts.legs:
        return State.RESERVED
    if not facts.has_phone or facts.phone in _GONE:
        return State.NO_PHONE
    last = last_set(facts)
    return State.LUNCH if last is State.READY and facts.modes.lunch else last


def last_set(facts: Facts) -> State:
    """Return the state that was set last."""
    return _AGENT_STATES.get(facts.agent_state, State.READY)


def on_phone(facts: Facts) -> bool:
    """Return whether the user talks, dials or waits in a queue now."""
    return facts.phone in _IN_USE or not _TALKING.isdisjoint(facts.legs)


def changed(facts: Facts, wish: Wish) -> tuple[Modes, State | None]:
    """Return the modes after `wish`, and the state to store, or None if it stays. Impossible changes are ignored.

    Oktell's rules: a break needs call-centre mode, and redirection needs the mode to be off. Leaving the mode ends the
    break, entering it ends redirection. A user who talks does not become free.
    """
    modes, written = facts.modes, last_set(facts)
    before = written
    if wish.call_center is not None:
        ends = modes.call_center and not wish.call_center
        modes = Modes(wish.call_center, modes.redirect and not wish.call_center, modes.lunch and not ends)
        written = State.READY if ends and written is State.LUNCH else written
    if wish.redirect is not None and not modes.call_center:
        modes = replace(modes, redirect=wish.redirect)
    if wish.lunch is not None and modes.call_center:
        modes = replace(modes, lunch=wish.lunch)
        written = State.READY if written is State.LUNCH and not wish.lunch else written
    if wish.state is not None and _possible(facts, modes, wish.state):
        written = wish.state
    return modes, written if written is not before else None


def _possible(facts: Facts, modes: Modes, new: State) -> bool:
    if state(facts) in {State.DISCONNECTED, State.NO_PHONE}:
        return False
    if new in {State.READY, State.LUNCH} and on_phone(facts):
        return False
    return new is not State.LUNCH or modes.call_center
