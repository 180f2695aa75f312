"""`wp_setuserstate` answers 200 for a known user, and stores its change in the tables for reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import RingledgerError
from chalicelib.oktell.refusals import Unknown, Wrong
from tests.oktell.conftest import Office

SAID = "SELECT user_id, state, changed_by FROM userevents.usr_state_changed ORDER BY eventts"
SET = "SELECT login, state, strategy, xinfo FROM sipuserevents.sipuser_transtate_set ORDER BY eventts"


def _state(office: Office, user: str) -> str:
    return office.state(user)[0]


def test_a_state_is_set_and_kept(office: Office) -> None:
    """Both histories have the change with the integration's name, and later answers show it."""
    answer = office.ask("wp_setuserstate", user="ivanov", userstateid="5")

    assert (answer.status, answer.body) == (200, b"")
    assert _state(office, "ivanov") == "5"
    assert office.rows(SAID) == [("137", "busy", "a-script")]
    assert [row[:3] for row in office.rows(SET)] == [("13596*104", "huntblock", "manual")]
    assert office.rows("SELECT state FROM ledger.presence WHERE kind = 'agent' AND name = '137'") == [("busy",)]


def test_a_break_has_a_reason(office: Office) -> None:
    """A reason is a number or a text, and is removed when the break ends."""
    office.ask("wp_setuserstate", user="ivanov", onlunch="1", lunchreasonid="1001")
    regulated = _state(office, "ivanov")
    office.ask("wp_setuserstate", user="ivanov", onlunch="1", lunchreasonmsg="зубной врач")
    office.ask("wp_setuserstate", user="ivanov", onlunch="0")

    told = [json.loads(row[3]) for row in office.rows(SET)]
    assert (regulated, _state(office, "ivanov")) == ("2", "1")
    assert [each.get("lunchreasonid") for each in told] == ["1001", None, None]
    assert [each.get("lunchreasonmsg") for each in told] == [None, "зубной врач", None]


@pytest.mark.parametrize(
    "wish",
    [
        {"userstateid": "0"},
        {"userstateid": "7"},
        {"userstateid": "6"},
        {"userstateid": "word"},
        {"userstateid": "2"},
        {"onlunch": "1"},
        {"userstateid": "1"},
        {},
    ],
)
def test_what_is_impossible_is_answered_and_not_done(office: Office, wish: dict[str, str]) -> None:
    """Impossible states change nothing and are answered with 200."""
    assert office.ask("wp_setuserstate", user="Dima", **wish).status == 200
    assert (office.rows(SAID), office.rows(SET), _state(office, "Dima")) == ([], [], "1")


def test_the_same_state_twice_is_one_change(office: Office) -> None:
    """A repetition is no change, because reports count changes."""
    for _ in range(3):
        office.ask("wp_setuserstate", user="ivanov", userstateid="3")
    assert office.rows(SAID) == [("137", "away", "a-script")]


def test_an_unknown_user_is_not_changed(office: Office) -> None:
    """Only a known user is answered with 200."""
    with pytest.raises(Unknown):
        office.ask("wp_setuserstate", user="nobody", userstateid="5")
    with pytest.raises(Wrong):
        office.ask("wp_setuserstate", userstateid="5")


@pytest.mark.parametrize("name", ["onlunch", "oncallcenter", "onredirect", "lunchreasonid"])
def test_a_value_that_means_nothing_wishes_nothing(office: Office, name: str) -> None:
    """A meaningless value is ignored, and the other parameters are applied."""
    assert office.ask("wp_setuserstate", user="ivanov", userstateid="5", **{name: "yes"}).status == 200
    assert (office.rows(SAID), _state(office, "ivanov")) == ([("137", "busy", "a-script")], "5")


def test_the_pbx_hears_what_means_something(forwarding: Office, partner: dict[str, Any]) -> None:
    """The PBX receives meaningful parameters only, with reasons of the stored length."""
    words = {"onlunch": "1", "oncallcenter": "2", "lunchreasonid": "1234567", "lunchreasonmsg": "я" * 2_000}
    forwarding.ask("wp_setuserstate", user="ivanov", userstateid="\uff19", **words)

    ((_path, told),) = partner["asked"]
    assert {name: told[name] for name in told if name not in {"user", "password"}} == {
        "onlunch": "1",
        "lunchreasonid": "1234567",
        "lunchreasonmsg": "я" * 512,
    }


def test_a_mode_alone_opens_no_phone(office: Office) -> None:
    """A user who is away stays blocked for queues while their modes change."""
    office.ask("wp_setuserstate", user="ivanov", userstateid="3")
    office.ask("wp_setuserstate", user="ivanov", oncallcenter="0")
    office.ask("wp_setuserstate", user="ivanov", userstateid="1")
    assert [row[1] for row in office.rows(SET)] == ["huntblock", "huntblock", "registered"]


def test_a_queue_that_is_away_leaves_everything_as_it_was(office: Office) -> None:
    """The change and its order are one transaction, and a repetition does both."""
    away = office.having(call_control=("oktell",), oktell_server_url="http://127.0.0.1:9")
    with pytest.raises(RingledgerError, match="does not answer"):
        away.ask("wp_setuserstate", user="ivanov", userstateid="5")
    assert (office.rows(SAID), _state(office, "ivanov")) == ([], "1")
