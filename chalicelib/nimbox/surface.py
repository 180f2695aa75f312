"""NiMbox's phone-call service over HTTP, answered as its scripts expect: documented errors come with status 200 too."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.authentication import callers
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import Forbidden, RingledgerError
from chalicelib.nimbox import phonecalls
from chalicelib.nimbox.parameters import BadParameters, Clock, period, phonecall
from chalicelib.platform import configuration, postgres
from chalicelib.settings import Settings

SCOPE = "nimbox"
METHODS = ("GET", "POST")
BODY_LIMIT = 64 * 1024

routes = Blueprint(__name__)


def _error(error: RingledgerError) -> Answer:
    """The service's envelope: faults by parameter; what is nobody's parameter keeps its own status and says why."""
    if isinstance(error, BadParameters):
        return edge.json_answer({"error": True, "errors": error.faults}, error.status)
    return edge.json_answer({"error": True, "errors": {}, "message": error.message}, error.status)


@edge.route(routes, "/direct/items/phonecalls/create", methods=METHODS, errors=_error, body_limit=BODY_LIMIT)
def create(request: Request, notes: Notes) -> Answer:
    """Attach a phone call to the contact that it went to; one that is there already stays as it is."""
    current = configuration.current()
    _authenticate(request, notes)
    call = phonecall(request.parameters, _clock(current))
    writer = postgres.connection(current.writer_database_url)
    created = phonecalls.create(writer, call, new_contacts=current.nimbox_new_contacts)
    notes["phonecall"] = created.phonecall
    return edge.json_answer({"error": False, "contactId": created.contact, "phonecallId": created.phonecall})


@edge.route(routes, "/direct/items/phonecalls/delete", methods=METHODS, errors=_error, body_limit=BODY_LIMIT)
def delete(request: Request, notes: Notes) -> Answer:
    """Delete the phone calls of the days between two dates."""
    current = configuration.current()
    _authenticate(request, notes)
    since, until = period(request.parameters, _clock(current))
    count = phonecalls.delete(postgres.connection(current.writer_database_url), since, until)
    notes["deleted"] = count
    return edge.json_answer({"count": count, "error": False})


def _authenticate(request: Request, notes: Notes) -> None:
    try:
        value = request.form_value("token") or request.query.get("token", "")
        token = callers.authenticate(value, SCOPE, notes)
    except Forbidden as error:
        raise BadParameters({"token": error.message}) from None
    if token is None:
        raise BadParameters({"token": "is missing, unknown or revoked"})


def _clock(current: Settings) -> Clock:
    return Clock(current.site_zone, current.nimbox_z_is_local)
