"""A database with a demonstration, made once for all tests of this folder."""

from __future__ import annotations

import pytest

from infra.demonstration.fill import fill
from tests.databases import Server

CALLS = 4_000


@pytest.fixture(scope="session")
def progress() -> list[tuple[int, int]]:
    """Return the progress that the demonstration reported."""
    return []


@pytest.fixture(scope="session")
def filled(server: Server, progress: list[tuple[int, int]]) -> str:
    """Return the owner's URL of a database with the demonstration."""
    url = server.migrated_database()
    fill(url, CALLS, lambda done, total: progress.append((done, total)))
    return url
