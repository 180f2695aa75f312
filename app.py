"""The map of the bundle: one line for each surface, and one entry point for each Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.application import Application, mount

if TYPE_CHECKING:
    from chalice.app import CloudWatchEvent, SQSEvent

app = Application("ringledger", configure_logs=False)
mount(
    app,
    {
        "app": "chalicelib.health.surface",
        "oktell": "chalicelib.oktell.surface",
        "statistics": "chalicelib.statistics.surface",
        "recordings": "chalicelib.recordings.surface",
        "webhooks": "chalicelib.webhooks.surface",
        "nimbox": "chalicelib.nimbox.surface",
        "operations": "chalicelib.operations.surface",
        "documents": "chalicelib.documents.surface",
        "console": "chalicelib.console.surface",
    },
)


# The Lambdas of the surfaces above; `app` itself is that of `health`.
statistics = app.surface_lambda("statistics")
recordings = app.surface_lambda("recordings")
webhooks = app.surface_lambda("webhooks")
nimbox = app.surface_lambda("nimbox")
oktell = app.surface_lambda("oktell")
documents = app.surface_lambda("documents")
console = app.surface_lambda("console")
operations = app.surface_lambda("operations")


@app.lambda_function(name="jobs")
def jobs(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401 - Lambda's own object
    """Do the work that an operator ordered; invoked by name."""
    from chalicelib.operations.work import handle  # noqa: PLC0415 - other Lambdas do not load it

    handle(event, lambda: context.get_remaining_time_in_millis() / 1_000)


@app.lambda_function(name="scripts")
def scripts(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Run a service script once; invoked by name."""
    from chalicelib.oktell.running import handle  # noqa: PLC0415 - other Lambdas do not load it

    return handle(event, context.get_remaining_time_in_millis() / 1_000)


@app.on_sqs_message(queue="call-events", batch_size=100, maximum_batching_window_in_seconds=1, name="ingest")
def ingest(event: SQSEvent) -> dict[str, Any]:
    """Turn accepted webhooks into calls, and report the failed messages, which return."""
    from chalicelib.ingest.surface import handle  # noqa: PLC0415 - other Lambdas do not load it

    return handle(event.to_dict())


@app.on_sqs_message(queue="recordings", batch_size=1, name="recorder")
def recorder(event: SQSEvent) -> None:
    """Fetch a recording from its provider into S3."""
    from chalicelib.recordings.recorder import handle  # noqa: PLC0415 - other Lambdas do not load it

    handle(event.to_dict())


@app.schedule("rate(1 hour)", name="maintain")
def maintain(_event: CloudWatchEvent) -> None:
    """Make partitions, delete expired data, and close calls that never ended."""
    from chalicelib.maintenance.surface import handle  # noqa: PLC0415 - other Lambdas do not load it

    handle()


@app.lambda_function(name="archive")
def archive(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Write closed months to S3, and do the tasks of operators; invoked by name."""
    from chalicelib.archive.surface import handle  # noqa: PLC0415 - other Lambdas do not load it

    return handle(event, lambda: context.get_remaining_time_in_millis() / 1_000)


@app.schedule("cron(0 * * * ? *)", name="replicate")
def replicate(event: CloudWatchEvent) -> None:
    """Send calls to the CRM: new ones every hour, the whole window once a day."""
    from chalicelib.replication.surface import handle  # noqa: PLC0415 - other Lambdas do not load it

    context: Any = event.context
    handle(event.to_dict(), context.function_name, lambda: context.get_remaining_time_in_millis() / 1_000)


@app.lambda_function(name="admin")
def admin(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run a command of an operator; invoked by name."""
    from chalicelib.admin.surface import handle  # noqa: PLC0415 - other Lambdas do not load it

    return handle(event)
