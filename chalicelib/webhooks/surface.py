"""The addresses that PBXs post to; each provider gets the answer that it expects."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from chalice.app import Blueprint

from chalicelib import edge, providers
from chalicelib.calls.events import Raw
from chalicelib.edge import Answer, Notes, Request
from chalicelib.platform import configuration, signed_requests
from chalicelib.webhooks.accepting import AddressNotFound, accept, authentic

#: The largest body of a request for a form, in bytes.
FORM_BODY_LIMIT = 4_096

routes = Blueprint(__name__)


@edge.route(routes, "/ext-event/{key}", methods=("GET", "POST"), body_limit=signed_requests.MESSAGE_LIMIT)
def extension_event(request: Request, notes: Notes) -> Answer:
    """Accept an event of a Telphin extension, by the address that Telphin recommends."""
    return _accepted("telphin", request, notes)


@edge.route(routes, "/webhooks/{provider}/{key}", methods=("POST",), body_limit=signed_requests.MESSAGE_LIMIT)
def provider_event(request: Request, notes: Notes) -> Answer:
    """Accept a webhook of any provider."""
    return _accepted(request.path["provider"], request, notes)


@edge.route(routes, "/webhooks/{provider}/{key}/recordings", methods=("POST",), body_limit=FORM_BODY_LIMIT)
def recording_form(request: Request, notes: Notes) -> Answer:
    """Answer with a form by which S3 takes a recording from its PBX."""
    from chalicelib.recordings import incoming  # noqa: PLC0415 - accepting webhooks does not load it

    current, provider = configuration.current(), request.path["provider"]
    known = providers.find(provider)
    if known is None or not known.uploads_recordings:
        raise AddressNotFound
    key = authentic(provider, request.path["key"], current)
    notes |= {"provider": provider, "extension": key.extension}
    return edge.json_answer(incoming.form(current, provider, key.extension, request.body).model_dump())


def _accepted(provider: str, request: Request, notes: Notes) -> Answer:
    known = providers.find(provider)
    if known is None:
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
    reading = accept(raw, request.path["key"], configuration.current(), notes)
    reply = known.reply(raw, reading.content)
    return Answer(reply.body, reply.status, {"Content-Type": reply.content_type})
