"""The command line: it runs a command here, or with `--function NAME` in the Lambda of that name."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Callable

from chalicelib.admin import contact_commands, questions
from chalicelib.admin.commands import CommandResult, explained, parser, run
from chalicelib.errors import RingledgerError
from chalicelib.platform import functions

# Commands that always read standard input.
READING = (["extension", "import"], ["contact", "import"], ["user", "import"])


def main(argv: list[str]) -> int:
    """Run the command of `argv` and return its exit code."""
    read = functools.cache(sys.stdin.read)
    target = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    target.add_argument("--function", metavar="NAME", default="")
    arguments, command = target.parse_known_args(argv)

    def attempt(words: list[str]) -> CommandResult:
        return _invoke(arguments.function, words, read) if arguments.function else run(words, read)

    result = attempt(command)
    if result.question and questions.answered(result.question):
        result = attempt([*command, questions.YES])
    sys.stdout.write(result.output)
    sys.stderr.write(result.errors)
    return result.exit


def console() -> int:
    """Run the command of this process's arguments and return its exit code: the script `ringledger`."""
    if "_ARGCOMPLETE" in os.environ:  # noqa: TID251 - the shell's own protocol, no setting
        import argcomplete  # noqa: PLC0415 - only while a shell completes a command

        argcomplete.autocomplete(parser())
    return main(sys.argv[1:])


def _invoke(function: str, command: list[str], read: Callable[[], str]) -> CommandResult:
    try:
        return CommandResult(**functions.invoke(function, _event(command, read)))
    except RingledgerError as error:
        return CommandResult(1, "", f"{explained(error)}\n")


def _event(command: list[str], read: Callable[[], str]) -> dict[str, object]:
    if command[:2] == ["contact", "import"] and command[2:3] != [contact_commands.INPUT]:
        # The file is on this machine, so the Lambda gets its text as standard input.
        return {
            "command": [*command[:2], contact_commands.INPUT, *command[3:]],
            "stdin": "".join(map(contact_commands.text_of, command[2:3])),
        }
    # Other commands must not wait for the end of a terminal's input.
    reads = "--value-stdin" in command or command[:2] in READING
    return {"command": command, "stdin": read() if reads else ""}


if __name__ == "__main__":
    sys.exit(console())
