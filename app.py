"""The map of the bundle: one line a surface, one entry point a Lambda."""

from __future__ import annotations

from typing import Any

from chalice.app import CloudWatchEvent, SQSEvent

from chalicelib import edge

app = edge.Application("ringledger", configure_logs=False)
edge.mount(
    app,
    {
        "app": "chalicelib.health.surface",
        "statistics": "chalicelib.statistics.surface",
        "webhooks": "chalicelib.webhooks.surface",
    },
)


@app.lambda_function(name="statistics")
def statistics(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The statistics channel behind API Gateway."""
    return app(event, context)


@app.lambda_function(name="webhooks")
def webhooks(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What PBXs post, behind API Gateway; it reaches no database."""
    return app(event, context)


@app.on_sqs_message(queue="call-events", batch_size=100, maximum_batching_window_in_seconds=1, name="ingest")
def ingest(event: SQSEvent) -> dict[str, Any]:
    """Accepted webhooks become calls; what failed is named and comes again."""
    from chalicelib.ingest.surface import handle  # noqa: PLC0415 - no other Lambda pays for it

    return handle(event.to_dict())


@app.schedule("rate(1 hour)", name="maintain")
def maintain(_event: CloudWatchEvent) -> None:
    """Partitions, retention, and calls that never ended."""
    from chalicelib.maintenance.surface import handle  # noqa: PLC0415 - no other Lambda pays for it

    handle()


@app.lambda_function(name="admin")
def admin(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """What an operator does, invoked by name."""
    from chalicelib.admin.surface import handle  # noqa: PLC0415 - no other Lambda pays for it

    return handle(event)
