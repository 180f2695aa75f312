"""Keeps the rows of `metrics.calls` of days whose calls no longer change, so that reports on years are fast.

Every change of a call marks its day in `ledger.changed_days`, in the transaction of the change. The view makes the rows
of marked days from the documented tables, so reports are right at any time; the kept rows make them fast.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform.postgres import Connection

#: A run has time for so many days; the next run continues.
DAYS_AT_ONCE = 100

_DUE = "SELECT DISTINCT day FROM ledger.changed_days WHERE day < %s::date ORDER BY day DESC LIMIT %s"
_MAKE = "SELECT ledger.make_call_figures(%s)"
# Each batch marks the day once more.
_TIDY = """
WITH gone AS (DELETE FROM ledger.changed_days WHERE day >= %s::date RETURNING day)
INSERT INTO ledger.changed_days SELECT DISTINCT day FROM gone
"""


def refresh(owner: Connection, now: datetime) -> int:
    """Make the rows of changed days before that of `now`, naive UTC, the latest first; return how many days.

    Each day is a transaction of its own. A day that changes meanwhile stays marked.
    """
    days = owner.execute(_DUE, [now, DAYS_AT_ONCE])
    for (day,) in days:
        owner.execute(_MAKE, [day])
    owner.execute(_TIDY, [now])
    return len(days)
