"""Helpers for tests with months that retire."""

from __future__ import annotations

from datetime import timedelta

from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger

#: The month of BEGIN is over for more than one whole month.
LATER = BEGIN + timedelta(days=70)
MONTH = "2026_11"
_PARTS = "SELECT oid::regclass FROM pg_class WHERE relname ~ '_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'"


def clear(ledger: Ledger) -> None:
    """Delete every row and every partition."""
    ledger.clear()
    for (name,) in run(ledger.url, _PARTS):
        run(ledger.url, f"DROP TABLE {name}")
    run(ledger.url, "TRUNCATE ledger.months, ledger.changed_days, ledger.call_figures")


def state(ledger: Ledger, kind: str = "calls", month: str = MONTH) -> object:
    """Return the state of a month's retirement, or None."""
    rows = run(ledger.url, "SELECT state FROM ledger.retirements WHERE kind = %s AND month = %s", [kind, month])
    return rows[0][0] if rows else None
