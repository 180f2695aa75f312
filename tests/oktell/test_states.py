"""A user's state follows from the facts about them, and changes follow Oktell's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oktell.states import NAMES, STATUSES, Facts, Modes, State, StateChange, changed, state

NONE, CENTRE, LUNCH, REDIRECT = (
    Modes(),
    Modes(call_center=True),
    Modes(call_center=True, lunch=True),
    Modes(redirect=True),
)
FACTS = st.builds(
    Facts,
    agent_state=st.sampled_from(["", "online", "available", "break", "away", "busy", "offline", "logged_out"]),
    phone=st.sampled_from(["", "registered", "busy", "early", "out_of_service"]),
    legs=st.lists(st.sampled_from(["ringing", "dialling", "talking", "waiting"]), max_size=2),
    modes=st.sampled_from([Modes(), CENTRE, LUNCH, REDIRECT]),
    has_phone=st.booleans(),
)
CHANGES = st.builds(
    StateChange,
    state=st.none() | st.sampled_from(list(STATUSES)),
    call_center=st.none() | st.booleans(),
    redirect=st.none() | st.booleans(),
    lunch=st.none() | st.booleans(),
)


def facts(status: str = "", phone: str = "", *legs: str, modes: Modes = NONE, has_phone: bool = True) -> Facts:
    """Return facts about a user, with defaults for those that a test does not need."""
    return Facts(status, phone, legs, modes, has_phone)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(), State.READY),
        (facts("available"), State.READY),
        (facts("logged_out"), State.DISCONNECTED),
        (facts("offline", "registered"), State.DISCONNECTED),
        (facts("break"), State.LUNCH),
        (facts("online", modes=LUNCH), State.LUNCH),
        (facts("away", modes=LUNCH), State.AWAY),
        (facts("away"), State.AWAY),
        (facts("busy"), State.BUSY),
        (facts("away", "", "talking"), State.BUSY),
        (facts("", "busy"), State.BUSY),
        (facts("", "", "ringing"), State.RESERVED),
        (facts("", "early"), State.RESERVED),
        (facts("", "", "ringing", "talking"), State.BUSY),
        (facts("", "out_of_service"), State.NO_PHONE),
        (facts(has_phone=False), State.NO_PHONE),
    ],
)
def test_a_state_follows_from_the_facts(known: Facts, expected: State) -> None:
    """The phone counts before the last status. With the mode `lunch` a user is in a break instead of ready."""
    assert state(known) is expected


@pytest.mark.parametrize(
    ("known", "change", "modes", "new_state"),
    [
        # A user who talks cannot become free, and a break needs the call centre's mode.
        (facts("online", "", "talking"), StateChange(State.READY), Modes(), None),
        (facts("busy", "", "talking"), StateChange(State.READY), Modes(), None),
        (facts("online"), StateChange(State.LUNCH), Modes(), None),
        (facts("online", modes=CENTRE), StateChange(State.LUNCH), CENTRE, State.LUNCH),
        (facts("online"), StateChange(State.AWAY), Modes(), State.AWAY),
        (facts("online"), StateChange(State.BUSY), Modes(), State.BUSY),
        (facts("break", modes=CENTRE), StateChange(State.READY), CENTRE, State.READY),
        # Redirection needs the call centre's mode to be off, and a break needs it to be on.
        (facts(), StateChange(redirect=True), REDIRECT, None),
        (facts(modes=CENTRE), StateChange(redirect=True), CENTRE, None),
        (facts(), StateChange(lunch=True), Modes(), None),
        (facts(modes=CENTRE), StateChange(lunch=True), LUNCH, None),
        (facts("break", modes=LUNCH), StateChange(lunch=False), CENTRE, State.READY),
        # Leaving the call centre's mode ends the break, entering it ends redirection.
        (facts("break", modes=LUNCH), StateChange(call_center=False), Modes(), State.READY),
        (facts(modes=REDIRECT), StateChange(call_center=True), CENTRE, None),
        (facts(), StateChange(State.LUNCH, call_center=True, lunch=True), LUNCH, State.LUNCH),
        # A user who is logged out at the PBX, or whose phone is out of service, cannot be changed.
        (facts("logged_out"), StateChange(State.READY), Modes(), None),
        (facts("online", "out_of_service"), StateChange(State.AWAY), Modes(), None),
    ],
)
def test_a_change_follows_the_rules(known: Facts, change: StateChange, modes: Modes, new_state: State | None) -> None:
    """The possible part of a change is made, and the rest is ignored."""
    assert changed(known, change) == (modes, new_state)


@given(FACTS, CHANGES)
def test_no_change_breaks_the_rules(known: Facts, change: StateChange) -> None:
    """A user is never in a break and redirected at once, and a user on the phone never becomes free."""
    modes, new_state = changed(known, change)
    status = STATUSES[new_state] if new_state else known.agent_state
    after = Facts(status, known.phone, known.legs, modes, known.has_phone)

    assert not (modes.lunch and not modes.call_center)
    assert not (modes.redirect and modes.call_center)
    assert state(after) in NAMES
    if state(known) is State.BUSY and (known.phone == "busy" or known.legs):
        assert state(after) is not State.READY
