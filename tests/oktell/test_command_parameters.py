"""The parameters of commands: several names, blank values, and the words about wrong ones."""

from __future__ import annotations

from uuid import UUID

import pytest

from chalicelib.edge import Request
from chalicelib.oktell import command_parameters
from chalicelib.oktell.command_parameters import (
    CallParameters,
    FaxLinksParameters,
    FlashParameters,
    LineParameters,
    Parameters,
    RecordLinkParameters,
    RunParameters,
    ScriptParameters,
    StateParameters,
    UserParameters,
)
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.oktell.request import CommandRequest
from chalicelib.oktell.states import State
from chalicelib.settings import Settings

CALL = "123e4567-e89b-12d3-a456-426614174000"


def request(**parameters: str) -> CommandRequest:
    """Return a command with these parameters; a trailing underscore is not part of a name."""
    named = {name.rstrip("_"): value for name, value in parameters.items()}
    return CommandRequest("command", named, Request("1", "GET", {}, {}, {}, b""), "a-script", Settings(), {})


@pytest.mark.parametrize(
    ("model", "parameters", "words"),
    [
        (LineParameters, {"line": "  "}, "One of the parameters line, user, wp is required"),
        (ScriptParameters, {}, "The parameter name is required"),
        (ScriptParameters, {"name": "x", "async_": "yes"}, "async must be one of 0, 1, not 'yes'"),
        (
            ScriptParameters,
            {"name": "x", "timeout": "-1"},
            "timeout must be a whole number of up to 18 digits, not '-1'",
        ),
        (
            ScriptParameters,
            {"name": "x", "timeout": "1" * 19},
            "timeout must be a whole number of up to 18 digits, not",
        ),
        (RunParameters, {"run": "7"}, "run must be the id in the header X-Script-Run, not '7'"),
        (CallParameters, {"line": "7"}, "The parameter number is required"),
        (CallParameters, {"number": "one"}, "number must be a phone number such as 538 or +79214567892, not 'one'"),
        (CallParameters, {"number": "1", "direction": "up"}, "direction must be one of pbx, city, not 'up'"),
        (CallParameters, {"number": "1", "sequence": "up"}, "sequence must be one of direct, back, not 'up'"),
        (FlashParameters, {"mode": "x" * 61}, f"mode must be one of abort, not '{'x' * 60}'"),
        (RecordLinkParameters, {"chainid": "7"}, "inviteid must be the id of a call, a UUID, not '7'"),
        (FaxLinksParameters, {"since": "2026-11-21"}, "since must be a time such as 2026-11-21T04:40:57Z, not '2026"),
        (UserParameters, {"wp": "a\0b"}, "iduser is longer than 32768 characters or contains a NUL character"),
        (StateParameters, {"lunchreasonmsg": "x" * 32_769}, "lunchreasonmsg is longer than 32768 characters"),
    ],
)
def test_a_wrong_parameter_is_named(model: type[Parameters], parameters: dict[str, str], words: str) -> None:
    """The message names the first wrong parameter and describes a right value."""
    with pytest.raises(InvalidParameter) as refusal:
        model.of(request(**parameters))
    assert refusal.value.message.startswith(words)


def test_the_first_name_that_is_not_blank_counts() -> None:
    """One parameter may have several names, and spaces around a value do not count."""
    assert UserParameters.of(request(iduser=" ", wp="7", user=" anna ")).iduser == "anna"
    assert RecordLinkParameters.of(request(commutationid=CALL)).inviteid == UUID(CALL)


def test_values_are_read() -> None:
    """Words have any case, and the separators of a number are dropped."""
    call = CallParameters.of(request(number="+7 (921) 456-78-92", direction="City", line="7"))
    assert (call.number, call.direction, call.sequence) == ("+79214567892", "city", "direct")
    script = ScriptParameters.of(request(name="x", startparam2="b", async_="1"))
    assert script.start_parameters() == ["", "b", "", "", ""]
    assert (script.is_async, script.timeout) == (True, command_parameters.LONGEST_WAIT)


def test_a_wrong_state_is_ignored() -> None:
    """`wp_setuserstate` answers 200 to wrong values, as Oktell does."""
    wanted = StateParameters.of(
        request(line="7", userstateid="5", onlunch="2", onredirect="1", lunchreasonid="x", lunchreasonmsg="y" * 600)
    )
    assert (wanted.userstateid, wanted.onlunch, wanted.onredirect, wanted.lunchreasonid) == (State.BUSY, None, True, "")
    assert len(wanted.lunchreasonmsg) == command_parameters.LONGEST_REASON
    assert StateParameters.of(request(line="7", userstateid="4")).userstateid is None
