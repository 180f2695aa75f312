"""Questions before something is erased, and the options that answer them in advance."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.errors import InvalidRequest

#: Commands that ask, with their question.
ERASING = {"forget": "Erase the number from all rows and webhooks, and delete its recordings for good?"}
_ANSWERS = {"y", "yes"}


class NotConfirmed(InvalidRequest):
    """Nothing was erased: the question was not answered with yes."""

    code = "not-confirmed"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add `--dry-run` and `--yes`."""
    command.add_argument("--dry-run", action="store_true", help="count what would be erased, and erase nothing")
    command.add_argument("--yes", action="store_true", help="do not ask; scripts need this")


def confirm(question: str) -> None:
    """Ask on the terminal. Raise NotConfirmed for any answer but yes, and without a terminal."""
    # Not sys.stdin and sys.stderr, which are redirected while a command runs.
    stdin, stderr = sys.__stdin__, sys.__stderr__
    if stdin is None or stderr is None or not stdin.isatty():
        raise NotConfirmed("Nothing was erased: without a terminal to ask on, add --yes; --dry-run counts first")
    stderr.write(f"{question} [y/N] ")
    stderr.flush()
    if stdin.readline().strip().lower() not in _ANSWERS:
        raise NotConfirmed


def confirmed(command: Sequence[str]) -> list[str]:
    """Return a command for a Lambda, which has no terminal: with `--yes` after the question was answered here."""
    question = ERASING.get(command[0], "") if command else ""
    if question and not {"--yes", "--dry-run", "--help", "-h"} & set(command):
        confirm(question)
        return [*command, "--yes"]
    return list(command)
