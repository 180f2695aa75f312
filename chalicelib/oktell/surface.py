"""The HTTP interface of an Oktell server at the root of the API: authenticate a request and run its command."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.authentication import callers
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError, TooLarge
from chalicelib.oktell import (
    answers,
    availability,
    chains,
    control,
    files,
    licence,
    modes,
    multipart,
    scripting,
    uploads,
)
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.refusals import Denied, Unknown, Wrong
from chalicelib.platform import configuration

SCOPE = "oktell"
#: The largest body that API Gateway passes on, and the largest body without files, in bytes.
BODY_LIMIT = 10 * 1024 * 1024
FORM_LIMIT = 512 * 1024

COMMANDS: dict[str, Command] = {
    **scripting.COMMANDS,
    **availability.COMMANDS,
    **chains.COMMANDS,
    **modes.COMMANDS,
    **control.COMMANDS,
    **files.COMMANDS,
    **uploads.COMMANDS,
    **licence.COMMANDS,
}

routes = Blueprint(__name__)


def _error(error: RingledgerError) -> Answer:
    """Return the error as text. A refused password gets only the documented words."""
    return answers.plain(Denied().message if error.status == Denied.status else error.message, error.status)


def _serve(path: str) -> Callable[[edge.View], edge.View]:
    return edge.route(routes, path, methods=("GET", "POST"), errors=_error, body_limit=BODY_LIMIT)


@_serve("/{command}")
def command(request: Request, notes: Notes) -> Answer:
    """Answer a command. Names of commands and parameters have any case of letters."""
    asked = _asked(request, notes)
    if asked.command not in COMMANDS:
        raise Unknown("There is no such command")
    notes["command"] = asked.command
    return COMMANDS[asked.command](asked)


@_serve("/{command}/{kind}")
def download(request: Request, notes: Notes) -> Answer:
    """Answer `download/byscript`."""
    asked, kind = _asked(request, notes), request.path["kind"].lower()
    if asked.command != "download" or kind not in files.UNCODED:
        raise Unknown("There is no such command")
    notes["command"] = f"download/{kind}"
    return files.UNCODED[kind](asked)


@_serve("/{command}/{kind}/{code}")
def download_by_code(request: Request, notes: Notes) -> Answer:
    """Answer `download/rec/…` and `download/fax/…`."""
    asked, kind = _asked(request, notes), request.path["kind"].lower()
    if asked.command != "download" or kind not in files.CODED:
        raise Unknown("There is no such command")
    notes["command"] = f"download/{kind}"
    return files.CODED[kind](asked, request.path["code"])


def _asked(request: Request, notes: Notes) -> Asked:
    """Return the command and its parameters. The caller is authenticated before the body is parsed.

    Raise Denied if no password is valid, and TooLarge.
    """
    named = request.path["command"].lower()
    multipart_form = named == "upload" and request.method == "POST"
    _check_size(request, takes_files=named == "upload")
    current = configuration.current()
    integration = "anybody"
    if current.oktell_password_required:
        integration = _integration(passwords(request, multipart_form=multipart_form), notes)
    parameters = {**request.parameters, **(_fields(request) if multipart_form else {})}
    lowered = {name.lower(): value for name, value in parameters.items() if name.lower() != "password"}
    return Asked(named, lowered, request, integration, current, notes)


def _check_size(request: Request, *, takes_files: bool) -> None:
    is_file = takes_files and not edge.is_form(request.headers.get("content-type", ""))
    if not is_file and len(request.body) > FORM_LIMIT:
        raise TooLarge(f"The body is {len(request.body)} bytes long; this command takes {FORM_LIMIT}")


def passwords(request: Request, *, multipart_form: bool) -> Iterator[str]:
    """Yield the passwords of a request, those that need no parsing of the body first."""
    yield {name.lower(): value for name, value in request.query.items()}.get("password", "")
    yield _basic(request.headers)
    yield request.form_value("password", any_case=True)
    if multipart_form:
        yield _fields(request).get("password", "")


def _fields(request: Request) -> Mapping[str, str]:
    try:
        return multipart.fields(request.headers.get("content-type", ""), request.body)
    except Wrong:
        # The command `upload` explains this to a caller who may upload.
        return {}


def _integration(passwords: Iterable[str], notes: Notes) -> str:
    for password in passwords:
        token = callers.authenticate(password, SCOPE, notes) if password else None
        if token:
            return token.name
    raise Denied


def _basic(headers: Mapping[str, str]) -> str:
    """Return the password of HTTP Basic (RFC 7617), which newer servers accept, for any user."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""
