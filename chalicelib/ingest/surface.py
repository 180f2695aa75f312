"""The queue `call-events`: batches of accepted webhooks, of which SQS gets back only those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib import edge, metrics
from chalicelib.errors import RingledgerError, Unavailable
from chalicelib.ingest import batches
from chalicelib.ingest.batches import Callbacks, Delivery
from chalicelib.ledger import closing
from chalicelib.ledger.recording_facts import File
from chalicelib.platform import configuration, postgres, queues
from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import fetch_queue

#: The message that ingest sends to itself, with a delay, when calls may be over soon.
CLOSE_DUE = "close-due"
#: SQS delays a message by so many seconds at most.
LONGEST_DELAY = 900


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Take the batch of one SQS event, and return the messages to deliver again in the form that Lambda wants."""
    records = event["Records"]
    deliveries = [
        Delivery(record["messageId"], record["body"], int(record["attributes"]["ApproximateReceiveCount"]))
        for record in records
        if record["body"] != CLOSE_DUE
    ]
    writer = postgres.connection(configuration.current().writer_database_url, kind=NonblockingConnection)
    failed = batches.take(writer, deliveries, Callbacks(_report, _fetch, _close_later)) if deliveries else []
    if len(deliveries) < len(records):
        _close_due(writer)
    edge.logger().info("batch", extra={"surface": "ingest", "messages": len(deliveries), "failed": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _fetch(files: Sequence[File]) -> None:
    queue_url = configuration.current().recordings_queue_url
    if not queue_url:
        return
    try:
        fetch_queue.send(queue_url, files)
    except Unavailable:
        # The recordings are stored as pending and the calls are written, so this batch has succeeded.
        edge.logger().warning("recordings wait for the maintenance", extra={"surface": "ingest", "files": len(files)})


def _close_later(due: datetime) -> None:
    queue_url = configuration.current().events_queue_url
    if not queue_url:
        return
    seconds = int((due - datetime.now(UTC).replace(tzinfo=None)).total_seconds()) + 1
    try:
        queues.send_all(queue_url, [CLOSE_DUE], delay=min(max(seconds, 0), LONGEST_DELAY))
    except Unavailable:
        edge.logger().warning("calls wait for the maintenance to close them", extra={"surface": "ingest"})


def _close_due(writer: Connection) -> None:
    """Close the calls that are due; what fails is left to the maintenance, which reports it."""
    try:
        closed, faults = closing.close_due(
            writer, datetime.now(UTC).replace(tzinfo=None), configuration.current().call_age_seconds
        )
    except RingledgerError as error:
        extra = {"surface": "ingest", "reason": repr(error)}
        edge.logger().warning("calls wait for the maintenance to close them", extra=extra)
        return
    metrics.publish("ingest", {"calls_closed": closed, "calls_set_aside": len(faults)})


def _report(delivery: Delivery, error: Exception) -> None:
    edge.logger().warning(
        "message failed", extra={"message_id": delivery.id, "receives": delivery.receives, "reason": repr(error)}
    )
