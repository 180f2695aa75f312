"""The queue `recordings`: one message is one file that its provider may have by now."""

from __future__ import annotations

from typing import Any

from chalicelib import edge, metrics, settings
from chalicelib.errors import InvalidRequest, Unavailable
from chalicelib.ledger import recording_notices, recording_queue
from chalicelib.platform import postgres
from chalicelib.recordings import fetching
from chalicelib.settings import Settings

# SQS holds a message back for no longer; what waits longer is queued by the maintenance.
LONGEST_DELAY = 900
#: Ends of an attempt that are ends of the matter.
COUNTED = {"ready": "recordings_ready", "failed": "recordings_failed"}


def handle(event: dict[str, Any]) -> None:
    """Fetch what the messages name. Raises Unavailable when the database is away: the message comes again."""
    current = settings.current()
    for record in event["Records"]:
        _take(record["body"], current)


def _take(text: str, current: Settings) -> None:
    try:
        file = recording_queue.read(text)
    except InvalidRequest as fault:
        edge.logger().warning("recording", extra={"surface": "recorder", "outcome": fault.message})
        return
    writer = postgres.connection(current.writer_database_url)
    outcome = fetching.attempt(writer, file, current)
    edge.logger().info(
        "recording",
        extra={"surface": "recorder", **file._asdict(), "outcome": outcome.state, "reason": outcome.reason},
    )
    if counted := COUNTED.get(outcome.state):
        metrics.publish("recorder", {counted: 1})
    if outcome.changed:
        recording_notices.tell(writer, current.recording_target, outcome.changed)
    if 0 < outcome.delay <= LONGEST_DELAY:
        try:
            recording_queue.send(current.recordings_queue_url, [file], outcome.delay)
        except Unavailable:
            edge.logger().warning("a recording waits for the maintenance", extra={"surface": "recorder"})
