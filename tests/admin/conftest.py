"""The ledger on which commands of this process work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.platform import runtime
from chalicelib.settings import Settings
from tests.ingest.telephony import Ledger


@pytest.fixture
def ledger(database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Return an empty ledger that the commands use."""
    monkeypatch.setenv("DATABASE_URL", database.owner_database_url)
    runtime.renew()
    ledger = Ledger(database)
    ledger.clear()
    yield ledger
    runtime.renew()
