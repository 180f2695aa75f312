"""The addresses that PBXs post to, each provider answered in the way that it expects."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from chalice.app import Blueprint

from chalicelib import edge, settings
from chalicelib.calls.events import Raw
from chalicelib.edge import Answer, Notes, Request
from chalicelib.platform import queues
from chalicelib.providers import Reading
from chalicelib.webhooks.accepting import AddressNotFound, accept

TEXT = {"Content-Type": "text/plain; charset=utf-8"}

routes = Blueprint(__name__)


def _telphin(_raw: Raw, _reading: Reading) -> Answer:
    return Answer("OK", headers=TEXT)


def _mtt(_raw: Raw, _reading: Reading) -> Answer:
    return Answer("", headers=TEXT)


def _native(raw: Raw, reading: Reading) -> Answer:
    return edge.json_answer({"id": raw.id, "rows": len(reading.content)}, 202)


ANSWERS = {"telphin": _telphin, "mtt": _mtt, "native": _native}


@edge.route(routes, "/ext-event/{key}", methods=("GET", "POST"), body_limit=queues.MESSAGE_LIMIT)
def extension_event(request: Request, notes: Notes) -> Answer:
    """Accept an event of a Telphin extension, by the address that Telphin recommends."""
    return _accepted("telphin", request, notes)


@edge.route(routes, "/webhooks/{provider}/{key}", methods=("POST",), body_limit=queues.MESSAGE_LIMIT)
def provider_event(request: Request, notes: Notes) -> Answer:
    """Accept what a provider posts."""
    return _accepted(request.path["provider"], request, notes)


def _accepted(provider: str, request: Request, notes: Notes) -> Answer:
    if provider not in ANSWERS:
        raise AddressNotFound
    raw = Raw(
        id=str(uuid4()),
        accepted_at=datetime.now(UTC).replace(tzinfo=None),
        provider=provider,
        method=request.method,
        query=request.query_string,
        content_type=request.headers.get("content-type", ""),
        content_encoding=request.headers.get("content-encoding", ""),
        body=request.body,
    )
    reading = accept(raw, request.path["key"], settings.current(), notes)
    return ANSWERS[provider](raw, reading)
