"""The `call` commands: calls that could not be written, and replays."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from chalicelib.admin.words import Subparsers, add, add_group, moment, owner, progress, say, table
from chalicelib.errors import InvalidRequest
from chalicelib.ledger import faults
from chalicelib.ledger.faults import CallsFailed
from chalicelib.ledger.replay import count, replay
from chalicelib.providers import NAMES, posts_rows

LIST_LIMIT = 100


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `call` and its subcommands."""
    under = add_group(commands, "call", "calls of the ledger", "Look at calls, and rebuild them.")
    add(under, "list", _list, f"list the first {LIST_LIMIT} calls that could not be written")
    command = add(under, "replay", _replay, "rebuild rows from the raw events of a period, and report what changed")
    for name, meaning in (("--from", "the first moment of acceptance"), ("--to", "the first moment after it")):
        command.add_argument(
            name, dest=name.strip("-"), type=moment, required=True, metavar="TIME", help=f"{meaning}, ISO 8601, UTC"
        )
    senders = sorted(name for name in NAMES if not posts_rows(name))
    command.add_argument("--provider", default="", choices=senders, help="calls of this provider only")


def _list(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    rows = [(*fault.call, last, fault.reason) for fault, last in faults.listing(owner(), LIST_LIMIT)]
    table(("PROVIDER", "CLIENT", "CALL", "LAST EVENT", "REASON"), rows)


def _replay(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    since, until = getattr(arguments, "from"), arguments.to
    if since >= until:
        raise InvalidRequest(f"The period ends ({until.isoformat()}) before it begins ({since.isoformat()})")
    total = count(owner(), since, until, arguments.provider)
    report = replay(owner(), since, until, arguments.provider, progress("replayed", total))
    say(f"{report.calls} calls were replayed.", calls=report.calls, changes=[])
    for (relation, change), number in sorted(report.changes.items()):
        changed = {"table": relation, "change": change, "records": number}
        say(f"{relation}: {number} records with rows {change}", changes=[changed])
    if not report.changes:
        say("Nothing changed.")
    if report.faults:
        raise CallsFailed(report.faults)
