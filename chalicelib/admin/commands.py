"""The table of the operator's commands, used by the command line and by the Lambda."""

from __future__ import annotations

import argparse
import io
import json
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import NoReturn

from chalicelib.admin import (
    archive_commands,
    call_commands,
    contact_commands,
    extension_commands,
    json_output,
    message_commands,
    order_commands,
    person_commands,
    phonecall_commands,
    questions,
    recording_commands,
    replication_commands,
    report_commands,
    status_commands,
    user_commands,
)
from chalicelib.admin.command_examples import EXAMPLES
from chalicelib.admin.json_output import Collected
from chalicelib.admin.migrations import migrate
from chalicelib.admin.questions import NotConfirmed
from chalicelib.admin.roles import ensure_roles
from chalicelib.admin.words import Subparsers, add, add_group, database_url, note, say, table
from chalicelib.authentication import tokens
from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.platform import configuration
from chalicelib.platform.postgres import DatabaseError

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class CommandResult:
    """The result of a command. `exit` is 0 for success, 1 for an error with one line of text, 2 for a usage error.

    `question` is what has to be answered with yes before the command does anything.
    """

    exit: int
    output: str
    errors: str
    question: str = ""


class UsageError(RingledgerError):
    """The command line is incomplete or wrong."""

    code = "usage"

    def __init__(self, message: str, usage: str) -> None:
        """Keep the usage of the command."""
        super().__init__(message)
        self.usage = usage


class CommandParser(argparse.ArgumentParser):
    """A parser that raises UsageError, so that it can be answered as JSON too."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, f"{self.format_usage()}{self.prog}: error: {message}\n")


def run(command: Sequence[str], read: Callable[[], str]) -> CommandResult:
    """Run `command` and return its result. `read` returns the standard input and is called only when needed."""
    output, code, verb = Collected(), 0, ""
    error: RingledgerError | None = None
    with redirect_stdout(output), redirect_stderr(io.StringIO()) as errors:
        try:
            arguments = parser().parse_args(command)
            output.collecting, verb = getattr(arguments, "collect", False), arguments.verb
            arguments.run(arguments, read)
        except RingledgerError as fault:
            error = fault
        except Exception as fault:  # noqa: BLE001 - the border: the operator gets one line for any error
            error = RingledgerError(_unexpected(fault))
        except SystemExit as usage:
            code = int(usage.code or 0)
    notes = errors.getvalue()
    if error:
        return _failure(command, output, notes, error)
    return CommandResult(code, output.text(verb, notes), "") if output.collecting else _plain(code, output, notes)


def _plain(code: int, output: Collected, notes: str) -> CommandResult:
    return CommandResult(code, output.getvalue(), notes)


def _failure(command: Sequence[str], output: Collected, notes: str, error: RingledgerError) -> CommandResult:
    code = 2 if isinstance(error, UsageError) else 1
    question = error.question if isinstance(error, NotConfirmed) else ""
    if "--json" in command and not output.getvalue():
        return CommandResult(code, output.failed(notes, error), "", question)
    lines = error.usage if isinstance(error, UsageError) else f"{explained(error)}\n"
    return CommandResult(code, output.getvalue(), notes + lines, question)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top: argparse.ArgumentParser = CommandParser(
        prog="ringledger",
        description="Administer Ringledger on the database of DATABASE_URL.",
        epilog="With --function NAME anywhere on the line, the Lambda function NAME runs the command instead.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    add(commands, "migrate", _migrate, "apply new migrations, then bring the roles up to date")
    add(commands, "roles", _roles, "bring the database's roles up to date")
    _add_token_commands(add_group(commands, "token", "integration tokens", "Administer integration tokens."))
    extension_commands.add_to(commands)
    call_commands.add_to(commands)
    message_commands.add_to(commands)
    order_commands.add_to(commands)
    person_commands.add_to(commands)
    recording_commands.add_to(commands)
    contact_commands.add_to(commands)
    phonecall_commands.add_to(commands)
    user_commands.add_to(commands)
    archive_commands.add_to(commands)
    replication_commands.add_to(commands)
    status_commands.add_to(commands)
    completion = add(commands, "completion", _completion, "print the completion script of a shell")
    completion.add_argument("shell", choices=SHELLS, help="the shell that loads it")
    report_commands.add_to(commands)
    json_output.complete(top, EXAMPLES)
    return top


def _completion(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    try:
        from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - a Lambda has no shell, and no such package
    except ImportError:
        raise Misconfigured("The package argcomplete is not installed: pip install argcomplete") from None
    script = shellcode(["ringledger"], shell=arguments.shell).rstrip()
    say(script, script=script)


def _add_token_commands(commands: Subparsers[argparse.ArgumentParser]) -> None:
    create = add(commands, "add", _token_add, "create a token and print it once")
    create.add_argument("name", metavar="NAME", help="the integration that will use it")
    create.add_argument(
        "--scope",
        action="append",
        required=True,
        metavar="SCOPE",
        help=f"one of {', '.join(tokens.SCOPES)}; repeatable",
    )
    create.add_argument(
        "--script",
        action="append",
        default=[],
        metavar="SCRIPT",
        help="a script of the Oktell interface that it may run, * for all; repeatable",
    )
    create.add_argument(
        "--value-stdin",
        action="store_true",
        help="read the value from standard input: one that clients already use",
    )
    create.add_argument(
        "--from",
        action="append",
        default=[],
        dest="networks",
        metavar="CIDR",
        help="a network that it is bound to, such as 10.0.0.0/8; repeatable, and needed for a short value",
    )
    listing = add(commands, "list", _token_list, "list the tokens without their values")
    listing.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601")
    revoke = add(commands, "revoke", _token_revoke, "revoke a token for good, within a minute")
    revoke.add_argument("name", metavar="NAME", help="the name in `token list`")
    questions.add_options(revoke)


def _migrate(arguments: argparse.Namespace, read: Callable[[], str]) -> None:
    applied = migrate(database_url())
    for name in applied:
        say(f"applied: {name}", applied=[name])
    if not applied:
        say("no new migrations", applied=[])
    _roles(arguments, read)


def _roles(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    database_url()
    for line in ensure_roles(configuration.current()) or ["no changes to the roles"]:
        say(line, roles=[line])


def _token_add(arguments: argparse.Namespace, read: Callable[[], str]) -> None:
    value = read().rstrip("\r\n") if arguments.value_stdin else None
    # Only the value goes to standard output, so that a script can read it.
    limits = tokens.TokenLimits(arguments.script, arguments.networks)
    token = tokens.create(database_url(), arguments.name, arguments.scope, value, limits)
    say(token, name=arguments.name, token=token)
    if value and len(value) < tokens.STRONG_LENGTH:
        note(f"A value of {len(value)} characters can be guessed in time: replace it when its clients allow it")
    note(f"Created {arguments.name}. Only a digest of the token is stored: it cannot be shown again.")


def _token_list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    all_tokens = tokens.listing(database_url())
    if arguments.json:
        say(json.dumps([token._asdict() for token in all_tokens], default=datetime.isoformat, ensure_ascii=False))
        return
    rows = [
        (token.name, token.scopes, token.created_at, token.last_used_at, token.revoked_at,
         token.networks or "anywhere")
        for token in all_tokens
    ]  # fmt: skip
    table(("NAME", "SCOPES", "CREATED", "LAST USED", "REVOKED", "FROM"), rows)


def _token_revoke(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    token = tokens.find(database_url(), arguments.name)
    effects: dict[str, object] = {"token": token.name, "scopes": ",".join(token.scopes)}
    if not questions.agreed(arguments, f"Revoke {token.name} for good?", effects):
        return
    tokens.revoke(database_url(), arguments.name)
    say(f"Revoked {arguments.name}; it stops working within a minute.", revoked=[arguments.name])


def _unexpected(error: Exception) -> str:
    """Return one line about a defect in Ringledger, with its place in the code."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{PurePath(frame.filename).name}, line {frame.lineno}"
    return f"This is a defect in Ringledger: {' '.join(repr(error).split())} in {where}"


def explained(error: RingledgerError) -> str:
    """Return the error as one line with its cause. An operator may see the cause; a caller of the API may not."""
    cause = error.primary if isinstance(error, DatabaseError) else error.details or error.__cause__ or ""
    reason = str(cause).strip()
    return f"{error.message}: {reason.splitlines()[0]}" if reason else error.message
