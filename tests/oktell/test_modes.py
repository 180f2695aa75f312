"""`wp_setuserstate`: 200 for every user who exists; the tables of reports show the changes."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from chalicelib.oktell.refusals import InvalidParameter, NotFound
from tests.oktell.conftest import Office

STATES = "SELECT user_id, state, changed_by FROM userevents.usr_state_changed ORDER BY eventts"
SET = "SELECT login, state, strategy, xinfo FROM sipuserevents.sipuser_transtate_set ORDER BY eventts"


def _state(office: Office, user: str) -> str:
    return office.state(user)[0]


def test_a_state_is_set_and_stays(office: Office) -> None:
    """Both histories have the change with the name of the integration, and later answers show it."""
    answer = office.run("wp_setuserstate", user="ivanov", userstateid="5")

    assert (answer.status, answer.body) == (200, b"")
    assert _state(office, "ivanov") == "5"
    assert office.rows(STATES) == [("137", "busy", "a-script")]
    assert [row[:3] for row in office.rows(SET)] == [("13596*104", "huntblock", "manual")]
    assert office.rows("SELECT state FROM ledger.presence WHERE kind = 'agent' AND name = '137'") == [("busy",)]


def test_a_break_has_a_reason(office: Office) -> None:
    """A regulated reason has a number, an individual one has a text. The end of the break removes the reason."""
    office.run("wp_setuserstate", user="ivanov", onlunch="1", lunchreasonid="1001")
    regulated = _state(office, "ivanov")
    office.run("wp_setuserstate", user="ivanov", onlunch="1", lunchreasonmsg="зубной врач")
    office.run("wp_setuserstate", user="ivanov", onlunch="0")

    changes = [json.loads(row[3]) for row in office.rows(SET)]
    assert (regulated, _state(office, "ivanov")) == ("2", "1")
    assert [each.get("lunchreasonid") for each in changes] == ["1001", None, None]
    assert [each.get("lunchreasonmsg") for each in changes] == [None, "зубной врач", None]


@pytest.mark.parametrize(
    "parameters",
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
def test_an_impossible_change_is_ignored(office: Office, parameters: dict[str, str]) -> None:
    """Service states, unknown numbers, and a break outside of the call centre's mode change nothing: still 200."""
    assert office.run("wp_setuserstate", user="Dima", **parameters).status == 200
    assert (office.rows(STATES), office.rows(SET), _state(office, "Dima")) == ([], [], "1")


def test_the_same_state_twice_is_one_change(office: Office) -> None:
    """A repetition is not a change, since reports count changes."""
    for _ in range(3):
        office.run("wp_setuserstate", user="ivanov", userstateid="3")
    assert office.rows(STATES) == [("137", "away", "a-script")]


def test_an_unknown_user_is_not_found(office: Office) -> None:
    """An unknown user is answered with 404, and a command without a user with 400."""
    with pytest.raises(NotFound):
        office.run("wp_setuserstate", user="no-user", userstateid="5")
    with pytest.raises(InvalidParameter):
        office.run("wp_setuserstate", userstateid="5")


@pytest.mark.parametrize("name", ["onlunch", "oncallcenter", "onredirect", "lunchreasonid"])
def test_an_invalid_value_is_ignored(office: Office, name: str) -> None:
    """The answer is 200, and the valid parameters of the command have their effect."""
    assert office.run("wp_setuserstate", user="ivanov", userstateid="5", **{name: "yes"}).status == 200
    assert (office.rows(STATES), _state(office, "ivanov")) == ([("137", "busy", "a-script")], "5")


def test_the_pbx_gets_the_valid_parameters(forwarding: Office, partner: dict[str, Any]) -> None:
    """A long reason is cut, and invalid values are left out."""
    parameters = {"onlunch": "1", "oncallcenter": "2", "lunchreasonid": "1234567", "lunchreasonmsg": "я" * 2_000}
    forwarding.run("wp_setuserstate", user="ivanov", userstateid="\uff19", **parameters)

    ((_path, query),) = partner["requests"]
    assert {name: query[name] for name in query if name not in {"user", "password"}} == {
        "onlunch": "1",
        "lunchreasonid": "1234567",
        "lunchreasonmsg": "я" * 512,
    }


def test_a_mode_does_not_make_a_user_available(office: Office) -> None:
    """A queue gives no calls to a user who is away, even if the user's modes change."""
    office.run("wp_setuserstate", user="ivanov", userstateid="3")
    office.run("wp_setuserstate", user="ivanov", oncallcenter="0")
    office.run("wp_setuserstate", user="ivanov", userstateid="1")
    assert [row[1] for row in office.rows(SET)] == ["huntblock", "huntblock", "registered"]


def test_a_change_stays_while_the_pbx_is_away(office: Office) -> None:
    """The answer is 200 for every user who exists, and the directory keeps the change."""
    away = office.having(call_control=("oktell",), oktell_server_url="http://127.0.0.1:9")
    assert away.run("wp_setuserstate", user="ivanov", userstateid="5").status == 200
    assert (office.rows(STATES), _state(office, "ivanov")) == ([("137", "busy", "a-script")], "5")


def test_a_slow_pbx_does_not_hold_up_the_next_change(forwarding: Office, partner: dict[str, Any]) -> None:
    """While the connector talks to the PBX, another client changes the same user."""
    partner["inside"], partner["finish"] = threading.Event(), threading.Event()
    slow = threading.Thread(
        target=forwarding.run, args=["wp_setuserstate"], kwargs={"user": "ivanov", "userstateid": "5"}
    )
    slow.start()
    assert partner["inside"].wait(10)
    without = forwarding.having(call_control=())
    began = time.monotonic()
    without.run("wp_setuserstate", user="ivanov", userstateid="3")
    took = time.monotonic() - began
    partner["finish"].set()
    slow.join()

    assert took < 5
    assert _state(forwarding, "ivanov") == "3"


def test_changes_reach_the_pbx_in_the_order_of_acceptance(forwarding: Office, partner: dict[str, Any]) -> None:
    """Changes that are saved while a slow PBX is asked are sent after the first one, by the request that sends it."""
    partner["inside"], partner["finish"] = threading.Event(), threading.Event()
    slow = threading.Thread(
        target=forwarding.having().run, args=["wp_setuserstate"], kwargs={"user": "ivanov", "userstateid": "5"}
    )
    slow.start()
    assert partner["inside"].wait(10)
    began = time.monotonic()
    for state in ("3", "5", "3"):
        forwarding.run("wp_setuserstate", user="ivanov", userstateid=state)
    took = time.monotonic() - began
    partner["finish"].set()
    slow.join()

    assert took < 5
    assert [query["userstateid"] for _, query in partner["requests"]] == ["5", "3", "5", "3"]
    assert forwarding.rows("SELECT count(*) FROM ledger.state_orders") == [(0,)]


def test_a_request_that_died_while_it_sent_a_change(forwarding: Office, partner: dict[str, Any]) -> None:
    """The next request sends what waits, in order, without changes that are too old."""
    forwarding.rows("""
        INSERT INTO ledger.state_orders (user_id, integration, parameters, ordered_at, claimed_until)
        SELECT id, 'other', jsonb_build_object('userstateid', state), now() - age, now() - interval '1 second'
        FROM ledger.users, (VALUES ('1', interval '2 minutes'), ('3', interval '1 second')) AS waiting (state, age)
        WHERE login = 'ivanov'
    """)
    forwarding.run("wp_setuserstate", user="ivanov", userstateid="5")
    assert [query["userstateid"] for _, query in partner["requests"]] == ["3", "5"]
