"""`execsvcscript`, `execsvcscriptplain` and `download/byscript`: start a script, and wait for it unless told not to."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.errors import Unavailable
from chalicelib.oktell import answers, running, scripts
from chalicelib.oktell.asked import SHOWN, Asked, Command
from chalicelib.oktell.refusals import NotConnected, Unknown
from chalicelib.platform import functions

#: The longest wait, in seconds. API Gateway gives up after 29.
LONGEST_WAIT = 25
PARAMETERS = tuple(f"startparam{number}" for number in range(1, 6))

_SUCCESS = {"value": "1", "name": "success"}
_RESULT = {"value": "0", "name": "success"}
#: Oktell does not document the number for an unknown script, so this one is Ringledger's.
_NO_SCRIPT = ({"value": "0", "name": "error"}, {"value": "1", "name": "error"})


class ScriptResult(NamedTuple):
    """The result of a script: if it exists, and its value, which is None if it is still running or has failed."""

    known: bool
    value: str | None = None


def exec_xml(asked: Asked) -> Answer:
    """Run a script and return its value in XML."""
    script_result = run(asked)
    started, result = (_SUCCESS, _RESULT) if script_result.known else _NO_SCRIPT
    simple = [{"key": "started", **started}, {"key": "startresult", **result}]
    if script_result.value is not None:
        simple.append({"key": "returnvalue", "name": script_result.value})
    return answers.mapped("result", {"name": "execsvcscript"}, simple)


def exec_plain(asked: Asked) -> Answer:
    """Run a script and return its value as text. Raise Unknown."""
    script_result = run(asked)
    if not script_result.known:
        raise Unknown(f"There is no script {asked.text('name')[:SHOWN]!r}")
    return answers.plain(script_result.value or "")


def path(asked: Asked) -> str:
    """Run a script for a file and return the file's key. Raise Unknown, and Unavailable if it does not end in time."""
    script_result = run(asked, wants_file=True)
    if not script_result.known:
        raise Unknown(f"There is no script {asked.text('name')[:SHOWN]!r}")
    if script_result.value is None:
        raise Unavailable("The script named no file in time")
    return script_result.value


def run(asked: Asked, *, wants_file: bool = False) -> ScriptResult:
    """Start the script `name`, and wait up to `timeout` seconds unless `async=1`. The script continues after the wait.

    Raise Wrong, NotConnected if no function runs scripts, and Unavailable.
    """
    name = asked.required("name")
    function = asked.settings.scripts_function
    if not function:
        raise NotConnected("SCRIPTS_FUNCTION is not set: it is the name of the Lambda function that runs scripts")
    if not (scripts.find(name) or running.remote(name, asked.settings)):
        return ScriptResult(known=False)
    event: dict[str, Any] = {
        "script": name,
        "run": str(uuid4()),
        "parameters": [asked.text(parameter) for parameter in PARAMETERS],
        "integration": asked.integration,
        "wants_file": wants_file,
    }
    asked.notes.update(script=name, run=event["run"])
    wait = min(asked.whole("timeout", LONGEST_WAIT), LONGEST_WAIT)
    if (asked.flag("async") and not wants_file) or wait == 0:
        functions.start(function, event)
        return ScriptResult(known=True)
    return ScriptResult(known=True, value=_value(asked, event, wait))


def _value(asked: Asked, event: dict[str, Any], wait: int) -> str | None:
    try:
        answer = functions.invoke(asked.settings.scripts_function, event, wait)
    except functions.StillRunning as error:
        asked.notes["outcome_of_script"] = error.code
        return None
    except functions.FunctionFailed as error:
        asked.notes["outcome_of_script"] = error.message
        return None
    asked.notes["outcome_of_script"] = answer["outcome"]
    value: str | None = answer["value"]
    return value


COMMANDS: dict[str, Command] = {"execsvcscript": exec_xml, "execsvcscriptplain": exec_plain}
