"""The `contact` commands: import, list, and list the phone calls of a contact."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from chalicelib.admin import questions
from chalicelib.admin.contact_table import COLUMNS, read
from chalicelib.admin.words import Subparsers, add, add_group, owner, progress, say, table
from chalicelib.nimbox import contacts
from chalicelib.nimbox.contacts import ContactRefused

INPUT = "-"
LIMIT = 100


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `contact` and its subcommands."""
    under = add_group(
        commands, "contact", "contacts that phone calls belong to", "Administer the contacts of phone calls."
    )
    imported = add(under, "import", _import, "register all contacts that a CSV lists, or none of them")
    imported.add_argument("file", metavar="FILE", help=f"its path; {INPUT} is standard input")
    imported.epilog = (
        f"Its columns are {' and '.join(COLUMNS.all)}; a cell of numbers may name several, as in"
        " 'Work:0212 285 3348;Mobile:04122345678'. A contact that has one of the numbers already is changed."
    )
    questions.add_options(imported)
    listed = add(under, "list", _list, "list contacts, their numbers, and how many phone calls they have")
    listed.add_argument("--find", default="", metavar="TEXT", help="only those whose name or digits hold it")
    shown = add(under, "list-calls", _list_calls, "list the newest phone calls of a contact")
    shown.add_argument("id", type=int, metavar="ID", help="as `contact list` shows it")
    for command in (listed, shown):
        command.add_argument("--limit", type=int, default=LIMIT, metavar="COUNT", help=f"so many; {LIMIT} without it")
        command.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601")


def text_of(path: str) -> str:
    """Return the contents of a CSV. Raise ContactRefused if it cannot be read."""
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = "it is not UTF-8" if isinstance(fault, UnicodeDecodeError) else fault.strerror
        raise ContactRefused(f"{path} cannot be read: {reason}") from None


def _import(arguments: argparse.Namespace, read_input: Callable[[], str]) -> None:
    described = read(read_input() if arguments.file == INPUT else text_of(arguments.file))
    changed = contacts.changed(owner(), described)
    question = f"Replace the names or labels of {len(changed)} contacts?"
    effects: dict[str, object] = {"new": len(described) - contacts.known(owner(), described), "changed": len(changed)}
    if (changed or arguments.dry_run) and not questions.agreed(arguments, question, effects):
        return
    new = contacts.put(owner(), described, progress("registered", len(described)))
    say(f"{new} contacts are new, {len(described) - new} were there already.", new=new, changed=len(changed))


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    found = contacts.listing(owner(), arguments.find, arguments.limit)
    if arguments.json:
        say(json.dumps([asdict(each) for each in found], ensure_ascii=False))
        return
    rows = [(each.id, each.name, each.numbers, each.calls) for each in found]
    table(("ID", "NAME", "NUMBERS", "CALLS"), rows)


def _list_calls(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    found = contacts.calls(owner(), arguments.id, arguments.limit)
    if arguments.json:
        say(json.dumps([asdict(each) for each in found], default=datetime.isoformat, ensure_ascii=False))
        return
    rows = [(call.id, call.initiated, call.source, call.destination, call.duration, call.link) for call in found]
    table(("ID", "INITIATED", "SOURCE", "DESTINATION", "SECONDS", "LINK"), rows)
