"""The HTTP interface of an Oktell server, at the root of the API: it authenticates callers and routes commands."""

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
from chalicelib.oktell.refusals import Denied, InvalidParameter, NoSuchPath
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.platform import configuration

SCOPE = "oktell"
#: The longest body with files, which is API Gateway's own limit, and the longest body of any other command. In bytes.
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
    """Return the message as text. A refused password gets the documented words only.

    A path that is no command may be meant for any surface, so its answer has the common shape.
    """
    if isinstance(error, NoSuchPath):
        return edge.plain_error(error)
    return answers.plain(Denied().message if error.status == Denied.status else error.message, error.status)


def _serve(path: str) -> Callable[[edge.View], edge.View]:
    return edge.route(routes, path, methods=("GET", "POST"), errors=_error, body_limit=BODY_LIMIT)


@_serve("/{command}")
def command(http: Request, notes: Notes) -> Answer:
    """Answer a command. Names of commands and parameters are not case-sensitive."""
    _check_known(http.path["command"].lower() in COMMANDS)
    request = _authenticated(http, notes)
    notes["command"] = request.command
    return COMMANDS[request.command](request)


@_serve("/{command}/{kind}")
def download(http: Request, notes: Notes) -> Answer:
    """Answer `download/byscript`."""
    kind = http.path["kind"].lower()
    _check_known(http.path["command"].lower() == "download" and kind in files.UNCODED)
    request = _authenticated(http, notes)
    notes["command"] = f"download/{kind}"
    return files.UNCODED[kind](request)


@_serve("/{command}/{kind}/{code}")
def download_by_code(http: Request, notes: Notes) -> Answer:
    """Answer `download/rec/…` and `download/fax/…`."""
    kind = http.path["kind"].lower()
    _check_known(http.path["command"].lower() == "download" and kind in files.CODED)
    request = _authenticated(http, notes)
    notes["command"] = f"download/{kind}"
    return files.CODED[kind](request, http.path["code"])


def _check_known(known: bool) -> None:  # noqa: FBT001 - the result of a look-up
    """Raise NoSuchPath unless the path is a command: it is as unknown to callers with a password as to others."""
    if not known:
        raise NoSuchPath


def _authenticated(http: Request, notes: Notes) -> CommandRequest:
    """Return the command and its parameters. Authenticate the caller before the body is parsed.

    Raise Denied if no password is valid, and TooLarge.
    """
    name = http.path["command"].lower()
    multipart_form = name == "upload" and http.method == "POST"
    _check_size(http, takes_files=name == "upload")
    current = configuration.current()
    integration = "anybody"
    if current.oktell_password_required:
        integration = _integration(passwords(http, multipart_form=multipart_form), notes)
    parameters = {**http.parameters, **(_fields(http) if multipart_form else {})}
    lowered = {key.lower(): value for key, value in parameters.items() if key.lower() != "password"}
    return CommandRequest(name, lowered, http, integration, current, notes)


def _check_size(http: Request, *, takes_files: bool) -> None:
    is_file = takes_files and not edge.is_form(http.headers.get("content-type", ""))
    if not is_file and len(http.body) > FORM_LIMIT:
        raise TooLarge(f"The body is {len(http.body)} bytes long; this command takes {FORM_LIMIT}")


def passwords(http: Request, *, multipart_form: bool) -> Iterator[str]:
    """Yield the passwords of a request, those that need no parsing of the body first."""
    yield {name.lower(): value for name, value in http.query.items()}.get("password", "")
    yield _basic(http.headers)
    yield http.form_value("password", any_case=True)
    if multipart_form:
        yield _fields(http).get("password", "")


def _fields(http: Request) -> Mapping[str, str]:
    try:
        return multipart.fields(http.headers.get("content-type", ""), http.body)
    except InvalidParameter:
        # The command `upload` explains this to a caller who may upload.
        return {}


def _integration(passwords: Iterable[str], notes: Notes) -> str:
    for password in passwords:
        token = callers.authenticate(password, SCOPE, notes) if password else None
        if token:
            return token.name
    raise Denied


def _basic(headers: Mapping[str, str]) -> str:
    """Return the password of HTTP Basic (RFC 7617), which newer Oktell servers accept. The user name is ignored."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""
