"""Helpers of the operator's commands for the command line and for output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, datetime

from chalicelib.admin.json_output import Collected
from chalicelib.errors import Misconfigured
from chalicelib.platform import configuration
from chalicelib.platform.postgres import Connection, connection

EXAMPLE = "postgresql://postgres@127.0.0.1:5432/ringledger"
# The number of progress lines for a file of any size.
STEPS = 20

#: Columns that are cut to so many characters in a table; JSON has them whole.
CUT = {"REASON": 80, "OUTCOME": 80}

Function = Callable[[argparse.Namespace, Callable[[], str]], None]
# argparse has no public name for this type.
Subparsers = argparse._SubParsersAction


def add(
    commands: Subparsers[argparse.ArgumentParser], name: str, function: Function, help_text: str
) -> argparse.ArgumentParser:
    """Add a command `name` that runs `function`, and return its parser."""
    description = f"{help_text[:1].upper()}{help_text[1:]}."
    command = commands.add_parser(name, help=help_text, description=description, allow_abbrev=False)
    command.set_defaults(run=function, verb=name)
    return command


def add_group(
    commands: Subparsers[argparse.ArgumentParser], name: str, help_text: str, description: str
) -> Subparsers[argparse.ArgumentParser]:
    """Add a noun whose verbs are added to the result."""
    parser = commands.add_parser(name, help=help_text, description=description)
    return parser.add_subparsers(metavar="COMMAND", required=True)


def database_url() -> str:
    """Return the owner's address of the database. Raise Misconfigured when it is not set."""
    url = configuration.current().owner_database_url
    if not url:
        raise Misconfigured(
            f"DATABASE_URL is not set: it is the owner's address of the database, such as {EXAMPLE};"
            " `make run` writes its own address as database_url to .local/stack.json"
        )
    return url


def owner() -> Connection:
    """Return this thread's connection as the owner. Raise Misconfigured when its address is not set."""
    return connection(database_url())


def moment(text: str, years: range = range(MINYEAR, MAXYEAR + 1)) -> datetime:
    """Return a time in ISO 8601 as naive UTC; a time without a zone is UTC. Raise ArgumentTypeError."""
    with suppress(ValueError, OverflowError):
        parsed = datetime.fromisoformat(text)
        parsed = parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
        if parsed.year in years:
            return parsed
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a time: write 2026-11-20, 2026-11-20T09:30 or 2026-11-20T09:30+03:00; without a zone it is"
        " UTC"
    )


def say(line: str, **facts: object) -> None:
    """Write one line to standard output; with `--json`, the facts that it tells instead."""
    if isinstance(sys.stdout, Collected) and sys.stdout.collecting:
        sys.stdout.learn(facts)
        return
    sys.stdout.write(f"{line}\n")


def note(line: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{line}\n")


def table(head: Sequence[str], rows: Sequence[Sequence[object]], name: str = "") -> None:
    """Write the rows in columns under their heading; with `--json`, as objects with the values as they are.

    `name` is that of a table in an answer that has several.
    """
    if isinstance(sys.stdout, Collected) and sys.stdout.collecting:
        sys.stdout.take(head, rows, name)
        return
    lines = [head, *([_cell(name, value) for name, value in zip(head, row, strict=True)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(name: str, value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return minute(value)
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "-"
    return str(value)[: CUT.get(name)]


def minute(at: datetime | None) -> str:
    """Return a time to the minute, or a dash."""
    return at.strftime("%Y-%m-%d %H:%M") if at else "-"


def progress(what: str, total: int) -> Callable[[int], None]:
    """Return a function that reports at once how many of `total` are done."""

    def report(done: int) -> None:
        if done == total or done % max(1, total // STEPS) == 0:
            at_once(f"{what}: {done} of {total}")

    return report


def at_once(line: str) -> None:
    """Write one line to standard error before the command ends."""
    # sys.stderr is redirected and written when the command has ended.
    if sys.__stderr__:
        sys.__stderr__.write(f"{line}\n")
        sys.__stderr__.flush()
