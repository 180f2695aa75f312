"""The SQS surface `recorder`: each message names one file that is to be fetched from its provider."""

from __future__ import annotations

from typing import Any

from chalicelib import edge, metrics
from chalicelib.errors import InvalidRequest, Unavailable
from chalicelib.platform import configuration, postgres
from chalicelib.recordings import fetch_queue, fetching, notices
from chalicelib.settings import Settings

# The longest delay of SQS, in seconds; the maintenance queues files that wait longer.
LONGEST_DELAY = 900
#: The metric for each final outcome.
METRICS = {"ready": "recordings_ready", "failed": "recordings_failed"}


def handle(event: dict[str, Any]) -> None:
    """Fetch the files that the messages name. Raises Unavailable when PostgreSQL is away; SQS then delivers again."""
    current = configuration.current()
    for record in event["Records"]:
        _take(record["body"], current)


def _take(message: str, current: Settings) -> None:
    try:
        file = fetch_queue.read(message)
    except InvalidRequest as error:
        edge.logger().warning("recording", extra={"surface": "recorder", "outcome": error.message})
        return
    writer = postgres.connection(current.writer_database_url)
    outcome = fetching.attempt(writer, file, current)
    edge.logger().info(
        "recording",
        extra={"surface": "recorder", **file._asdict(), "outcome": outcome.state, "reason": outcome.reason},
    )
    if metric := METRICS.get(outcome.state):
        metrics.publish("recorder", {metric: 1})
    if outcome.changed:
        notices.send(writer, current.recording_target, outcome.changed)
    if 0 < outcome.delay <= LONGEST_DELAY:
        try:
            fetch_queue.send(current.recordings_queue_url, [file], outcome.delay)
        except Unavailable:
            edge.logger().warning("a recording waits for the maintenance", extra={"surface": "recorder"})
