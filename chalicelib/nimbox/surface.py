"""NiMbox's phone-call service over HTTP. Documented errors have status 200, as its scripts expect."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import edge, metrics
from chalicelib.authentication import callers
from chalicelib.authentication.tokens import Token
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import Forbidden, RingledgerError
from chalicelib.nimbox import phonecalls, rejections
from chalicelib.nimbox.parameters import BadParameters, Clock, period, phonecall
from chalicelib.platform import configuration, postgres
from chalicelib.settings import Settings

SCOPE = "nimbox"
METHODS = ("GET", "POST")
BODY_LIMIT = 64 * 1024

routes = Blueprint(__name__)


def _error(error: RingledgerError) -> Answer:
    """Return the service's envelope: errors by parameter, or a message and a status for other errors."""
    if isinstance(error, BadParameters):
        return edge.json_answer({"error": True, "errors": error.faults}, error.status)
    return edge.json_answer({"error": True, "errors": {}, "message": error.message}, error.status)


@edge.route(routes, "/direct/items/phonecalls/create", methods=METHODS, errors=_error, body_limit=BODY_LIMIT)
def create(request: Request, notes: Notes) -> Answer:
    """Store a phone call for the contact of its destination. A call that exists already stays as it is."""
    current = configuration.current()
    token = _authenticate(request, notes)
    writer = postgres.connection(current.writer_database_url)
    try:
        created = phonecalls.create(
            writer,
            phonecall(request.parameters, _clock(current)),
            token.name,
            new_contacts=current.nimbox_new_contacts,
            rejection=rejections.key(request.parameters),
        )
    except BadParameters as error:
        rejections.keep(writer, token.name, request.parameters, error)
        raise
    notes["phonecall"] = created.phonecall
    return edge.json_answer({"error": False, "contactId": created.contact, "phonecallId": created.phonecall})


@edge.route(routes, "/direct/items/phonecalls/delete", methods=METHODS, errors=_error, body_limit=BODY_LIMIT)
def delete(request: Request, notes: Notes) -> Answer:
    """Delete the token's own phone calls of the days between two dates, which are exclusive."""
    current = configuration.current()
    token = _authenticate(request, notes)
    since, until = period(request.parameters, _clock(current))
    deleted = phonecalls.delete(postgres.connection(current.writer_database_url), token.name, since, until)
    notes.update(deleted=deleted.calls, since=since.isoformat(), until=until.isoformat(), unusual=deleted.unusual)
    metrics.publish("nimbox", {"phonecalls_deleted": deleted.calls, "unusual_deletions": int(deleted.unusual)})
    return edge.json_answer({"count": deleted.calls, "error": False})


def _authenticate(request: Request, notes: Notes) -> Token:
    try:
        value = request.form_value("token") or request.query.get("token", "")
        token = callers.authenticate(value, SCOPE, notes, request.source)
    except Forbidden as error:
        raise BadParameters({"token": error.message}) from None
    if token is None:
        raise BadParameters({"token": "is missing, unknown or revoked" + _unread(request)})
    return token


def _unread(request: Request) -> str:
    """Return the remark that a body of another type than a form is not read."""
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or not request.body or edge.is_form(kind):
        return ""
    return "; parameters are read from the address and from forms (application/x-www-form-urlencoded)"


def _clock(current: Settings) -> Clock:
    return Clock(current.site_zone, current.nimbox_z_is_local)
