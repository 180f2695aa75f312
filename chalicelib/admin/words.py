"""What the administrator's commands share: their words on the command line and in their answers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib import settings
from chalicelib.errors import Misconfigured

EXAMPLE = "postgresql://postgres@127.0.0.1:5432/ringledger"
# So many lines of progress are enough for any file.
STEPS = 20

Function = Callable[[argparse.Namespace, Callable[[], str]], None]
# argparse names the type of its own answer in no other way.
Subparsers = argparse._SubParsersAction


def add(
    commands: Subparsers[argparse.ArgumentParser], name: str, function: Function, help_text: str
) -> argparse.ArgumentParser:
    """A command `name` that is run by `function`."""
    description = f"{help_text[:1].upper()}{help_text[1:]}."
    command = commands.add_parser(name, help=help_text, description=description, allow_abbrev=False)
    command.set_defaults(run=function)
    return command


def database_url() -> str:
    """The owner's address of the database. Raises Misconfigured when it is not set."""
    url = settings.current().owner_database_url
    if not url:
        raise Misconfigured(
            f"DATABASE_URL is not set: it is the owner's address of the database, such as {EXAMPLE};"
            " `make run` writes that of its own as database_url into .local/stack.json"
        )
    return url


def say(line: str) -> None:
    """One line of the command's answer."""
    sys.stdout.write(f"{line}\n")


def note(line: str) -> None:
    """One line beside the answer."""
    sys.stderr.write(f"{line}\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The rows under their head, in columns."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def minute(moment: datetime | None) -> str:
    """A time for people, or a dash."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def progress(what: str, total: int) -> Callable[[int], None]:
    """Tells at once, while the answer is still being made, how many of `total` are done."""

    def tell(done: int) -> None:
        if done == total or done % max(1, total // STEPS) == 0:
            at_once(f"{what}: {done} of {total}")

    return tell


def at_once(line: str) -> None:
    """One line while the answer is still being made."""
    # Not sys.stderr: that is kept back until the command has ended.
    if sys.__stderr__:
        sys.__stderr__.write(f"{line}\n")
        sys.__stderr__.flush()
