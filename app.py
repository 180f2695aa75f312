"""The map of the bundle: one line a surface, one entry point a Lambda."""

from __future__ import annotations

from typing import Any

from chalicelib import edge

app = edge.Application("ringledger", configure_logs=False)
edge.mount(
    app,
    {
        "app": "chalicelib.health.surface",
        "statistics": "chalicelib.statistics.surface",
    },
)


@app.lambda_function(name="statistics")
def statistics(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The statistics channel behind API Gateway."""
    return app(event, context)


@app.lambda_function(name="admin")
def admin(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """What an operator does, invoked by name."""
    from chalicelib.admin.surface import handle  # noqa: PLC0415 - no other Lambda pays for it

    return handle(event)
