"""The command `status`: one look at everything that may wait for an operator."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from chalicelib.admin.words import Subparsers, add, owner, say, table
from chalicelib.errors import RingledgerError
from chalicelib.operations import attention, pending_work
from chalicelib.platform import configuration


class AttentionNeeded(RingledgerError):
    """Something needs an operator."""

    code = "attention-needed"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `status`."""
    command = add(commands, "status", _status, "one look at everything; the exit code is 1 if something needs you")
    command.add_argument("--json", action="store_true", help="as JSON")


def _status(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    overview = pending_work.everything(owner(), configuration.current())
    figures = attention.figures(overview)
    needed = [f"{each.name}: {each.figure}; {each.advice}" for each in overview.attention]
    if arguments.json:
        shown = {"healthy": overview.healthy, "attention": needed, "figures": figures, "versions": overview.versions}
        say(json.dumps(shown, ensure_ascii=False))
    else:
        rows = [(name, "unknown" if number is None else number) for name, number in figures.items()]
        table(("WHAT", "NOW"), rows)
        say(", ".join(f"{name} {number}" for name, number in overview.versions.items()))
    if needed:
        raise AttentionNeeded("\n".join(needed))
