"""Keeps the figures of days whose calls no longer change, so that reports on years are fast.

Every change of a call marks its day in `ledger.changed_days`, in the transaction of the change. The views of the schema
`metrics` make the rows of marked days from the documented tables, so reports are right at any time; the kept rows make
them fast.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from chalicelib.platform.postgres import Connection

#: Seconds that a run may take: after an upgrade or a replay of years, the next runs continue.
SECONDS = 300

_DUE = "SELECT DISTINCT day FROM ledger.changed_days WHERE day < %s::date ORDER BY day DESC"
_MAKE = "SELECT ledger.make_call_figures(%s)"
# Each batch marks the day once more.
_TIDY = """
WITH gone AS (DELETE FROM ledger.changed_days WHERE day >= %s::date RETURNING day)
INSERT INTO ledger.changed_days SELECT DISTINCT day FROM gone
"""


def refresh(
    owner: Connection, now: datetime, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
) -> int:
    """Make the figures of changed days before that of `now`, naive UTC, the latest first; return how many days.

    Each day is a transaction of its own. A day that changes meanwhile stays marked.
    """
    deadline = clock() + seconds
    made = 0
    for (day,) in owner.execute(_DUE, [now]):
        owner.execute(_MAKE, [day])
        made += 1
        if clock() >= deadline:
            break
    owner.execute(_TIDY, [now])
    return made
