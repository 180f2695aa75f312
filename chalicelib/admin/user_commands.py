"""The `user` and `fax` commands: the directory of users and the received faxes of the Oktell interface."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from chalicelib.admin import questions
from chalicelib.admin.user_table import read
from chalicelib.admin.words import Subparsers, add, add_group, database_url, note, owner, progress, say, table
from chalicelib.errors import InvalidRequest, Misconfigured
from chalicelib.oktell import directory, fax_list, faxes
from chalicelib.oktell.directory import User
from chalicelib.platform import configuration

FAXES_LISTED = 100
#: So many logins are named in a question.
NAMED = 10


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the commands `user` and `fax` and their subcommands."""
    under = add_group(commands, "user", "the directory of users", "Administer the directory of users.")
    imported = add(under, "import", _import, "register all users of a CSV on standard input, or none")
    imported.epilog = (
        f"The first line names the columns, from {', '.join(directory.COLUMNS)}. Only login is required. Users with the"
        " same id are changed; without an id column, ids are computed from the logins. groups are internal numbers,"
        " separated by spaces."
    )
    imported.add_argument("--whole", action="store_true", help="remove users that are not in the CSV")
    questions.add_options(imported)
    listed = add(under, "list", _list, "list the users")
    listed.add_argument("--json", action="store_true", help="as JSON")
    faxes_under = add_group(commands, "fax", "received faxes", "Administer received faxes.")
    add(faxes_under, "list", _list_faxes, f"list the newest {FAXES_LISTED} faxes")
    added = add(faxes_under, "add", _add_fax, "store a PDF or TIFF and print its code")
    added.add_argument("file", type=Path, metavar="FILE", help="its path on the machine that runs the command")


def _import(arguments: argparse.Namespace, read_input: Callable[[], str]) -> None:
    users = read(read_input())
    if arguments.whole and not users:
        raise InvalidRequest("The table has no users: with --whole it would remove all users")
    if not _may_replace(arguments, users):
        return
    directory.register(database_url(), users, progress("registered", len(users)), whole=arguments.whole)
    for each in users:
        say(f"{each.id}\t{each.login}", users=[{"id": each.id, "login": each.login}])


def _may_replace(arguments: argparse.Namespace, users: Sequence[User]) -> bool:
    """Ask before users are changed or removed. Raise NotConfirmed."""
    stored = {each.id: each for each in directory.all_users(database_url())}
    new = len({each.id for each in users} - stored.keys())
    changed = sum(stored.get(each.id, each) != each for each in users)
    removed = _left_out(stored, users) if arguments.whole else []
    if not (changed or removed or arguments.dry_run):
        return True
    question = f"Change {changed} users, and remove {len(removed)}: {', '.join(removed[:NAMED]) or 'none'}?"
    return questions.agreed(arguments, question, {"new": new, "changed": changed, "removed": removed})


def _left_out(stored: Mapping[str, User], users: Sequence[User]) -> list[str]:
    """Return the logins of stored users whose ids are not among `users`."""
    kept = {each.id for each in users}
    return [each.login for each in stored.values() if each.id not in kept]


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    users = directory.all_users(database_url())
    if arguments.json:
        say(json.dumps([asdict(each) for each in users], ensure_ascii=False))
        return
    head = ("id", "login", "name", "department", "extension", "agent", "number", "line", "work_place", "groups")
    rows = [[getattr(each, name) for name in head] for each in users]
    table([name.upper().replace("_", " ") for name in head], rows)


def _list_faxes(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    table(("ID", "NAME", "CONTENT TYPE", "ADDED"), fax_list.newest(owner(), None, FAXES_LISTED))


def _add_fax(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    current = configuration.current()
    if not current.bucket:
        raise Misconfigured("BUCKET is not set: the bucket that stores faxes")
    try:
        content = arguments.file.read_bytes()
    except OSError as fault:
        raise InvalidRequest(f"{arguments.file} cannot be read: {fault.strerror}") from None
    # Only the code is on standard output, so that a script can read it.
    code = faxes.add(owner(), current, arguments.file.name, content)
    say(code, code=code)
    note("A client with a password of the interface downloads the fax from download/fax/ followed by this code.")
