"""A ledger for each test module, empty before each test."""

from __future__ import annotations

import pytest

from chalicelib.settings import Settings
from tests.ingest.telephony import Ledger


@pytest.fixture(scope="module")
def shared_ledger(database: Settings) -> Ledger:
    """Return the module's ledger as the previous test has left it."""
    return Ledger(database)


@pytest.fixture
def ledger(shared_ledger: Ledger) -> Ledger:
    """Return the module's ledger, empty."""
    shared_ledger.clear()
    return shared_ledger
