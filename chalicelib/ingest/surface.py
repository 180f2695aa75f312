"""The queue `call-events`: batches of accepted webhooks, of which only what failed is given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib import edge, settings
from chalicelib.errors import Unavailable
from chalicelib.ingest import batches
from chalicelib.ingest.batches import Delivery
from chalicelib.ledger.recording_facts import File
from chalicelib.platform import postgres
from chalicelib.recordings import fetch_queue


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Take the batch of one SQS event; answers the messages that must come again, as Lambda wants them named."""
    deliveries = [
        Delivery(record["messageId"], record["body"], int(record["attributes"]["ApproximateReceiveCount"]))
        for record in event["Records"]
    ]
    writer = postgres.connection(settings.current().writer_database_url)
    failed = batches.take(writer, deliveries, _report, _fetch)
    edge.logger().info("batch", extra={"surface": "ingest", "messages": len(deliveries), "failed": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _fetch(files: Sequence[File]) -> None:
    queue_url = settings.current().recordings_queue_url
    if not queue_url:
        return
    try:
        fetch_queue.send(queue_url, files)
    except Unavailable:
        # They are remembered as pending, and the calls are stored: this batch is done.
        edge.logger().warning("recordings wait for the maintenance", extra={"surface": "ingest", "files": len(files)})


def _report(delivery: Delivery, error: Exception) -> None:
    edge.logger().warning(
        "message failed", extra={"message_id": delivery.id, "receives": delivery.receives, "reason": repr(error)}
    )
