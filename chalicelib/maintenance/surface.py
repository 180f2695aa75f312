"""The Lambda that runs every hour: partitions, retention, calls that are due to close, and recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from chalicelib import edge, metrics
from chalicelib.archive import retirement
from chalicelib.errors import RingledgerError
from chalicelib.ledger import closing, joining, phone_talks, suspects
from chalicelib.ledger.faults import CallsFailed
from chalicelib.maintenance import call_figures, monthly_tables, partitions
from chalicelib.nimbox import phonecalls
from chalicelib.oktell import call_orders
from chalicelib.platform import configuration, functions, postgres
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import fetch_queue, notices, retention
from chalicelib.settings import Settings

Step = Callable[[], object]


class MaintenanceFailed(RingledgerError):
    """Some steps of the maintenance failed; the others are done."""

    code = "maintenance-failed"

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        """Name each step that failed, and why."""
        super().__init__("\n".join(f"{step}: {error}" for step, error in failures.items()))


def handle(now: datetime | None = None) -> None:
    """Do what is due at `now`, naive UTC. May be repeated. Raises MaintenanceFailed after every step had its turn."""
    current = configuration.current()
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    owner = postgres.connection(current.owner_database_url)
    writer = postgres.connection(current.writer_database_url)
    steps: dict[str, Step] = {
        "made": lambda: partitions.prepare(owner, moment),
        "months": lambda: monthly_tables.prepare(owner, moment),
        "analyzed": lambda: monthly_tables.analyze(owner, moment),
        "figures": lambda: call_figures.refresh(owner, moment),
        "dropped": lambda: partitions.retire(owner, moment, current.event_retention_months, archived=current.archive),
        "retired": lambda: monthly_tables.retire(
            owner, moment, current.call_retention_months, archived=current.archive
        ),
        "archived": lambda: _archive(owner, current),
        "talks": lambda: phone_talks.drop_old(writer, moment - phone_talks.KEPT),
        "parts": lambda: joining.drop_parts(writer, moment - joining.PARTS_KEPT),
        "suspects": lambda: suspects.drop(writer, moment),
        "orders_not_taken": lambda: call_orders.tidy(writer),
        "phonecalls_joined": lambda: phonecalls.join_late(owner, moment - phonecalls.LATE),
        "closed": lambda: _close(writer, moment, current.call_age_seconds),
        "queued": lambda: fetch_queue.send_overdue(writer, current),
        "deleted": lambda: retention.delete_expired(writer, current, moment),
        "notified": lambda: notices.send_overdue(writer, current.recording_target),
    }
    done, failures = run(steps)
    edge.logger().info("maintenance", extra={"surface": "maintenance", **done})
    if failures:
        raise MaintenanceFailed(failures)


def _archive(owner: Connection, current: Settings) -> int:
    """Start the archive's Lambda if there is one and closed months wait for it, and return how many wait."""
    waiting = retirement.waiting(owner) if current.archive else 0
    if waiting and current.archive_function:
        functions.start(current.archive_function, {})
    return waiting


def run(steps: Mapping[str, Step]) -> tuple[dict[str, object], dict[str, Exception]]:
    """Run each of `steps`, and return what they returned and what they raised, by their names."""
    done: dict[str, object] = {}
    failures: dict[str, Exception] = {}
    for name, step in steps.items():
        try:
            done[name] = step()
        except Exception as error:  # noqa: BLE001 - whatever a step meets, the others have their turn
            failures[name] = error
    return done, failures


def _close(writer: Connection, now: datetime, age_seconds: int) -> int:
    closed, faults = closing.close_due(writer, now, age_seconds)
    metrics.publish("maintenance", {"calls_closed": closed, "calls_set_aside": len(faults)})
    if faults:
        raise CallsFailed(faults)
    return closed
