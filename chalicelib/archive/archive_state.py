"""The months whose retention is over, as the database knows them: for whoever has no right to the archive's files."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection

# The newest months come first: they are the ones that operators look for.
_MONTHS = """
SELECT kind, replace(month, '_', '-'), state, file_counts.rows, file_counts.files, file_counts.bytes,
    closed_at AT TIME ZONE 'UTC', archived_at AT TIME ZONE 'UTC', retired_at AT TIME ZONE 'UTC', kept_until
FROM ledger.retirements CROSS JOIN LATERAL (
    SELECT sum((file ->> 'rows')::bigint)::bigint AS rows, nullif(count(*), 0) AS files,
        sum((file ->> 'bytes')::bigint)::bigint AS bytes
    FROM jsonb_array_elements(manifest -> 'files') AS file
) AS file_counts
ORDER BY month DESC, kind LIMIT %s
"""


class RetiredMonth(NamedTuple):
    """A month of calls or raw events: its state, and the rows, files and bytes that were written to the archive.

    Times are naive UTC. `kept_until` is the end of a restored month.
    """

    kind: str
    month: str
    state: str
    rows: int | None
    files: int | None
    bytes: int | None
    closed_at: datetime
    archived_at: datetime | None
    retired_at: datetime | None
    kept_until: datetime | None


def months(database: Connection, limit: int) -> list[RetiredMonth]:
    """Return the months whose retention is over, the newest first."""
    return [RetiredMonth(*row) for row in database.execute(_MONTHS, [limit])]
