"""The operations of `oktell`: one route answers all commands, so each command is declared with its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from pydantic import AliasChoices

from chalicelib.oktell.command_parameters import (
    CallParameters,
    DetailParameters,
    FaxLinksParameters,
    FlashParameters,
    LineParameters,
    NumberParameters,
    Parameters,
    RecordCodeParameters,
    RecordLinkParameters,
    RequiredDetailParameters,
    RunParameters,
    ScriptParameters,
    StateParameters,
    UploadParameters,
    UserParameters,
)
from chalicelib.oktell.order_reports import OrderAccepted, OrderReport
from infra.openapi.declarations import (
    INTERNAL,
    JSON,
    LOCATION,
    RETRY_AFTER,
    TEXT,
    UNAVAILABLE,
    XML,
    Content,
    Operation,
    Parameter,
    Response,
    Surface,
    problem,
)
from infra.openapi.security import BASIC, BEARER, PASSWORD

_TEXT: Content = {TEXT: {"type": "string"}}
_XML: Content = {XML: {"type": "string"}}
_JSON: Content = {JSON: {"type": "object"}}


class _Command(NamedTuple):
    """A command: its path below the root, its meaning, its answer and its parameters, beside a code in the path."""

    path: str
    summary: str
    content: Content
    parameters: type[Parameters] = Parameters
    route: str = "/{command}"


_COMMANDS = (
    _Command("execsvcscript", "Run a service script", _XML, ScriptParameters),
    _Command("execsvcscriptplain", "Run a service script, and answer its value as text", _TEXT, ScriptParameters),
    _Command(
        "execsvcscriptresult",
        "The value of an earlier run of a script; Ringledger's own",
        {**_XML, **_TEXT},
        RunParameters,
    ),
    _Command("tst_getuserstate", "State of a user", _XML, UserParameters),
    _Command("tst_getintnumberreadyusers", "Free and busy users of a number", _XML, NumberParameters),
    _Command("wp_getchaincontent", "The live call of a line", _JSON, LineParameters),
    _Command("wp_getabonentinfo", "The other end of a line's call", _JSON, LineParameters),
    _Command("wp_setuserstate", "Change the state of a user", _TEXT, StateParameters),
    _Command("wp_autocallstart", "Call a number for a line", _TEXT, CallParameters),
    _Command("wp_switchcall", "Transfer the call of a line", _TEXT, CallParameters),
    _Command("wp_autocallstop", "Stop the automatic call of a line", _TEXT, LineParameters),
    _Command("wp_declinecall", "Decline the ringing call of a line", _TEXT, LineParameters),
    _Command("wp_flash", "Hold the other end, or return to it", _TEXT, FlashParameters),
    _Command("getrecordlink", "The code of a call's recording; Ringledger's own", _JSON, RecordLinkParameters),
    _Command("getfaxlinks", "The codes of the newest faxes; Ringledger's own", _JSON, FaxLinksParameters),
    _Command("downloadrecordbylink", "The recording of a code", {}, RecordCodeParameters),
    _Command("download/rec/{code}", "The recording of a code", {}, route="/{command}/{kind}/{code}"),
    _Command("download/fax/{code}", "The fax of a code", {}, route="/{command}/{kind}/{code}"),
    _Command("download/byscript", "The file that a script names", {}, ScriptParameters, "/{command}/{kind}"),
    _Command("getlicensefulltext", "The licence as text", _TEXT),
    _Command("getlicensefullxml", "The licence as XML, or one detail as text", {**_XML, **_TEXT}, DetailParameters),
    _Command("getlicenseinfo", "One detail of the licence", _TEXT, RequiredDetailParameters),
    _Command("upload", "Store files", _XML, UploadParameters),
)
_ERRORS = {
    400: Response("A parameter has an invalid value.", _TEXT),
    403: Response(
        "`403 Forbidden`: no valid password, or a token without the scope `oktell`. Other words: the token may not run "
        "this script or get codes.",
        _TEXT,
    ),
    404: Response("There is no such command, script, user, line or file.", _TEXT),
    413: Response("The body is larger than this command takes.", _TEXT),
    500: Response("An internal error, or a script that failed.", _TEXT),
    501: Response("No connector can carry out this command.", _TEXT),
    502: Response("The PBX refused the command.", _TEXT),
    503: Response("A service that the answer needs is away.", _TEXT, RETRY_AFTER),
}
_FILES: Content = {"multipart/form-data": {"type": "object"}, "application/octet-stream": {"type": "string"}}

_FILE = {
    200: Response("The address of the file, for `redirect=0`.", _TEXT),
    302: Response("The file.", {}, LOCATION),
}
_CODE = Parameter("code", "the code", place="path")
_REDIRECT = Parameter(
    "redirect", "0 answers the address of the file instead of redirecting to it", {"enum": ["0", "1"]}
)


def _parameters(command: _Command) -> Iterator[Parameter]:
    """Yield the parameters of a command. A form can carry those of `POST`, so the address need not have any."""
    if "{code}" in command.path:
        yield _CODE
    for name, described in command.parameters.model_json_schema()["properties"].items():
        schema = {key: value for key, value in described.items() if key in {"type", "enum", "pattern"}}
        (example,) = described.get("examples", [None])
        yield Parameter(name, described["description"], schema, example=example)
    for field in command.parameters.model_fields.values():
        names = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
        for alias in names[1:]:
            yield Parameter(str(alias), f"as `{names[0]}`")
    if not command.content:
        yield _REDIRECT


def _operation(method: str, command: _Command) -> Operation:
    done = {200: Response("The answer.", command.content)} if command.content else _FILE
    return Operation(
        method,
        f"/{command.path}",
        command.summary,
        {**done, **_ERRORS},
        parameters=tuple(_parameters(command)),
        body=_FILES if method == "POST" and command.path == "upload" else {},
        security=(PASSWORD, BASIC),
        route=command.route,
    )


_REPORT = Operation(
    "POST",
    "/call-orders/{order}",
    "Report of an agent program about a call order; Ringledger's own",
    {
        200: Response("The report is stored.", {JSON: OrderAccepted}),
        400: problem("The report or the id is not of the documented shape."),
        401: problem("No token, or an unknown one."),
        403: problem("The token lacks the scope `control`."),
        409: problem("The order is not open to this agent program: it must not carry it out."),
        413: problem("The report is too long."),
        500: INTERNAL,
        503: UNAVAILABLE,
    },
    parameters=(Parameter("order", "the id of the order", UUID, place="path"),),
    body={JSON: OrderReport},
    security=(BEARER,),
)

SURFACE = Surface(
    "oktell",
    "The HTTP interface of an Oktell server, at the root. Names of commands and parameters have any case, and a form "
    "can carry the parameters of `POST`.",
    (*(_operation(method, command) for command in _COMMANDS for method in ("GET", "POST")), _REPORT),
)
