"""The service as its Lambda runs it: with settings, and without a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import app
from chalicelib.authentication import tokens
from chalicelib.platform import runtime
from tests.nimbox.service import EXAMPLE, PATH, Office

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"

Configure = Callable[..., None]


def _event(command: str, **parameters: str) -> dict[str, Any]:
    place = PATH + command
    return {
        "requestContext": {"resourcePath": place, "httpMethod": "GET", "path": place, "requestId": "1"},
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "pathParameters": None,
        "headers": {},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }


def _invoke(command: str, **parameters: str) -> dict[str, Any]:
    return app.app(_event(command, **parameters), None)


def _content(command: str, **parameters: str) -> Any:
    return json.loads(_invoke(command, **parameters)["body"])


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Set environment variables of this process for one test."""

    def give(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        runtime.renew()

    yield give
    runtime.renew()


@pytest.fixture
def token(office: Office, configure: Configure) -> str:
    """Return a token, and connect this process to the office's database."""
    configure(
        GATE_DATABASE_URL=office.settings.gate_database_url, WRITER_DATABASE_URL=office.settings.writer_database_url
    )
    office.rows("DELETE FROM ledger.tokens")
    return tokens.create(office.settings.owner_database_url, "crm", ["nimbox"])


@pytest.mark.parametrize("command", ["create", "delete"])
def test_a_database_that_is_away_is_not_the_fault_of_a_parameter(configure: Configure, command: str) -> None:
    """The answer keeps its envelope, and its status tells clients to retry."""
    configure(GATE_DATABASE_URL=NOWHERE, WRITER_DATABASE_URL=NOWHERE)

    answer = _invoke(command, token="unheard-of", **EXAMPLE, **{"from": "2012-08-22", "to": "2012-08-24"})

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    content = json.loads(answer["body"])
    assert (content["error"], content["errors"]) == (True, {})


def test_the_sites_zone_reaches_calls_and_days(configure: Configure, office: Office, token: str) -> None:
    """Local times and days use the site's zone. `Z` is local if the setting says so."""
    configure(SITE_ZONE="America/Caracas", NIMBOX_Z_IS_LOCAL="1")
    office.contact(EXAMPLE["destination"])
    for at in ("2026-11-20T00:00:00", "2026-11-20T23:59:59Z", "2026-11-21T00:00:00"):
        _content("create", token=token, **EXAMPLE | {"initiated": at})

    stored = office.rows("SELECT initiated::text FROM ledger.phonecalls ORDER BY 1")
    assert stored == [("2026-11-20 04:00:00",), ("2026-11-21 03:59:59",), ("2026-11-21 04:00:00",)]
    deleted = _content("delete", token=token, **{"from": "2026-11-19", "to": "2026-11-21"})
    assert deleted == {"count": 2, "error": False}


def test_strangers_become_contacts_where_the_setting_says_so(configure: Configure, office: Office, token: str) -> None:
    """Without the setting, an unknown number is the documented error."""
    assert set(_content("create", token=token, **EXAMPLE)["errors"]) == {"destination"}
    configure(NIMBOX_NEW_CONTACTS="1")

    made = _content("create", token=token, **EXAMPLE)

    assert office.rows("SELECT id FROM ledger.contacts") == [(made["contactId"],)]
    assert _content("create", token=token, **EXAMPLE) == made


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=B", "application/json"])
def test_a_body_that_is_not_read(token: str, kind: str) -> None:
    """The token in it is missing, and the error says from where parameters are read."""
    event = _event("create") | {"headers": {"Content-Type": kind}, "body": f"token={token}"}
    event["requestContext"]["httpMethod"] = "POST"
    fault = json.loads(app.app(event, None)["body"])["errors"]["token"]
    assert "parameters are read from the address and from forms" in fault
