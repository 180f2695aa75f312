"""Questions before something is erased or replaced, and the options that answer them in advance.

A command describes what it would change and asks `agreed`. Without `--yes` this ends the command with NotConfirmed,
which has the question; the command line asks it on a terminal, and runs the command again with `--yes`. So the question
has the command's own figures, in a Lambda too, which has no terminal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from chalicelib.admin.words import say
from chalicelib.errors import InvalidRequest

UNCHANGED = "Nothing was changed"
YES = "--yes"
_ANSWERS = {"y", "yes"}


class NotConfirmed(InvalidRequest):
    """Nothing was changed: the question was not answered with yes."""

    code = "not-confirmed"

    def __init__(self, question: str) -> None:
        """Keep the question."""
        super().__init__(f"{UNCHANGED}: {question} Add {YES} to say so, or look first with --dry-run")
        self.question = question


def add_options(command: argparse.ArgumentParser) -> None:
    """Add `--dry-run` and `--yes`."""
    command.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    command.add_argument(YES, action="store_true", help="do not ask; scripts need this")


def agreed(arguments: argparse.Namespace, question: str, effects: Mapping[str, object]) -> bool:
    """Return True to go on, and False after a dry run, which has written the effects.

    Raise NotConfirmed without `--yes`.
    """
    if arguments.dry_run:
        for name, value in effects.items():
            say(f"{name}: {', '.join(value) if isinstance(value, list) else value}", **{name: value})
        say(f"{UNCHANGED}.", dry_run=True)
        return False
    if not arguments.yes:
        raise NotConfirmed(question)
    return True


def answered(question: str) -> bool:
    """Ask on the terminal, and return True for yes. Without a terminal the answer is no."""
    # Not sys.stdin and sys.stderr, which are redirected while a command runs.
    stdin, stderr = sys.__stdin__, sys.__stderr__
    if stdin is None or stderr is None or not stdin.isatty():
        return False
    stderr.write(f"{question} [y/N] ")
    stderr.flush()
    return stdin.readline().strip().lower() in _ANSWERS
