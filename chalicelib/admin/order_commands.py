"""The `order` command: orders of the Oktell interface to agent programs."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from chalicelib.admin.words import Subparsers, add, add_group, owner, table
from chalicelib.operations import pending_work
from chalicelib.operations.operator_requests import OrdersFilter

LIST_LIMIT = 100
OUTCOMES = ("not-taken", "failed", "done", "taken", "waiting", "all")


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `order` and its subcommand."""
    under = add_group(commands, "order", "orders to agent programs", "Look at orders of the Oktell interface.")
    listed = add(under, "list", _list, f"list the newest {LIST_LIMIT} of an outcome")
    listed.add_argument("--outcome", choices=OUTCOMES, default=OUTCOMES[0], help="not-taken without it")


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    outcome = "" if arguments.outcome == "all" else arguments.outcome
    listed = pending_work.orders(owner(), OrdersFilter.model_validate({"outcome": outcome, "limit": LIST_LIMIT})).orders
    rows = [
        (each.id, each.ordered_at, each.command, each.user, each.integration, each.outcome, each.taken_by, each.reason)
        for each in listed
    ]
    table(("ID", "ORDERED", "COMMAND", "USER", "INTEGRATION", "STATE", "TAKEN BY", "REASON"), rows)
