"""`execsvcscript`, `execsvcscriptplain` and the scripts of `download/byscript`: starts scripts and waits for them.

The header X-Script-Run of an answer has the id of the run. With it, `execsvcscriptresult`, which Oktell does not have,
returns the value of a run for which the client did not wait.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.oktell import answers, command_parameters, running, script_runs, scripts
from chalicelib.oktell.refusals import NotConnected, NotFound, ScriptDenied, ScriptFailed
from chalicelib.oktell.request import SHOWN, Command, CommandRequest
from chalicelib.oktell.scripts import RegisteredScript
from chalicelib.platform import functions

#: A run has ended when its Lambda has: this many seconds after its start, besides SCRIPT_SECONDS.
LAMBDA_SECONDS = 60
RUN_HEADER = "X-Script-Run"

_SUCCESS = {"value": "1", "name": "success"}
_NOT_STARTED = {"value": "0", "name": "error"}
#: The outcome of a run -> `startresult`. Oktell's own codes of errors are not published.
_START_RESULTS = {
    script_runs.RUNNING: {"value": "0", "name": "success"},
    script_runs.FINAL: {"value": "0", "name": "success"},
    script_runs.CRASH: {"value": "2", "name": "crash"},
    script_runs.TIMEOUT: {"value": "3", "name": "timeout"},
    script_runs.TYPE: {"value": "4", "name": "wrongtype"},
}
_NO_SCRIPT = {"value": "1", "name": "error"}
#: The outcome of a failed run -> the words of an answer that is no XML.
_FAILURES = {
    script_runs.CRASH: "The script crashed",
    script_runs.TIMEOUT: "The script was ended, because it took too long",
    script_runs.TYPE: "The value of the script is no text, or too long",
}


class ScriptResult(NamedTuple):
    """The result of a command: the id of the run, its outcome, and its value, or None if it has none.

    The id is empty if there is no such script.
    """

    run: str
    outcome: str = ""
    value: str | None = None


def exec_xml(request: CommandRequest) -> Answer:
    """Run a script and return its value in XML. Raise as `run` does."""
    return _xml(run(request))


def exec_plain(request: CommandRequest) -> Answer:
    """Run a script and return its value as text. Raise NotFound for an unknown script, and as `run` and `_value` do."""
    return _plain(_known(request, run(request)))


def result(request: CommandRequest) -> Answer:
    """Return the value of an earlier run of the same caller, in XML, or with `plain=1` as text.

    Raise InvalidParameter, NotFound, and ScriptFailed with `plain=1`.
    """
    wanted = command_parameters.RunParameters.of(request)
    seconds = request.settings.script_seconds + LAMBDA_SECONDS
    stored = script_runs.find(request.database, wanted.run, request.integration, seconds)
    if stored is None:
        raise NotFound(f"You have no run {wanted.run}, or it is more than a week ago")
    found = ScriptResult(str(wanted.run), *stored)
    return _plain(found) if wanted.plain else _xml(found)


def path(request: CommandRequest) -> str:
    """Run a script for a file and return the file's key. Raise NotFound for an unknown script.

    Raise ScriptFailed if it failed or returned nothing in time, and as `run` does.
    """
    script_result = _known(request, run(request, wants_file=True))
    value = _value(script_result)
    if value is None:
        raise ScriptFailed(f"The script returned no file in time (run {script_result.run})", script_result.run)
    return value


def run(request: CommandRequest, *, wants_file: bool = False) -> ScriptResult:
    """Start the script in `name`. Unless `async=1`, wait for it for at most `timeout` seconds; then it runs on.

    Raise InvalidParameter, ScriptDenied, NotConnected if SCRIPTS_FUNCTION is not set, and Unavailable.
    """
    wanted = command_parameters.ScriptParameters.of(request)
    name = wanted.name
    function = request.settings.scripts_function
    if not function:
        raise NotConnected("SCRIPTS_FUNCTION is not set: it is the name of the Lambda function that runs scripts")
    script = scripts.find(name) or running.remote(name, request.settings)
    _check_right(request, name, script)
    if script is None:
        return ScriptResult("")
    event = _event(request, script.name, wanted.start_parameters(), wants_file=wants_file)
    wait = 0 if wanted.is_async and not wants_file else min(wanted.timeout, command_parameters.LONGEST_WAIT)
    if wait == 0:
        functions.start(function, event)
        return ScriptResult(event["run"], script_runs.RUNNING)
    outcome, value = _waited(request, event, wait)
    request.notes["outcome_of_script"] = outcome
    return ScriptResult(event["run"], outcome, value)


def _event(request: CommandRequest, script: str, start_parameters: list[str], *, wants_file: bool) -> dict[str, Any]:
    identity = str(uuid4())
    request.notes.update(script=script, run=identity)
    script_runs.start(request.database, identity, script, request.integration)
    return {
        "script": script,
        "run": identity,
        "parameters": start_parameters,
        "integration": request.integration,
        "wants_file": wants_file,
    }


def _check_right(request: CommandRequest, name: str, script: RegisteredScript | None) -> None:
    """Raise ScriptDenied if the caller's token may not run the script, or lacks the scope that it needs."""
    token, scope = request.token, script.scope if script else "oktell"
    if token is not None and not token.may_run(name):
        raise ScriptDenied(
            f"The token {token.name} may not run the script {name[:SHOWN]!r}: a token names its scripts, as in"
            " `token add NAME --scope oktell --script SCRIPT`"
        )
    if scope not in (token.scopes if token else ("oktell",)):
        raise ScriptDenied(f"The script {name[:SHOWN]!r} needs a token with the scope {scope}")


def _waited(request: CommandRequest, event: dict[str, Any], wait: int) -> tuple[str, str | None]:
    try:
        answer = functions.invoke(request.settings.scripts_function, event, wait)
    except functions.StillRunning:
        return script_runs.RUNNING, None
    except functions.FunctionFailed as fault:
        request.notes["function_failed"] = fault.message
        script_runs.end(request.database, event["run"], script_runs.CRASH, "its Lambda failed", None)
        return script_runs.CRASH, None
    return answer["outcome"], answer["value"]


def _known(request: CommandRequest, script_result: ScriptResult) -> ScriptResult:
    if not script_result.run:
        raise NotFound(f"There is no script {request.parameters['name'].strip()[:SHOWN]!r}")
    return script_result


def _value(script_result: ScriptResult) -> str | None:
    """Return the value, or None while the script runs on. Raise ScriptFailed if it failed."""
    if script_result.outcome in _FAILURES:
        raise ScriptFailed(f"{_FAILURES[script_result.outcome]} (run {script_result.run})", script_result.run)
    return script_result.value


def _plain(script_result: ScriptResult) -> Answer:
    return _identified(answers.plain(_value(script_result) or ""), script_result)


def _xml(script_result: ScriptResult) -> Answer:
    is_known = bool(script_result.run)
    start_result = _START_RESULTS[script_result.outcome] if is_known else _NO_SCRIPT
    simple = [{"key": "started", **(_SUCCESS if is_known else _NOT_STARTED)}, {"key": "startresult", **start_result}]
    if script_result.value is not None:
        simple.append({"key": "returnvalue", "name": script_result.value})
    return _identified(answers.mapped("result", {"name": "execsvcscript"}, simple), script_result)


def _identified(answer: Answer, script_result: ScriptResult) -> Answer:
    return answer._replace(headers={**answer.headers, RUN_HEADER: script_result.run}) if script_result.run else answer


COMMANDS: dict[str, Command] = {
    "execsvcscript": exec_xml,
    "execsvcscriptplain": exec_plain,
    "execsvcscriptresult": result,
}
