"""`execsvcscript`, `execsvcscriptplain` and the scripts of `download/byscript`: starts scripts and waits for them."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.errors import Unavailable
from chalicelib.oktell import answers, running, scripts
from chalicelib.oktell.refusals import NotConnected, NotFound
from chalicelib.oktell.request import SHOWN, Command, CommandRequest
from chalicelib.platform import functions

#: The longest wait, in seconds. API Gateway gives up after 29 seconds.
LONGEST_WAIT = 25
PARAMETERS = tuple(f"startparam{number}" for number in range(1, 6))

_SUCCESS = {"value": "1", "name": "success"}
_RESULT = {"value": "0", "name": "success"}
#: The error code of an unknown script. Oktell's own codes are not published.
_NO_SCRIPT = ({"value": "0", "name": "error"}, {"value": "1", "name": "error"})


class ScriptResult(NamedTuple):
    """The result of a command: is there such a script, and its value. The value is None if it runs on or has failed."""

    known: bool
    value: str | None = None


def exec_xml(request: CommandRequest) -> Answer:
    """Run a script and return its value in XML. Raise as `run` does."""
    script_result = run(request)
    started, result = (_SUCCESS, _RESULT) if script_result.known else _NO_SCRIPT
    simple = [{"key": "started", **started}, {"key": "startresult", **result}]
    if script_result.value is not None:
        simple.append({"key": "returnvalue", "name": script_result.value})
    return answers.mapped("result", {"name": "execsvcscript"}, simple)


def exec_plain(request: CommandRequest) -> Answer:
    """Run a script and return its value as text. Raise NotFound for an unknown script, and as `run` does."""
    result = run(request)
    if not result.known:
        raise NotFound(f"There is no script {request.text('name')[:SHOWN]!r}")
    return answers.plain(result.value or "")


def path(request: CommandRequest) -> str:
    """Run a script for a file and return the file's key. Raise NotFound for an unknown script.

    Raise Unavailable if it returned nothing in time, and as `run` does.
    """
    result = run(request, wants_file=True)
    if not result.known:
        raise NotFound(f"There is no script {request.text('name')[:SHOWN]!r}")
    if result.value is None:
        raise Unavailable("The script returned no file in time")
    return result.value


def run(request: CommandRequest, *, wants_file: bool = False) -> ScriptResult:
    """Start the script in `name`. Unless `async=1`, wait for it for at most `timeout` seconds; then it runs on.

    Raise InvalidParameter, NotConnected if SCRIPTS_FUNCTION is not set, and Unavailable.
    """
    name = request.required("name")
    function = request.settings.scripts_function
    if not function:
        raise NotConnected("SCRIPTS_FUNCTION is not set: it is the name of the Lambda function that runs scripts")
    if not (scripts.find(name) or running.remote(name, request.settings)):
        return ScriptResult(known=False)
    event: dict[str, Any] = {
        "script": name,
        "run": str(uuid4()),
        "parameters": [request.text(parameter) for parameter in PARAMETERS],
        "integration": request.integration,
        "wants_file": wants_file,
    }
    request.notes.update(script=name, run=event["run"])
    wait = min(request.whole("timeout", LONGEST_WAIT), LONGEST_WAIT)
    if (request.flag("async") and not wants_file) or wait == 0:
        functions.start(function, event)
        return ScriptResult(known=True)
    return ScriptResult(known=True, value=_value(request, event, wait))


def _value(request: CommandRequest, event: dict[str, Any], wait: int) -> str | None:
    try:
        answer = functions.invoke(request.settings.scripts_function, event, wait)
    except functions.StillRunning as waited:
        request.notes["outcome_of_script"] = waited.code
        return None
    except functions.FunctionFailed as fault:
        request.notes["outcome_of_script"] = fault.message
        return None
    request.notes["outcome_of_script"] = answer["outcome"]
    value: str | None = answer["value"]
    return value


COMMANDS: dict[str, Command] = {"execsvcscript": exec_xml, "execsvcscriptplain": exec_plain}
