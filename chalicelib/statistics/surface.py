"""The statistics channel over HTTP, with the token in the address or as a Bearer token."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.authentication import callers
from chalicelib.authentication.tokens import Token
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError, TokenNotFound, Unauthenticated
from chalicelib.platform import configuration, objects
from chalicelib.settings import Settings
from chalicelib.statistics import channel, reference, report_actions, report_files, schema
from chalicelib.statistics.answer import StoredAnswer, Unchanged
from chalicelib.statistics.context import REPORTS, STATISTICS, AnyAnswer, Context

#: Bytes: room for the longest query with every character escaped, and for the rest of the request.
BODY_LIMIT = 128 * 1024

routes = Blueprint(__name__)


def _error(error: RingledgerError) -> Answer:
    """Return the channel's envelope. An unknown token in the address gets the shape of the older protocol."""
    if isinstance(error, TokenNotFound):
        return edge.json_answer({"error_code": 1404, "error_message": error.message}, error.status)
    return edge.json_answer({"success": False, "error": error.message, "data": None}, error.status)


@edge.route(routes, "/api/token/v1/{token}", methods=("POST",), errors=_error, body_limit=BODY_LIMIT)
def by_address(request: Request, notes: Notes) -> Answer:
    """Answer a request of the integration whose token is in the address."""
    token = callers.authenticate(request.path["token"], STATISTICS, notes, request.source, or_scope=REPORTS)
    if token is None:
        raise TokenNotFound
    context = _context(request, notes, token)
    return _answer(request, channel.answer(request.body, context), context)


@edge.route(routes, "/statistics", methods=("POST",), errors=_error, body_limit=BODY_LIMIT)
def by_bearer(request: Request, notes: Notes) -> Answer:
    """Answer a request of the integration whose token is in the Authorization header."""
    token = callers.authenticate(callers.bearer(request), STATISTICS, notes, request.source, or_scope=REPORTS)
    if token is None:
        raise _unknown()
    context = replace(_context(request, notes, token), protocol_beginnings=False)
    return _answer(request, channel.answer(request.body, context), context)


@edge.route(routes, "/token", methods=edge.READ)
def own_token(request: Request, notes: Notes) -> Answer:
    """Tell the holder of a token its name and its scopes, so that a page offers only what the token may do."""
    token = callers.identify(callers.bearer(request), notes, request.source)
    if token is None:
        raise _unknown()
    return edge.json_answer({"name": token.name, "scopes": token.scopes})


@edge.route(routes, "/statistics/functions", methods=edge.READ, errors=_error)
def functions(_request: Request, _notes: Notes) -> Answer:
    """Return what a query may use. Refusals name this page."""
    return edge.json_answer(reference.reference())


@edge.route(routes, "/statistics/schema", methods=edge.READ, errors=_error)
def described_schema(request: Request, _notes: Notes) -> Answer:
    """Return the tables and what a query may use, for a client of any kind."""
    content = edge.json_answer(schema.described(configuration.current()))
    etag = f'W/"{hashlib.sha256(str(content.body).encode()).hexdigest()[:32]}"'
    if edge.is_current(request, etag):
        return Answer("", 304, _validator(etag))
    return content._replace(headers=_validator(etag))


@edge.route(routes, "/reports", methods=edge.READ, errors=_error)
def listed_reports(request: Request, notes: Notes) -> Answer:
    """Return the reports with their parameters."""
    context = _reader_context(request, notes)
    return _answer(request, report_actions.listing({}, context), context)


@edge.route(routes, "/reports/{file}", methods=edge.READ, errors=_error)
def report(request: Request, notes: Notes) -> Answer:
    """Run a report and return its rows in the format of the address's ending."""
    context = _reader_context(request, notes)
    report_files.check_once(request.query_string)
    return _answer(request, report_files.answer(request.path["file"], request.query, context), context)


def _unknown() -> Unauthenticated:
    return Unauthenticated("The token is unknown or revoked", headers={"WWW-Authenticate": "Bearer"})


def _reader_context(request: Request, notes: Notes) -> Context:
    token = callers.authenticate(callers.address_or_header(request), STATISTICS, notes, request.source)
    if token is None:
        raise callers.refusal()
    return _context(request, notes, token)


def _context(request: Request, notes: Notes, token: Token) -> Context:
    gzip = _accepts_gzip(request.headers.get("accept-encoding", ""))
    known = partial(edge.is_current, request)
    return Context(
        request.id, configuration.current(), notes, gzip=gzip, is_current=known, scopes=token.scopes,
        integration=token.name,
    )  # fmt: skip


def _answer(request: Request, answer: AnyAnswer, context: Context) -> Answer:
    if isinstance(answer, StoredAnswer):
        context.notes["stored"] = answer.key
        return _stored(request, answer, context.settings)
    if isinstance(answer, Unchanged):
        return Answer("", 304, _validator(answer.etag))
    headers = {"Content-Type": answer.content_type, "Vary": "Origin, Accept-Encoding", **_validator(answer.etag)}
    if isinstance(answer.body, bytes):
        headers["Content-Encoding"] = "gzip"
    return Answer(answer.body, headers=headers)


def _validator(etag: str) -> dict[str, str]:
    """Return the headers by which a client keeps an answer and asks whether it is still the same."""
    return {"ETag": etag, "Cache-Control": "private, no-cache"} if etag else {}


def _stored(request: Request, answer: StoredAnswer, current: Settings) -> Answer:
    """Redirect to an answer in S3, or describe it."""
    location = objects.link(current.bucket, answer.key, current.spill_expires)
    # No cache keeps the redirect, since its address expires. The client itself may keep the ETag with the rows.
    etag = {"ETag": answer.etag} if answer.etag else {}
    if edge.wants_redirect(request):
        return Answer("", 303, {"Location": location, "Content-Type": answer.content_type, **etag})
    place = {"location": location, "size": answer.size, "type": answer.content_type, "expires": current.spill_expires}
    return edge.json_answer({"success": True, "error": None, "data": None, **place}, headers=etag)


def _accepts_gzip(accepted: str) -> bool:
    """Tell whether `Accept-Encoding` names gzip with a weight above zero (RFC 9110 section 12.5.3)."""
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() == "gzip":
            return weight.strip().removeprefix("q=").rstrip("0.") != "" if weight else True
    return False
