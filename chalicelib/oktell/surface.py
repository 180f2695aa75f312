"""The HTTP interface of an Oktell server, at the root of the API: it authenticates callers and routes commands."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.authentication import callers, networks
from chalicelib.authentication.tokens import Token
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import Forbidden, RingledgerError, TooLarge
from chalicelib.oktell import (
    answers,
    availability,
    chains,
    codes,
    control,
    encodings,
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
#: The longest report of an agent program, in bytes.
REPORT_LIMIT = 8_192
#: The caller's name where OKTELL_PASSWORD_REQUIRED is off.
OPEN = "anybody"
PASSWORD = frozenset({"password"})

COMMANDS: dict[str, Command] = {
    **scripting.COMMANDS,
    **availability.COMMANDS,
    **chains.COMMANDS,
    **modes.COMMANDS,
    **control.COMMANDS,
    **files.COMMANDS,
    **codes.COMMANDS,
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
    refused = isinstance(error, Denied | Forbidden)
    return answers.plain(Denied().message if refused else error.message, error.status)


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


@edge.route(routes, "/call-orders/{order}", methods=("POST",), body_limit=REPORT_LIMIT)
def report_order(http: Request, notes: Notes) -> Answer:
    """Store the report of an agent program about a call order."""
    from chalicelib.oktell import order_reports  # noqa: PLC0415 - the models take long to import, and no client waits

    return order_reports.answer(http, notes)


def _check_known(known: bool) -> None:  # noqa: FBT001 - the result of a look-up
    """Raise NoSuchPath unless the path is a command: it is as unknown to callers with a password as to others."""
    if not known:
        raise NoSuchPath


def _authenticated(http: Request, notes: Notes) -> CommandRequest:
    """Return the command and its parameters. Authenticate the caller before the body is parsed.

    Raise Denied if no password is valid, and TooLarge.
    """
    name = http.path["command"].lower()
    _check_size(http, takes_files=name == "upload")
    current = configuration.current()
    token = None
    if current.oktell_password_required or not networks.holds(current.oktell_networks, http.source):
        token = _token(passwords(http), notes, http.source)
    # The fields of an upload are few. Any other part of it is a file, whatever its form is.
    parameters = {**encodings.parameters(http), **_fields(http, multipart.FIELDS if name == "upload" else None)}
    lowered = {key.lower(): value for key, value in parameters.items() if key.lower() != "password"}
    return CommandRequest(name, lowered, http, token.name if token else OPEN, current, notes, token)


def _check_size(http: Request, *, takes_files: bool) -> None:
    is_file = takes_files and not edge.is_form(http.headers.get("content-type", ""))
    if not is_file and len(http.body) > FORM_LIMIT:
        raise TooLarge(f"The body is {len(http.body)} bytes long; this command takes {FORM_LIMIT}")


def passwords(http: Request) -> Iterator[str]:
    """Yield the passwords of a request, those that need no parsing of the body first."""
    yield {name.lower(): value for name, value in http.query.items()}.get("password", "")
    yield _basic(http.headers)
    yield http.form_value("password", any_case=True)
    yield _fields(http, PASSWORD).get("password", "")


def _fields(http: Request, names: frozenset[str] | None) -> Mapping[str, str]:
    if http.method != "POST":
        return {}
    try:
        return multipart.fields(http.headers.get("content-type", ""), http.body, names)
    except InvalidParameter:
        # The command `upload` explains this to a caller who may upload.
        return {}


def _token(passwords: Iterable[str], notes: Notes, source: str) -> Token:
    # The first password alone counts: each short one takes 15 ms of CPU time to check.
    password = next(filter(None, passwords), "")
    token = callers.authenticate(password, SCOPE, notes, source) if password else None
    if token is None:
        raise Denied
    return token


def _basic(headers: Mapping[str, str]) -> str:
    """Return the password of HTTP Basic (RFC 7617), which newer Oktell servers accept. The user name is ignored."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""
