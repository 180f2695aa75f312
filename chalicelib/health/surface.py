"""`GET /health`: the state of the API, and with `?deep=1` the state of PostgreSQL, SQS and S3."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError
from chalicelib.platform import configuration, objects, postgres, queues
from chalicelib.settings import Settings

routes = Blueprint(__name__)


def _postgres(current: Settings) -> None:
    postgres.connection(current.gate_database_url).execute("select 1")


def _queues(current: Settings) -> None:
    queues.check(current.events_queue_url)


def _objects(current: Settings) -> None:
    objects.check(current.bucket)


PARTS = {"postgresql": _postgres, "sqs": _queues, "s3": _objects}


@edge.route(routes, "/health", methods=edge.READ)
def health(request: Request, notes: Notes) -> Answer:
    """Return 200 with `ok`, or 503 with the state of each service that does not answer."""
    if request.query.get("deep", "") in {"", "0"}:
        return edge.json_answer({"status": "ok"})
    parts = {name: _state(name) for name in PARTS}
    healthy = set(parts.values()) == {"ok"}
    notes["parts"] = parts
    return edge.json_answer({"status": "ok" if healthy else "failing", "parts": parts}, 200 if healthy else 503)


def _state(part: str) -> str:
    try:
        PARTS[part](configuration.current())
    except RingledgerError as error:
        return error.code
    return "ok"
