"""The operations of `oktell`: one route answers all commands, so each command is declared with its parameters."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

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
_FLAG = {"enum": ["0", "1"]}
_LINE = (
    Parameter("line", "a GUID, login, line, number, work place or name of the user; `user` and `wp` take the same"),
    Parameter("user", "as `line`"),
    Parameter("wp", "as `line`"),
)
_SCRIPT = (
    Parameter("name", "the script", example="SvcScript1"),
    *(Parameter(f"startparam{number}", "a parameter of the script") for number in range(1, 6)),
    Parameter("async", "1 does not wait for the script", _FLAG),
    Parameter("timeout", "seconds to wait, 25 at most", {"type": "string", "pattern": "^[0-9]{1,18}$"}),
)
_CALL = (
    *_LINE,
    Parameter("number", "the number to call", example="+79214567892"),
    Parameter("direction", "an internal or an external number", {"enum": ["pbx", "city"]}),
    Parameter("sequence", "who is called first", {"enum": ["direct", "back"]}),
)


class _Command(NamedTuple):
    """A command: its path below the root, its meaning, its answer and its parameters."""

    path: str
    summary: str
    content: Content
    parameters: tuple[Parameter, ...] = ()
    route: str = "/{command}"


_COMMANDS = (
    _Command("execsvcscript", "Run a service script", _XML, _SCRIPT),
    _Command("execsvcscriptplain", "Run a service script, and answer its value as text", _TEXT, _SCRIPT),
    _Command(
        "execsvcscriptresult",
        "The value of an earlier run of a script; Ringledger's own",
        {**_XML, **_TEXT},
        (
            Parameter("run", "the id in the header X-Script-Run of the earlier answer"),
            Parameter("plain", "1 answers the value as text", _FLAG),
        ),
    ),
    _Command(
        "tst_getuserstate",
        "State of a user",
        _XML,
        (Parameter("iduser", "the user's GUID or name"), Parameter("number", "as `iduser`")),
    ),
    _Command(
        "tst_getintnumberreadyusers",
        "Free and busy users of a number",
        _XML,
        (Parameter("number", "an internal number", example="120"),),
    ),
    _Command("wp_getchaincontent", "The live call of a line", _JSON, _LINE),
    _Command("wp_getabonentinfo", "The other end of a line's call", _JSON, _LINE),
    _Command(
        "wp_setuserstate",
        "Change the state of a user",
        _TEXT,
        (
            *_LINE,
            Parameter("userstateid", "the number of the state"),
            *(Parameter(name, "a mode", _FLAG) for name in ("oncallcenter", "onredirect", "onlunch")),
            Parameter("lunchreasonid", "the reason of a break, a number"),
            Parameter("lunchreasonmsg", "the reason of a break, a text"),
        ),
    ),
    _Command("wp_autocallstart", "Call a number for a line", _TEXT, _CALL),
    _Command("wp_switchcall", "Transfer the call of a line", _TEXT, _CALL),
    _Command("wp_autocallstop", "Stop the automatic call of a line", _TEXT, _LINE),
    _Command("wp_declinecall", "Decline the ringing call of a line", _TEXT, _LINE),
    _Command(
        "wp_flash",
        "Hold the other end, or return to it",
        _TEXT,
        (*_LINE, Parameter("mode", "return to it", {"enum": ["abort"]})),
    ),
    _Command(
        "getrecordlink",
        "The code of a call's recording; Ringledger's own",
        _JSON,
        (
            Parameter("inviteid", "the id of a call in the tables"),
            Parameter("commutationid", "as `inviteid`, from wp_getchaincontent"),
            Parameter("chainid", "as `commutationid`"),
        ),
    ),
    _Command(
        "getfaxlinks",
        "The codes of the newest faxes; Ringledger's own",
        _JSON,
        (Parameter("since", "only faxes since this time", example="2026-11-21T04:40:57Z"),),
    ),
    _Command("downloadrecordbylink", "The recording of a code", {}, (Parameter("recordlink", "the code"),)),
    _Command(
        "download/rec/{code}",
        "The recording of a code",
        {},
        (Parameter("code", "the code", place="path"),),
        "/{command}/{kind}/{code}",
    ),
    _Command(
        "download/fax/{code}",
        "The fax of a code",
        {},
        (Parameter("code", "the code", place="path"),),
        "/{command}/{kind}/{code}",
    ),
    _Command("download/byscript", "The file that a script names", {}, _SCRIPT, "/{command}/{kind}"),
    _Command("getlicensefulltext", "The licence as text", _TEXT),
    _Command(
        "getlicensefullxml",
        "The licence as XML, or one detail as text",
        {**_XML, **_TEXT},
        (Parameter("detail", "the detail"),),
    ),
    _Command(
        "getlicenseinfo",
        "One detail of the licence",
        _TEXT,
        (Parameter("detail", "the detail", {"enum": ["regserial", "confirmdate", "updatelimitdate"]}),),
    ),
    _Command(
        "upload",
        "Store files",
        _XML,
        (
            Parameter("presigned", "1 asks for a form that takes a larger file", _FLAG),
            Parameter("name", "the name of the larger file"),
        ),
    ),
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
_REDIRECT = Parameter(
    "redirect", "0 answers the address of the file instead of redirecting to it", {"enum": ["0", "1"]}
)


def _operation(method: str, command: _Command) -> Operation:
    done = {200: Response("The answer.", command.content)} if command.content else _FILE
    return Operation(
        method,
        f"/{command.path}",
        command.summary,
        {**done, **_ERRORS},
        parameters=command.parameters if command.content else (*command.parameters, _REDIRECT),
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
