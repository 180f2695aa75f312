"""A client of the channel, as an integration uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from chalicelib.platform import runtime
from chalicelib.settings import Settings, load
from tests.ingest.telephony import Ledger

Ask = Callable[..., requests.Response]


def request_of(psql: str, action: str = "data", **options: Any) -> dict[str, Any]:
    """Return the documented body of one request, with further options."""
    return {"entity": "chronological", "action": action, "options": {"psql": psql, **options}}


@pytest.fixture
def ask(stack: dict[str, Any]) -> Iterator[Ask]:
    """Return a function that sends one query with the token in the address and does not follow redirects."""
    # One connection for all requests, so that the gateway needs few threads with database connections of their own.
    session = requests.Session()

    def send(
        psql: str, action: str = "data", headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
        body = request_of(psql, action, **options)
        return session.post(address, json=body, headers=headers, timeout=60, allow_redirects=False)

    with session:
        yield send


@pytest.fixture
def bundle(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of the stack, to run the channel's functions in this process."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack["aws_endpoint_url"])
    monkeypatch.setenv("READER_DATABASE_URL", stack["reader_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    runtime.renew()
    environment = {"READER_DATABASE_URL": stack["reader_url"], "BUCKET": stack["bucket"], "STATEMENT_TIMEOUT": "3"}
    current = load(environment)
    monkeypatch.setattr("chalicelib.platform.configuration.current", lambda: current)
    return current


@pytest.fixture
def site(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a bundle on the module's ledger, to run the channel's functions in this process."""
    runtime.renew()
    monkeypatch.setattr("chalicelib.platform.configuration.current", lambda: ledger.settings)
    return ledger.settings
