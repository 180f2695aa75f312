"""The statistics channel over HTTP: by a token in the address, or by a Bearer token."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import authentication, edge, settings
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError, TokenNotFound, Unauthenticated
from chalicelib.platform import objects
from chalicelib.statistics import channel
from chalicelib.statistics.answer import Stored

SCOPE = "statistics"
#: The longest query, every character of it escaped, and room for the rest.
BODY_LIMIT = 128 * 1024

routes = Blueprint(__name__)


def _error(error: RingledgerError) -> Answer:
    """The channel's envelope; an unknown token in the address has the older protocol's own shape."""
    if isinstance(error, TokenNotFound):
        return edge.json_answer({"error_code": 1404, "error_message": error.message}, error.status)
    return edge.json_answer({"success": False, "error": error.message, "data": None}, error.status)


@edge.route(routes, "/api/token/v1/{token}", methods=("POST",), errors=_error, body_limit=BODY_LIMIT)
def by_address(request: Request, notes: Notes) -> Answer:
    """Answer a request of the integration whose token is in the address."""
    if authentication.authenticate(request.path["token"], SCOPE, notes) is None:
        raise TokenNotFound
    return _answer(request, notes)


@edge.route(routes, "/statistics", methods=("POST",), errors=_error, body_limit=BODY_LIMIT)
def by_bearer(request: Request, notes: Notes) -> Answer:
    """Answer a request of the integration whose token is in the Authorization header."""
    if authentication.authenticate(authentication.bearer(request), SCOPE, notes) is None:
        raise Unauthenticated("The token is unknown or revoked", headers={"WWW-Authenticate": "Bearer"})
    return _answer(request, notes)


def _answer(request: Request, notes: Notes) -> Answer:
    current = settings.current()
    answer = channel.answer(request.body, request.id, current, notes)
    if isinstance(answer, Stored):
        notes["stored"] = answer.key
        location = objects.link(current.bucket, answer.key, current.spill_expires)
        return Answer("", 303, {"Location": location})
    return Answer(answer)
