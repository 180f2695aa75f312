"""The schedule's turn: partitions ahead of the events, old ones away, and calls that never ended closed."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib import edge, metrics, settings
from chalicelib.ledger import recording_notices
from chalicelib.maintenance import closing, partitions, recordings
from chalicelib.platform import postgres


def handle(now: datetime | None = None) -> None:
    """Do what is due at `now`, naive UTC; doing it twice does no harm. Raises Unavailable and DatabaseError."""
    current = settings.current()
    now = now or datetime.now(UTC).replace(tzinfo=None)
    owner = postgres.connection(current.owner_database_url)
    made = partitions.prepare(owner, now)
    dropped = partitions.retire(owner, now, current.event_retention_months)
    writer = postgres.connection(current.writer_database_url)
    closed = closing.close_overdue(writer, now, current.call_age_seconds)
    queued = recordings.queue_overdue(writer, current)
    deleted = recordings.delete_expired(writer, current, now)
    told = recording_notices.tell_forgotten(writer, current.recording_target)
    done = {"made": made, "dropped": dropped, "closed": closed, "queued": queued, "deleted": deleted, "told": told}
    metrics.publish("maintenance", {"calls_closed": closed})
    edge.logger().info("maintenance", extra={"surface": "maintenance", **done})
