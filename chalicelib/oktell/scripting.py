"""`execsvcscript`, `execsvcscriptplain` and the scripts of `download/byscript`: begun, and waited for or not."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.errors import Unavailable
from chalicelib.oktell import answers, running, scripts
from chalicelib.oktell.asked import SHOWN, Asked, Command
from chalicelib.oktell.refusals import NotConnected, Unknown
from chalicelib.platform import functions

#: The longest wait, in seconds: the answer must leave before API Gateway gives up after 29.
LONGEST_WAIT = 25
PARAMETERS = tuple(f"startparam{number}" for number in range(1, 6))

_SUCCESS = {"value": "1", "name": "success"}
_RESULT = {"value": "0", "name": "success"}
#: The number for a script that does not exist is ours: Oktell's are not published.
_NO_SCRIPT = ({"value": "0", "name": "error"}, {"value": "1", "name": "error"})


class Ran(NamedTuple):
    """Whether there is such a script, and its value: None when it has none yet, or ended badly."""

    known: bool
    value: str | None = None


def exec_xml(asked: Asked) -> Answer:
    """Run a script; its value in XML."""
    ran = run(asked)
    started, result = (_SUCCESS, _RESULT) if ran.known else _NO_SCRIPT
    simple = [{"key": "started", **started}, {"key": "startresult", **result}]
    if ran.value is not None:
        simple.append({"key": "returnvalue", "name": ran.value})
    return answers.mapped("result", {"name": "execsvcscript"}, simple)


def exec_plain(asked: Asked) -> Answer:
    """Run a script; its value as it is. Raises Unknown."""
    ran = run(asked)
    if not ran.known:
        raise Unknown(f"There is no script {asked.text('name')[:SHOWN]!r}")
    return answers.plain(ran.value or "")


def path(asked: Asked) -> str:
    """What a script that is run for a file returns. Raises Unknown, and Unavailable when it has not ended in time."""
    ran = run(asked, wants_file=True)
    if not ran.known:
        raise Unknown(f"There is no script {asked.text('name')[:SHOWN]!r}")
    if ran.value is None:
        raise Unavailable("The script named no file in time")
    return ran.value


def run(asked: Asked, *, wants_file: bool = False) -> Ran:
    """Begin the script of `name`; wait for it unless `async=1`, at most `timeout` seconds. It goes on in any case.

    Raises Wrong, NotConnected when nothing runs scripts, and Unavailable.
    """
    name = asked.needed("name")
    function = asked.settings.scripts_function
    if not function:
        raise NotConnected("SCRIPTS_FUNCTION is not set: it is the name of the Lambda function that runs scripts")
    if not (scripts.find(name) or running.remote(name, asked.settings)):
        return Ran(known=False)
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
        return Ran(known=True)
    return Ran(known=True, value=_value(asked, event, wait))


def _value(asked: Asked, event: dict[str, Any], wait: int) -> str | None:
    try:
        answer = functions.invoke(asked.settings.scripts_function, event, wait)
    except functions.StillRunning as waited:
        asked.notes["outcome_of_script"] = waited.code
        return None
    except functions.FunctionFailed as fault:
        asked.notes["outcome_of_script"] = fault.message
        return None
    asked.notes["outcome_of_script"] = answer["outcome"]
    value: str | None = answer["value"]
    return value


COMMANDS: dict[str, Command] = {"execsvcscript": exec_xml, "execsvcscriptplain": exec_plain}
