"""Call control: what is asked is checked, and handed to the connector that can do it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.oktell.errors import NotConnected, PartnerRefused, Unknown, Wrong
from infra.local.provider import Provider
from tests.oktell.conftest import Client, Office

COMMANDS = ("wp_autocallstart", "wp_switchcall", "wp_autocallstop", "wp_flash", "wp_declinecall")
NUMBER = {"number": "+7 (921) 456-78-92"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A small Telphin."""
    provider = Provider("application", "secret")
    provider.url = provider.start(0)  # type: ignore[attr-defined]
    yield provider
    provider.stop()


@pytest.fixture
def telphin(office: Office, provider: Provider) -> Office:
    """An office whose Anna has an extension there."""
    office.rows(
        "INSERT INTO ledger.extensions (provider, client, name, type, settings)"
        " VALUES ('telphin', '13596', '13596*106', 'phone', '{\"remote_id\": \"1138241\"}') RETURNING id"
    )
    url = provider.url  # type: ignore[attr-defined]
    provider.calls.clear()
    return office.having(
        call_control=("telphin",), telphin_url=url, telphin_client_id="application", telphin_client_secret="secret"
    )


@pytest.fixture
def partner() -> Iterator[dict[str, Any]]:
    """A real Oktell server, as far as it matters: what it was asked, and what it shall answer."""
    facts: dict[str, Any] = {"asked": [], "status": 200, "body": "OK"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            facts["asked"].append((place.path, dict(parse_qsl(place.query))))
            self.send_response(facts["status"])
            self.end_headers()
            self.wfile.write(facts["body"].encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    facts["url"] = f"http://127.0.0.1:{listening.server_port}"
    yield facts
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_connector_nothing_is_pretended(office: Office, command: str) -> None:
    """501, and a sentence that names the setting."""
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
    """A number must be one to dial, and words must be those of the document."""
    with pytest.raises(Wrong, match=reason):
        office.ask("wp_autocallstart", line="16038", **parameters)


def test_an_unknown_line_is_told(office: Office) -> None:
    """404, whatever the command; and without any selector 400."""
    with pytest.raises(Unknown):
        office.ask("wp_autocallstop", line="99999")
    with pytest.raises(Wrong):
        office.ask("wp_flash")
    with pytest.raises(Wrong, match="mode"):
        office.ask("wp_flash", user="ivan", mode="other")


def test_an_agent_beside_the_pbx_gets_an_order(client: Client) -> None:
    """A message with an id, an expiry, who asked, on whose behalf, and the parameters with their defaults."""
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
    """Without a direction it is found out: numbers of users and of groups, and extensions, are inner ones."""
    client.orders()
    client.get("wp_switchcall", user="ivanov", number=number)
    assert [order["parameters"]["direction"] for order in client.orders()] == [direction]


@pytest.mark.parametrize(
    ("sequence", "direction", "ends"),
    [
        ("back", "city", ("13596*106", "538")),
        ("direct", "city", ("538", "13596*106")),
        ("direct", "pbx", ("13596*538", "13596*106")),
    ],
)
def test_telphin_calls_back(
    telphin: Office, provider: Provider, sequence: str, direction: str, ends: tuple[str, str]
) -> None:
    """`back` rings the line first, `direct` the other; the call's ids are kept, so that its webhooks are known."""
    telphin.ask("wp_autocallstart", line="16038", number="538", direction=direction, sequence=sequence)

    assert list(provider.calls.values()) == [{"src_num": [ends[0]], "dst_num": ends[1]}]
    kept = telphin.rows("SELECT handle, call_id <> '' FROM ledger.started_calls")
    assert kept == [(next(iter(provider.calls)), True)]


def test_telphin_ends_what_was_started(telphin: Office, provider: Provider) -> None:
    """The call is deleted there, once; with none started there is nothing to do."""
    telphin.ask("wp_autocallstart", line="16038", number="538")
    for _ in range(2):
        assert telphin.ask("wp_autocallstop", line="16038").status == 200
    assert provider.calls == {}


def test_telphin_declines_what_rings(telphin: Office, provider: Provider) -> None:
    """The ringing call is deleted by the handle that its own webhook named."""
    provider.calls["handle-of-it"] = {}
    body = "CalledNumber=13596*106&CallAPIID=handle-of-it"
    telphin.rows(
        "INSERT INTO ledger.events VALUES (now(), %s, 'telphin', '13596', 'c1', 1, 1, 'POST', '', '', %s) RETURNING id",
        str(uuid4()),
        body.encode(),
    )
    leg = {
        "leg_id": "1",
        "extension": "13596*106",
        "device": "phone",
        "state": "ringing",
        "a": "7921",
        "b": "13596*106",
    }
    telphin.rows(
        "INSERT INTO ledger.calls (provider, client, id, first_accepted_at, last_accepted_at, live)"
        " VALUES ('telphin', '13596', 'c1', now(), now(), %s) RETURNING id",
        json.dumps([leg | {"since": "2026-11-20 09:00:00"}]),
    )
    assert telphin.ask("wp_declinecall", wp="OPERATOR1").status == 200
    assert provider.calls == {}


def test_telphin_cannot_flash(telphin: Office) -> None:
    """Its API has no such thing: the next connector is asked, and without one the answer is 501."""
    with pytest.raises(NotConnected):
        telphin.ask("wp_flash", user="anna")
    with pytest.raises(NotConnected):
        telphin.ask("wp_autocallstart", user="ivan", number="538")


def test_telphin_refuses(telphin: Office) -> None:
    """Its refusal is told with its words, and nothing is kept."""
    with pytest.raises(PartnerRefused, match="401"):
        telphin.having(telphin_client_secret="wrong").ask("wp_autocallstart", line="16038", number="538")
    assert telphin.rows("SELECT count(*) FROM ledger.started_calls") == [(0,)]


def test_a_real_server_is_asked_the_same(office: Office, partner: dict[str, Any]) -> None:
    """The command goes there under its own password, by the user's GUID, and its words come back."""
    forwarding = office.having(
        call_control=("oktell",), oktell_server_url=partner["url"], oktell_server_password="theirs"
    )
    answer = forwarding.ask("wp_declinecall", wp="OPERATOR1")

    assert (answer.status, answer.body) == (200, b"OK")
    assert partner["asked"] == [
        ("/wp_declinecall", {"user": "0b6c7f3e-91d4-4e0c-a1c8-5e2f9d8a7b05", "password": "theirs"})
    ]


def test_a_real_server_refuses_or_is_away(office: Office, partner: dict[str, Any]) -> None:
    """502 with its words, 503 when nobody answers; its password is in neither."""
    forwarding = office.having(
        call_control=("oktell",), oktell_server_url=partner["url"], oktell_server_password="theirs"
    )
    partner |= {"status": 403, "body": "Forbidden"}
    with pytest.raises(PartnerRefused, match="status 403: Forbidden"):
        forwarding.ask("wp_flash", user="ivan")
    away = forwarding.having(oktell_server_url="http://127.0.0.1:9")
    with pytest.raises(RingledgerError) as fault:
        away.ask("wp_flash", user="ivan")
    assert (fault.value.status, "theirs" in f"{fault.value!r}{fault.value.__cause__!r}") == (503, False)


def test_a_connector_that_does_not_exist_is_told(office: Office) -> None:
    """The setting is named with what it may say."""
    with pytest.raises(Misconfigured, match="there are queue, oktell, telphin"):
        office.having(call_control=("asterisk",)).ask("wp_flash", user="ivan")
