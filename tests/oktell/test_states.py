"""The state of a user follows from facts, and changes follow Oktell's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oktell.states import NAMES, WORDS, Facts, Modes, State, Wish, changed, state

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
WISHES = st.builds(
    Wish,
    state=st.none() | st.sampled_from(list(WORDS)),
    call_center=st.none() | st.booleans(),
    redirect=st.none() | st.booleans(),
    lunch=st.none() | st.booleans(),
)


def facts(agent_state: str = "", phone: str = "", *legs: str, modes: Modes = NONE, has_phone: bool = True) -> Facts:
    """Return facts of a user, most of them unknown."""
    return Facts(agent_state, phone, legs, modes, has_phone)


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
def test_a_state_follows_from_what_is_known(known: Facts, expected: State) -> None:
    """The phone decides first, then the last set state. A break replaces readiness."""
    assert state(known) is expected


@pytest.mark.parametrize(
    ("known", "wish", "modes", "written"),
    [
        # A talk cannot be declared over, and a break needs the call centre.
        (facts("online", "", "talking"), Wish(State.READY), Modes(), None),
        (facts("busy", "", "talking"), Wish(State.READY), Modes(), None),
        (facts("online"), Wish(State.LUNCH), Modes(), None),
        (facts("online", modes=CENTRE), Wish(State.LUNCH), CENTRE, State.LUNCH),
        (facts("online"), Wish(State.AWAY), Modes(), State.AWAY),
        (facts("online"), Wish(State.BUSY), Modes(), State.BUSY),
        (facts("break", modes=CENTRE), Wish(State.READY), CENTRE, State.READY),
        # Modes: redirection without the call centre, a break within it.
        (facts(), Wish(redirect=True), REDIRECT, None),
        (facts(modes=CENTRE), Wish(redirect=True), CENTRE, None),
        (facts(), Wish(lunch=True), Modes(), None),
        (facts(modes=CENTRE), Wish(lunch=True), LUNCH, None),
        (facts("break", modes=LUNCH), Wish(lunch=False), CENTRE, State.READY),
        # Leaving the call centre ends the break, entering it ends redirection.
        (facts("break", modes=LUNCH), Wish(call_center=False), Modes(), State.READY),
        (facts(modes=REDIRECT), Wish(call_center=True), CENTRE, None),
        (facts(), Wish(State.LUNCH, call_center=True, lunch=True), LUNCH, State.LUNCH),
        # Whom the PBX has logged out, or who has no phone, is not there to be changed.
        (facts("logged_out"), Wish(State.READY), Modes(), None),
        (facts("online", "out_of_service"), Wish(State.AWAY), Modes(), None),
    ],
)
def test_a_change_follows_the_rules(known: Facts, wish: Wish, modes: Modes, written: State | None) -> None:
    """The possible part of a wish is applied, and the rest is ignored."""
    assert changed(known, wish) == (modes, written)


@given(FACTS, WISHES)
def test_no_wish_breaks_the_rules(known: Facts, wish: Wish) -> None:
    """Breaks and redirection exclude each other, and a user on the phone does not become free."""
    modes, written = changed(known, wish)
    after = Facts(WORDS[written] if written else known.agent_state, known.phone, known.legs, modes, known.has_phone)

    assert not (modes.lunch and not modes.call_center)
    assert not (modes.redirect and modes.call_center)
    assert state(after) in NAMES
    if state(known) is State.BUSY and (known.phone == "busy" or known.legs):
        assert state(after) is not State.READY
