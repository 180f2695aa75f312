"""Call control: parameters are checked, and the connector that can execute an order receives it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.oktell.refusals import NotConnected, PartnerRefused, Unknown, Wrong
from infra.local.telphin_server import TelphinServer
from tests.oktell.conftest import Client, Office

COMMANDS = ("wp_autocallstart", "wp_switchcall", "wp_autocallstop", "wp_flash", "wp_declinecall")
NUMBER = {"number": "+7 (921) 456-78-92"}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_connector_nothing_is_pretended(office: Office, command: str) -> None:
    """The answer is 501 with the name of the setting."""
    with pytest.raises(NotConnected, match="CALL_CONTROL") as refusal:
        office.ask(command, user="ivan", **NUMBER)
    assert refusal.value.status == 501


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "number"),
        ({"number": "call me"}, "number"),
        ({"number": "1" * 41}, "number"),
        ({"number": "12\r\nEvil: 1"}, "number"),
        ({"number": "538", "direction": "up"}, "direction"),
        ({"number": "538", "sequence": "random"}, "sequence"),
    ],
)
def test_a_wrong_parameter_is_named(office: Office, parameters: dict[str, str], reason: str) -> None:
    """A number must be possible to dial, and words must be documented ones."""
    with pytest.raises(Wrong, match=reason):
        office.ask("wp_autocallstart", line="16038", **parameters)


def test_an_unknown_line_is_told(office: Office) -> None:
    """The answer is 404 for every command, and 400 without any selector."""
    with pytest.raises(Unknown):
        office.ask("wp_autocallstop", line="99999")
    with pytest.raises(Wrong):
        office.ask("wp_flash")
    with pytest.raises(Wrong, match="mode"):
        office.ask("wp_flash", user="ivan", mode="other")


def test_an_agent_beside_the_pbx_gets_an_order(client: Client) -> None:
    """The message has an id, an expiry, the integration, the user, and parameters with defaults."""
    client.orders()
    assert client.get("wp_autocallstart", user="ivan", number="8 (800) 555-35-35").status_code == 200
    assert client.get("wp_flash", user="ivan", mode="abort").status_code == 200

    started, flashed = sorted(client.orders(), key=lambda order: str(order["command"]))
    assert (started["version"], started["asked_by"], started["command"]) == (1, "demo-oktell", "wp_autocallstart")
    assert started["parameters"] == {"number": "88005553535", "direction": "city", "sequence": "direct"}
    assert (started["user"]["login"], started["user"]["extension"]) == ("ivan", "13596*538")
    assert started["asked_at"] < started["expires_at"]
    assert (flashed["command"], flashed["parameters"]) == ("wp_flash", {"mode": "abort"})
    kept = client.rows("SELECT connector, number FROM ledger.started_calls WHERE id = %s", started["id"])
    assert kept == [("queue", "88005553535")]


@pytest.mark.parametrize(
    ("number", "direction"), [("538", "pbx"), ("120", "pbx"), ("13596*106", "pbx"), ("5381", "city")]
)
def test_a_number_of_ours_is_inside(client: Client, number: str, direction: str) -> None:
    """Without a direction, numbers of users and groups and extensions are internal."""
    client.orders()
    client.get("wp_switchcall", user="ivanov", number=number)
    assert [order["parameters"]["direction"] for order in client.orders()] == [direction]


@pytest.mark.parametrize(
    ("sequence", "direction", "ends"),
    [
        ("back", "city", ("13596*106", "538")),
        ("direct", "city", ("538", "13596*106")),
        ("direct", "pbx", ("13596*538", "13596*106")),
        ("back", "pbx", ("13596*106", "13596*538")),
    ],
)
def test_telphin_calls_back(
    telphin: Office, provider: TelphinServer, sequence: str, direction: str, ends: tuple[str, str]
) -> None:
    """`back` rings the line first, `direct` the other party. The ids of the call are stored."""
    telphin.ask("wp_autocallstart", line="16038", number="538", direction=direction, sequence=sequence)

    assert list(provider.calls.values()) == [{"src_num": [ends[0]], "dst_num": ends[1]}]
    kept = telphin.rows("SELECT handle, call_id <> '' FROM ledger.started_calls")
    assert kept == [(next(iter(provider.calls)), True)]


@pytest.mark.parametrize(
    ("number", "called"), [("183", "13596*102"), ("#999", "13596*101"), ("900", "13596*900"), ("7*1", "7*1")]
)
def test_an_inner_number_is_an_extension_there(
    telphin: Office, provider: TelphinServer, number: str, called: str
) -> None:
    """It is the extension of the directory's user, or Telphin's own short or full name."""
    telphin.ask("wp_autocallstart", line="16038", number=number, direction="pbx", sequence="back")
    assert [call["dst_num"] for call in provider.calls.values()] == [called]


def test_one_login_serves_many_orders(
    telphin: Office, provider: TelphinServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telphin's token is kept until it expires, and a withdrawn token is replaced."""
    telphin.ask("wp_autocallstart", line="16038", number="538")
    with monkeypatch.context() as closed:
        closed.setattr(provider, "application", {})
        telphin.ask("wp_autocallstart", line="16038", number="538")
    monkeypatch.setattr(provider, "token", "another")
    telphin.ask("wp_autocallstart", line="16038", number="538")

    assert len(provider.calls) == 3


def test_telphin_ends_what_was_started(telphin: Office, provider: TelphinServer) -> None:
    """The call is deleted once. Without a started call nothing happens."""
    telphin.ask("wp_autocallstart", line="16038", number="538")
    for _ in range(2):
        assert telphin.ask("wp_autocallstop", line="16038").status == 200
    assert provider.calls == {}


def test_telphin_declines_what_rings(telphin: Office, provider: TelphinServer) -> None:
    """The ringing call is deleted by the handle in its own webhook."""
    provider.calls["handle-of-it"] = {}
    rings = {"EventType": "dial-in", "CallID": "c1", "SubCallID": "1", "CallFlow": "in", "CallStatus": "CALLING"}
    telphin.webhook(**rings, CallerIDNum="7921", CalledNumber="13596*106", CallAPIID="handle-of-it")

    assert telphin.ask("wp_declinecall", wp="OPERATOR1").status == 200
    assert provider.calls == {}


def test_telphin_cannot_flash(telphin: Office) -> None:
    """Its API has no flash: the next connector is tried, and without one the answer is 501."""
    with pytest.raises(NotConnected):
        telphin.ask("wp_flash", user="anna")
    with pytest.raises(NotConnected):
        telphin.ask("wp_autocallstart", user="ivan", number="538")


def test_telphin_refuses(telphin: Office) -> None:
    """The answer quotes the refusal, and nothing is stored."""
    with pytest.raises(PartnerRefused, match="401"):
        telphin.having(telphin_client_secret="wrong").ask("wp_autocallstart", line="16038", number="538")
    assert telphin.rows("SELECT count(*) FROM ledger.started_calls") == [(0,)]


def test_a_real_server_is_asked_the_same(forwarding: Office, partner: dict[str, Any]) -> None:
    """The server receives the command with its own password and the user's GUID. Its answer is returned."""
    answer = forwarding.ask("wp_declinecall", wp="OPERATOR1")

    assert (answer.status, answer.body) == (200, b"OK")
    assert partner["asked"] == [
        ("/wp_declinecall", {"user": "0b6c7f3e-91d4-4e0c-a1c8-5e2f9d8a7b05", "password": "their+s"})
    ]


def test_a_real_server_refuses_or_is_away(forwarding: Office, partner: dict[str, Any]) -> None:
    """The answer is 502 with the refusal, or 503. It never contains the password."""
    partner |= {"status": 403, "body": f"Forbidden: /wp_flash?{urlencode({'password': 'their+s'})} or their+s"}
    with pytest.raises(PartnerRefused, match="status 403: Forbidden") as refusal:
        forwarding.ask("wp_flash", user="ivan")
    assert "their" not in refusal.value.message
    away = forwarding.having(oktell_server_url="http://127.0.0.1:9")
    with pytest.raises(RingledgerError) as fault:
        away.ask("wp_flash", user="ivan")
    assert (fault.value.status, "their" in f"{fault.value!r}{fault.value.__cause__!r}") == (503, False)


def test_a_connector_that_does_not_exist_is_told(office: Office) -> None:
    """The error names the setting and its values."""
    with pytest.raises(Misconfigured, match="there are queue, oktell, telphin"):
        office.having(call_control=("asterisk",)).ask("wp_flash", user="ivan")
