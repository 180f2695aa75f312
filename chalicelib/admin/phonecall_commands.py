"""The `phonecall` commands: the integrations' phone calls, their deletions, and refused requests."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.admin import questions
from chalicelib.admin.words import Subparsers, add, add_group, database_url, owner, say, table
from chalicelib.authentication import tokens
from chalicelib.errors import InvalidRequest
from chalicelib.nimbox import phonecalls, rejections
from chalicelib.nimbox.parameters import Clock
from chalicelib.platform import configuration

LIMIT = 100
#: What stands for phone calls that no integration is known to have created.
UNOWNED = "-"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `phonecall` and its subcommands."""
    under = add_group(
        commands, "phonecall", "calls of the phone-call service", "Manage calls of the phone-call service."
    )
    owners = add(under, "list-owners", _list_owners, "list the integrations, which alone may delete their calls")
    give = add(under, "give", _give, "give all calls of one integration to another one, which replaces it")
    give.add_argument(
        "former", metavar="FORMER", help=f"as `phonecall list-owners` shows it; {UNOWNED} for unknown owners"
    )
    give.add_argument("new", metavar="NEW", help="the name of a token with the scope nimbox")
    questions.add_options(give)
    deletions = add(under, "list-deletions", _list_deletions, "list what integrations have deleted, the latest first")
    rejected = add(
        under, "list-rejected", _list_rejected, "list numbers of refused requests, with the reason and how often"
    )
    for command in (owners, deletions, rejected):
        command.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601")
    for command in (deletions, rejected):
        command.add_argument("--limit", type=int, default=LIMIT, metavar="COUNT", help=f"so many; {LIMIT} without it")
    register = add(under, "register", _register, "make contacts of refused numbers, and create their calls")
    register.add_argument("number", nargs="*", metavar="NUMBER", help="as `phonecall list-rejected` shows it")
    register.add_argument("--all", action="store_true", help="every number that is unknown")
    register.add_argument("--name", default="", metavar="NAME", help="the name of the new contact")


def _list_owners(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = phonecalls.owners(owner())
    rows = [(each.integration or UNOWNED, each.calls, each.first, each.last) for each in listed]
    _show(arguments, listed, ("INTEGRATION", "CALLS", "FIRST", "LAST"), rows)


def _give(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    names = [
        token.name for token in tokens.listing(database_url()) if "nimbox" in token.scopes and not token.revoked_at
    ]
    if arguments.new not in names:
        raise InvalidRequest(f"No valid token with the scope nimbox is named {arguments.new!r}")
    former = "" if arguments.former == UNOWNED else arguments.former
    calls = sum(each.calls for each in phonecalls.owners(owner()) if each.integration == former)
    question = f"Give {calls} calls of {arguments.former} to {arguments.new}, which alone may delete them then?"
    if not questions.agreed(arguments, question, {"calls": calls}):
        return
    count = phonecalls.give(owner(), former, arguments.new)
    say(f"{count} calls of {arguments.former} belong to {arguments.new} now.", calls=count)


def _list_deletions(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = phonecalls.deletions(owner(), arguments.limit)
    rows = [(each.deleted_at, each.integration, each.since, each.until, each.deleted) for each in listed]
    _show(arguments, listed, ("AT", "INTEGRATION", "FROM", "TO", "CALLS"), rows)


def _list_rejected(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = rejections.listing(owner(), arguments.limit)
    rows = [(each.number, each.calls, each.times, each.last_at, each.integrations, each.reason) for each in listed]
    _show(arguments, listed, ("NUMBER", "CALLS", "OFFERED", "LAST", "INTEGRATION", "REASON"), rows)


def _register(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if bool(arguments.number) == arguments.all:
        raise InvalidRequest("Say which numbers, or --all")
    current = configuration.current()
    clock = Clock(current.site_zone, current.nimbox_z_is_local)
    done = rejections.register(owner(), arguments.number, arguments.name, clock)
    say(f"{done.contacts} contacts are new, and {done.calls} kept calls were created.", **done._asdict())


def _show(
    arguments: argparse.Namespace, listed: Sequence[NamedTuple], head: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    if arguments.json:
        content = [each._asdict() for each in listed]
        say(json.dumps(content, default=_plain, ensure_ascii=False))
        return
    table(head, rows)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else int(str(value))
