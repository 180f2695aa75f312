"""`python -m infra.local`: the whole bundle on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import logging
import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from chalicelib.errors import RingledgerError
from infra.local import environment

#: The file of the data folder that gets a line for each request.
LOG = "requests.log"
_OUTPUT = sys.stdout

# The documented example of the statistics channel, and the query that counts.
ROWS = "select inviteid,anumber,acallednum,bnumber,duration,stopreason from calls.success limit 2"
COUNT = "select count (inviteid) from calls.success"
MISSED_CALL = (
    'curl -sS -X POST {url}/ext-event/{key} -d "EventType=hangup&CallID=$(date +%s)&CallFlow=IN&CallStatus=CANCEL'
    "&Bridged=no&CallerIDNum=%2B79214567892&CalledNumber=13596*099&CalledDID=79300369446"
    '&EventTime=$(date +%s)000000&Duration=7529999"'
)

RECORDING = """
A call's recording, to play in a browser or to save:
  {link}
  curl -sSL -o call.wav "{link}&attachment=true"
"""

# The example of the phone-call service's document.
PHONECALL = (
    "/direct/items/phonecalls/create?token={token}&initiated=2012-08-23T12:20:33&source=7222&destination=02122853348"
    "&duration=45&url=http://192.168.128.96/recordings/7222"
)


def main() -> int:
    """Run until Ctrl-C or SIGTERM; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        options = environment.options()
        separate_log(options.data)
        # Loading takes a second, in which Ctrl-C must be handled already.
        from infra.local.stack import Stack  # noqa: PLC0415

        stack = Stack(options, _say)
        with stack.running():
            _say(_welcome(stack.facts, options.data))
            stack.wait()
    except KeyboardInterrupt:
        _say("\nStopped.\n")
    except RingledgerError as fault:
        sys.stderr.write(f"{fault.message}\n")
        return 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # The first signal starts the clean stop; further ones must not interrupt it.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    raise KeyboardInterrupt


def separate_log(data: Path) -> None:
    """Write the log of requests to a file, begun anew, when the output is a screen: its addresses stay in sight."""
    if _OUTPUT.isatty():
        data.mkdir(parents=True, exist_ok=True)
        sys.stdout = (data / LOG).open("w", buffering=1, encoding="utf-8")


def _say(text: str) -> None:
    try:
        _OUTPUT.write(text)
        _OUTPUT.flush()
    except BrokenPipeError:
        # The reader of the output has gone, as after `make run | head`; the stack goes on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT.fileno())


def _welcome(facts: dict[str, Any], data: Path) -> str:
    url, tokens, keys = facts["url"], facts["tokens"], facts["webhook_keys"]
    listed = "\n".join(f"  {scope:<12}{token}" for scope, token in tokens.items())
    return f"""
Ringledger answers on {url}

The page, in a browser; this address signs you in:
  {url}/console/#token={facts["console_token"]}

Tokens, the same after a restart:
{listed}

Two rows, as the protocol's example has it:
  {_curl(f"{url}/api/token/v1/{tokens['statistics']}", "data", ROWS)}

How many there are:
  {_curl(f"{url}/statistics", "quantity", COUNT, tokens["statistics"])}

A caller who gave up in the menu, as Telphin posts it; calls.cancelled has the call within seconds:
  {MISSED_CALL.format(url=url, key=keys["telphin"]["ivr"])}

A phone call to a contact, as NiMbox's scripts make it; made again, it is the same one:
  curl -sS "{url}{PHONECALL.format(token=tokens["nimbox"])}"

What a small CRM that runs beside says to the demonstration's calls, from a second shell:
  . {data / "environment"} && .venv/bin/ringledger replication status

How many of an internal number are free, as an Oktell server answers; and a script of its example:
  curl -sS "{url}/tst_getintnumberreadyusers?number=120&password={tokens["oktell"]}"
  curl -sS "{url}/execsvcscriptplain?name=SvcScript1&startparam1=201&async=0&timeout=10&password={tokens["oktell"]}"
{_recording(facts["recording"])}
Data is kept in {data}, addresses for tools in {data / "stack.json"},
the log of requests in {data / LOG} if this is a terminal.
Ctrl-C stops everything.
"""


def _recording(link: str) -> str:
    return RECORDING.format(link=link) if link else ""


def _curl(url: str, action: str, query: str, bearer: str = "") -> str:
    body = json.dumps({"entity": "chronological", "action": action, "options": {"psql": query}})
    headers = ["Content-Type: application/json; charset=utf-8"] + [f"Authorization: Bearer {bearer}"] * bool(bearer)
    words = ["curl", "-sS", "-X", "POST", url, *(word for header in headers for word in ("-H", header)), "-d", body]
    return shlex.join(words)


if __name__ == "__main__":
    sys.exit(main())
