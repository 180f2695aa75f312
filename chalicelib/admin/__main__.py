"""The command line: runs a command here, or with `--function NAME` by the Lambda of that name."""

from __future__ import annotations

import argparse
import sys

from chalicelib.admin import contact_commands
from chalicelib.admin.commands import Outcome, run
from chalicelib.errors import RingledgerError
from chalicelib.platform import functions

READING = (["extension", "import"], ["contacts", "import"], ["user", "import"])


def main(argv: list[str]) -> int:
    """Run the command of `argv` and return its exit code."""
    place = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    place.add_argument("--function", metavar="NAME", default="")
    arguments, command = place.parse_known_args(argv)
    outcome = _remotely(arguments.function, command) if arguments.function else run(command, sys.stdin.read)
    sys.stdout.write(outcome.output)
    sys.stderr.write(outcome.errors)
    return outcome.exit


def _remotely(function: str, command: list[str]) -> Outcome:
    try:
        return Outcome(**functions.invoke(function, _event(command)))
    except RingledgerError as error:
        return Outcome(1, "", f"{error.message}\n")


def _event(command: list[str]) -> dict[str, object]:
    if command[:2] == ["contacts", "import"] and command[2:3] != [contact_commands.INPUT]:
        # The file is on this machine, so it travels as the standard input of that one.
        return {
            "command": [*command[:2], contact_commands.INPUT],
            "stdin": "".join(map(contact_commands.text_of, command[2:3])),
        }
    # Others must not wait for a terminal's end of input.
    reads = "--value-stdin" in command or command[:2] in READING
    return {"command": command, "stdin": sys.stdin.read() if reads else ""}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
