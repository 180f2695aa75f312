"""A database for each test module, and CRMs for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chalicelib.settings import Settings
from tests.replication.crm import Crm, running
from tests.replication.house import CLEAR, House


@pytest.fixture(scope="module")
def shared_house(database: Settings) -> House:
    """Return the module's database as the previous test left it."""
    return House(database)


@pytest.fixture
def house(shared_house: House) -> House:
    """Return the module's database without calls."""
    shared_house.sql(CLEAR)
    return shared_house


@pytest.fixture
def serve() -> Iterator[Callable[..., Crm]]:
    """Start CRMs, and stop them after the test."""
    with ExitStack() as stack:

        def start(**facts: Any) -> Crm:
            return stack.enter_context(running(Crm(**facts)))

        yield start
