"""Integrations side by side: their own calls, their refused requests, and strangers who guess tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

import app
from chalicelib.admin import commands
from chalicelib.authentication import guesses, tokens
from chalicelib.nimbox import phonecalls
from chalicelib.platform import runtime
from tests.nimbox.service import EXAMPLE, PATH, Office

EVER = (datetime(1970, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - UTC
UNKNOWN = "no se consiguió el número de destino en la base de datos"

Admin = Callable[..., commands.CommandResult]


def ask(command: str, client: str = "203.0.113.7", **parameters: str) -> Any:
    """Return the status and the content of the answer to a GET from this address."""
    place = PATH + command
    event = {
        "requestContext": {
            "resourcePath": place, "httpMethod": "GET", "path": place, "requestId": "1",
            "identity": {"sourceIp": client},
        },
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "pathParameters": None, "headers": {}, "stageVariables": None, "isBase64Encoded": False, "body": None,
    }  # fmt: skip
    answer = app.app(event, None)
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"].get("Retry-After")


@pytest.fixture
def admin(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    """Run commands and requests in this process, on the office's database."""
    settings = office.settings
    for name, value in (
        ("DATABASE_URL", settings.owner_database_url),
        ("GATE_DATABASE_URL", settings.gate_database_url),
        ("WRITER_DATABASE_URL", settings.writer_database_url),
        ("TOKEN_GUESSES", "5"),
    ):
        monkeypatch.setenv(name, value)
    runtime.renew()
    office.rows("DELETE FROM ledger.tokens")
    yield lambda *words: commands.run(words, str)
    runtime.renew()


def token(admin: Admin, name: str, *more: str) -> str:
    """Create a token of the service, and return its value."""
    return admin("token", "add", name, "--scope", "nimbox", *more).output.strip()


def test_an_integration_deletes_its_own_calls(admin: Admin, office: Office) -> None:
    """The calls of others stay, also those that it offered as well. Each deletion is listed with its count."""
    one, other = token(admin, "one"), token(admin, "other")
    office.contact("02122853348")
    for second, value in ((1, one), (2, one), (3, other), (1, other)):
        assert ask("create", **EXAMPLE | {"token": value, "initiated": f"2012-08-23T12:00:0{second}"})[0] == 200
    day = {"from": "2012-08-22", "to": "2012-08-24"}

    assert ask("delete", token=other, **day)[1] == {"count": 1, "error": False}
    assert ask("delete", token=other, **day)[1] == {"count": 0, "error": False}
    assert office.count("ledger.phonecalls") == office.count("calls.success") == 2
    listed = json.loads(admin("phonecall", "list-deletions", "--json").output)
    assert [(each["integration"], each["deleted"]) for each in listed] == [("other", 0), ("other", 1)]


def test_a_script_that_is_replaced(admin: Admin, office: Office) -> None:
    """The new token is given the calls of the former one, or those of unknown origin, and may delete them."""
    former, new = token(admin, "former"), token(admin, "new")
    office.contact("02122853348")
    ask("create", token=former, **EXAMPLE)
    office.create("02122853348", "2012-08-23T12:00:09")
    office.rows("UPDATE ledger.phonecalls SET integration = '' WHERE integration = 'crm'")

    assert [line.split()[:2] for line in admin("phonecall", "list-owners").output.splitlines()[1:]] == [
        ["-", "1"], ["former", "1"],
    ]  # fmt: skip
    assert admin("phonecall", "give", "former", "no such token").exit == 1
    assert admin("phonecall", "give", "former", "new", "--yes").output == "1 calls of former belong to new now.\n"
    assert admin("phonecall", "give", "-", "new", "--yes").output == "1 calls of - belong to new now.\n"
    assert ask("delete", token=new, **{"from": "2012-08-22", "to": "2012-08-24"})[1]["count"] == 2


def test_an_unusually_large_deletion(
    admin: Admin, office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is counted for the alarm, also if it is made in several steps within an hour."""
    monkeypatch.setattr(phonecalls, "UNUSUAL_DELETION", 3)
    value = token(admin, "one")
    office.contact("02122853348")
    for day in (21, 22, 23, 24):
        ask("create", **EXAMPLE | {"token": value, "initiated": f"2012-08-{day}T12:00:00"})
    for day in (21, 22, 23):
        ask("delete", token=value, **{"from": f"2012-08-{day - 1}", "to": f"2012-08-{day + 1}"})
    assert "unusual_deletions" not in capsys.readouterr().out

    ask("delete", token=value, **{"from": "2012-08-23", "to": "2012-08-25"})

    assert '"unusual_deletions":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_refused_requests_become_contacts(admin: Admin, office: Office) -> None:
    """They are listed with their numbers, the reasons and how often they came, and the command creates the calls."""
    value = token(admin, "one")
    for second in (1, 2, 1):
        ask("create", **EXAMPLE | {"token": value, "initiated": f"2012-08-23T12:00:0{second}"})
    ask("create", **EXAMPLE | {"token": value, "source": "anonymous", "destination": "0212 000 00 00"})
    ask("create", **EXAMPLE | {"token": "unknown"})

    listed = json.loads(admin("phonecall", "list-rejected", "--json").output)

    assert [(each["number"], each["calls"], each["times"]) for each in listed] == [
        ("02122853348", 2, 3), ("02120000000", 1, 1),
    ]  # fmt: skip
    assert listed[0]["reason"] == f"destination: {UNKNOWN}"
    assert listed[1]["reason"].startswith("source: is not a telephone number")
    assert "02122853348" in admin("phonecall", "list-rejected").output
    assert admin("phonecall", "register").exit == 1

    done = admin("phonecall", "register", "0212 2853348", "--name", "Ana")
    assert done.output == "1 contacts are new, and 2 kept calls were created.\n"
    assert office.rows("SELECT name FROM ledger.contacts") == [("Ana",)]
    assert office.rows("SELECT DISTINCT integration, duration FROM ledger.phonecalls") == [("one", 45)]
    assert [each["number"] for each in json.loads(admin("phonecall", "list-rejected", "--json").output)] == [
        "02120000000"
    ]
    assert admin("phonecall", "register", "--all").output == "0 contacts are new, and 0 kept calls were created.\n"


def test_a_refused_call_that_is_created_later(admin: Admin, office: Office) -> None:
    """The script offers it again after its contact came, so it is not refused any more."""
    value = token(admin, "one")
    ask("create", token=value, **EXAMPLE)
    office.contact("02122853348")
    ask("create", token=value, **EXAMPLE)
    assert office.count("ledger.rejected_phonecalls") == 0
    assert office.count("ledger.phonecalls") == 1


def test_a_token_that_is_bound_to_networks(admin: Admin, office: Office) -> None:
    """Elsewhere it is unknown, also while it is cached."""
    office.contact("02122853348")
    value = token(admin, "bound", "--from", "10.0.0.0/8")

    assert ask("create", "10.9.8.7", token=value, **EXAMPLE)[1]["error"] is False
    status, content, _ = ask("create", "11.9.8.7", token=value, **EXAMPLE)
    assert (status, content["errors"]) == (200, {"token": "is missing, unknown or revoked"})


def test_wrong_tokens_are_throttled_by_their_source(admin: Admin, office: Office) -> None:
    """After a few in a minute the source is refused; other sources, and long values that are right, are not."""
    office.contact("02122853348")
    long, short = token(admin, "long"), "1234567890abcdef"
    commands.run(("token", "add", "short", "--scope", "nimbox", "--value-stdin"), lambda: short)

    answers = [ask("create", token=f"guess-{number}", **EXAMPLE)[0] for number in range(7)]
    throttled = ask("create", token=short, **EXAMPLE)

    assert answers == [200] * 5 + [429] * 2
    assert throttled[0] == 429
    assert 0 < int(throttled[2]) <= 60
    assert ask("create", token=long, **EXAMPLE)[0] == 200
    assert ask("create", "203.0.113.8", token=short, **EXAMPLE)[0] == 200
    office.rows("UPDATE ledger.token_guesses SET since = since - interval '1 minute'")
    runtime.renew()
    assert ask("create", token=short, **EXAMPLE)[0] == 200


@pytest.mark.parametrize(
    ("source", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
    ],
)
def test_the_addresses_of_one_client(source: str, client: str) -> None:
    """A client of IPv6 has a whole network of addresses."""
    assert guesses.client_of(source) == client


def test_a_token_without_limits_is_valid_everywhere() -> None:
    """Even where the address of the client is unknown."""
    assert tokens.Token("one", ("nimbox",)).admits("")
