"""The admin Lambda: it runs the commands of the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chalicelib.admin.commands import CommandResult, run

USAGE = CommandResult(2, "", 'The event must be {"command": ["word", …]}, with "stdin" where a command reads it\n')


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Run the event's `command`, a list of words, with its `stdin`. Return `exit`, `output` and `errors`."""
    command, stdin = event.get("command"), event.get("stdin", "")
    if not isinstance(command, list) or not all(isinstance(word, str) for word in [*command, stdin]):
        return asdict(USAGE)
    return asdict(run(command, lambda: stdin))
