"""Fixtures of the phone-call service: over HTTP, and on its database alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.settings import Settings
from tests.databases import Server, migrated
from tests.nimbox.service import Office, Service


@pytest.fixture
def service(stack: dict[str, Any]) -> Iterator[Service]:
    """Return the service of the session's stack. Its phone calls are deleted after the test."""
    reached = Service(stack["url"], stack["tokens"]["nimbox"], stack["database_url"])
    yield reached
    reached.get("delete", **{"from": "0001-01-01", "to": "9999-12-31"})


@pytest.fixture(scope="session")
def database(server: Server) -> Settings:
    """Return a migrated database with its roles, which all tests of the service share."""
    return migrated(server)


@pytest.fixture(scope="session")
def shared_office(database: Settings) -> Office:
    """Return the database of the service as the previous test left it."""
    return Office(database)


@pytest.fixture
def office(shared_office: Office) -> Office:
    """Return a database without calls and contacts."""
    shared_office.clear()
    return shared_office
