"""Ledgers whose months are made and retired."""

from __future__ import annotations

import pytest

from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.settings import Settings
from tests.archive.months import clear
from tests.ingest.telephony import BEGIN, Ledger


@pytest.fixture
def ledger(database: Settings) -> Ledger:
    """Return a ledger without rows on the module's database, with the partitions of the coming months."""
    ledger = Ledger(database)
    clear(ledger)
    monthly_tables.prepare(ledger.owner, BEGIN)
    partitions.prepare(ledger.owner, BEGIN)
    return ledger
