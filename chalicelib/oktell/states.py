"""What a user is doing, in Oktell's numbers: worked out from their phone, their talks and what was set last. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import IntEnum


class State(IntEnum):
    """A user's states; 4 is unused. Oktell's documents confirm the names of 0, 1, 2 and 5."""

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

#: The words of `userevents.usr_state_changed`, by whomever; one that is not listed means that the user is there.
_SAID = {
    "offline": State.DISCONNECTED,
    "logged_out": State.DISCONNECTED,
    "break": State.LUNCH,
    "lunch": State.LUNCH,
    "away": State.AWAY,
    "busy": State.BUSY,
}
#: The words that are written there for what can be set.
WORDS = {State.READY: "online", State.LUNCH: "break", State.AWAY: "away", State.BUSY: "busy"}

#: The words of `sipuserevents.sipuser_state_changed` for a phone that cannot be reached.
_GONE = {"out_of_service", "unregistered", "offline", "unavailable"}
# Of phones whose calls are not told one by one.
_IN_USE, _RINGING = {"busy", "confirmed"}, {"early", "ringing"}
_TALKING = {"talking", "dialling", "waiting"}


@dataclass(frozen=True)
class Modes:
    """What is switched on for a user."""

    call_center: bool = False
    redirect: bool = False
    lunch: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of a user: the words told last of them and of their phone, and what their live legs do."""

    said: str
    phone: str
    legs: Collection[str]
    modes: Modes
    has_phone: bool = True


@dataclass(frozen=True)
class Wish:
    """What `wp_setuserstate` asks for; None is left as it is."""

    state: State | None = None
    call_center: bool | None = None
    redirect: bool | None = None
    lunch: bool | None = None


def state(facts: Facts) -> State:
    """What the user is doing now: their phone first, then what was said of them last."""
    if on_phone(facts):
        return State.BUSY
    if facts.phone in _RINGING or "ringing" in facts.legs:
        return State.RESERVED
    if not facts.has_phone or facts.phone in _GONE:
        return State.NO_PHONE
    last = said(facts)
    return State.LUNCH if last is State.READY and facts.modes.lunch else last


def said(facts: Facts) -> State:
    """What was said of the user last, by whomever."""
    return _SAID.get(facts.said, State.READY)


def on_phone(facts: Facts) -> bool:
    """Whether the user talks, dials or listens to a queue now."""
    return facts.phone in _IN_USE or not _TALKING.isdisjoint(facts.legs)


def changed(facts: Facts, wish: Wish) -> tuple[Modes, State | None]:
    """The modes after `wish`, and the state to write down, or None where it stays; what is impossible changes nothing.

    Oktell's rules: a break is for the call centre's mode, redirection for its absence; leaving the mode ends the
    break, entering it ends redirection; nobody who talks becomes free.
    """
    modes, written = facts.modes, said(facts)
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


def _possible(facts: Facts, modes: Modes, wanted: State) -> bool:
    if state(facts) in {State.DISCONNECTED, State.NO_PHONE}:
        return False
    if wanted in {State.READY, State.LUNCH} and on_phone(facts):
        return False
    return wanted is not State.LUNCH or modes.call_center
