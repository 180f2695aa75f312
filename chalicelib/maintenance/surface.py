"""The schedule's turn: partitions ahead of the events, old ones away, and calls that never ended closed."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib import edge, settings
from chalicelib.maintenance import closing, partitions
from chalicelib.platform import postgres


def handle(now: datetime | None = None) -> None:
    """Do what is due at `now`, naive UTC; doing it twice does no harm. Raises Unavailable and DatabaseError."""
    current = settings.current()
    now = now or datetime.now(UTC).replace(tzinfo=None)
    owner = postgres.connection(current.owner_database_url)
    made = partitions.prepare(owner, now)
    dropped = partitions.retire(owner, now, current.event_retention_months)
    closed = closing.close_overdue(postgres.connection(current.writer_database_url), now, current.call_age_seconds)
    edge.logger().info(
        "maintenance", extra={"surface": "maintenance", "made": made, "dropped": dropped, "closed": closed}
    )
