"""The operator's commands: one table, run by the command line and by the Lambda alike."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import datetime

from chalicelib import settings, tokens
from chalicelib.admin.migrations import migrate
from chalicelib.admin.roles import ensure_roles
from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.platform.postgres import DatabaseError

EXAMPLE = "postgresql://postgres@127.0.0.1:5432/ringledger"


@dataclass(frozen=True)
class Outcome:
    """What a command ended with: 0 is done, 1 an error that its one line explains, 2 a wrong command line."""

    exit: int
    output: str
    errors: str


def run(command: Sequence[str], read: Callable[[], str]) -> Outcome:
    """Run `command`; `read` gives the standard input to those that ask for it."""
    with redirect_stdout(io.StringIO()) as output, redirect_stderr(io.StringIO()) as errors:
        try:
            arguments = parser().parse_args(command)
            arguments.run(arguments, read)
            code = 0
        except RingledgerError as error:
            _note(_explained(error))
            code = 1
        except SystemExit as usage:
            code = int(usage.code or 0)
    return Outcome(code, output.getvalue(), errors.getvalue())


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    top = argparse.ArgumentParser(
        prog="python -m chalicelib.admin",
        description="Administer Ringledger on the database of DATABASE_URL.",
        epilog="With --function NAME anywhere on the line, the Lambda function NAME runs the command instead.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add(commands, "migrate", _migrate, "apply new migrations, then bring the roles up to date")
    _add(commands, "roles", _roles, "bring the database's roles up to date")
    token = commands.add_parser("token", help="integration tokens", description="Administer integration tokens.")
    _add_token_commands(token.add_subparsers(metavar="COMMAND", required=True))
    return top


# argparse names the type of its own answer in no other way.
_Subparsers = argparse._SubParsersAction


def _add(
    commands: _Subparsers[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace, Callable[[], str]], None],
    help_text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help_text, description=f"{help_text.capitalize()}.", allow_abbrev=False)
    command.set_defaults(run=function)
    return command


def _add_token_commands(commands: _Subparsers[argparse.ArgumentParser]) -> None:
    create = _add(commands, "create", _token_create, "create a token and print it, this one time")
    create.add_argument("name", metavar="NAME", help="the integration that will hold it")
    create.add_argument(
        "--scope",
        action="append",
        required=True,
        metavar="SCOPE",
        help=f"one of {', '.join(tokens.SCOPES)}; repeatable",
    )
    create.add_argument(
        "--value-stdin", action="store_true", help="take the value from standard input: one that clients hold already"
    )
    listed = _add(commands, "list", _token_list, "list the tokens, never their values")
    listed.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601")
    revoke = _add(commands, "revoke", _token_revoke, "end a token for good, within a minute")
    revoke.add_argument("name", metavar="NAME", help="as `token list` shows it")


def _migrate(arguments: argparse.Namespace, read: Callable[[], str]) -> None:
    applied = migrate(_database_url())
    for name in applied:
        _say(f"applied: {name}")
    if not applied:
        _say("no new migrations")
    _roles(arguments, read)


def _roles(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    _database_url()
    for line in ensure_roles(settings.current()) or ["no changes to the roles"]:
        _say(line)


def _token_create(arguments: argparse.Namespace, read: Callable[[], str]) -> None:
    value = read().rstrip("\r\n") if arguments.value_stdin else None
    # The value stands alone on standard output, so that a script can take it from there.
    _say(tokens.create(_database_url(), arguments.name, arguments.scope, value))
    _note(f"Created {arguments.name}. Only a digest of the token is kept: it cannot be shown again.")


def _token_list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = tokens.listing(_database_url())
    if arguments.json:
        _say(json.dumps([asdict(token) for token in listed], default=datetime.isoformat, ensure_ascii=False))
        return
    rows: list[tuple[str, ...]] = [("NAME", "SCOPES", "CREATED", "LAST USED", "REVOKED")]
    rows += [
        (token.name, ",".join(token.scopes), *map(_minute, (token.created_at, token.last_used_at, token.revoked_at)))
        for token in listed
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        _say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _token_revoke(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    tokens.revoke(_database_url(), arguments.name)
    _say(f"Revoked {arguments.name}; it stops working within a minute.")


def _database_url() -> str:
    url = settings.current().owner_database_url
    if not url:
        raise Misconfigured(
            f"DATABASE_URL is not set: it is the owner's address of the database, such as {EXAMPLE};"
            " `make run` writes that of its own as database_url into .local/stack.json"
        )
    return url


def _explained(error: RingledgerError) -> str:
    """The error in one line, with what the part behind it said: an operator may see that, a caller may not."""
    said = error.primary if isinstance(error, DatabaseError) else error.__cause__ or ""
    reason = str(said).strip()
    return f"{error.message}: {reason.splitlines()[0]}" if reason else error.message


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
