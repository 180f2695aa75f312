"""The command `status`: one look at everything that may wait for an operator."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from chalicelib.admin.words import Subparsers, add, owner, say, table
from chalicelib.errors import RingledgerError
from chalicelib.operations import pending_work
from chalicelib.operations.operator_answers import Overview
from chalicelib.platform import configuration, dead_letters, queues
from chalicelib.platform.postgres import Connection

#: More webhooks than this wait only when they are not worked off.
QUEUE_LIMIT = 10_000
#: Figure -> the highest number that needs nobody's attention, and what to do above it.
RULES: dict[str, tuple[int, str]] = {
    "webhooks queued": (QUEUE_LIMIT, "webhooks are not worked off: look at the log and the alarms of `ingest`"),
    "dead letters": (0, "send the dead letters back: `ringledger redrive`"),
    "quarantined": (0, "see why webhooks cannot be read: `ringledger quarantine list`, then `quarantine retry ID`"),
    "calls set aside": (0, "see why calls cannot be written: `ringledger set-aside`, then `replay`"),
    "recordings failed": (0, "see why: `ringledger recording list --state failed`, then `recording retry --failed`"),
    "calls refused by a CRM": (0, "see the CRM's reasons: `ringledger replication list`, then `replication retry`"),
    "calls maybe delivered": (0, "compare with the CRM: `ringledger replication list --state maybe_delivered`"),
    "calls that differ": (0, "the CRM has older versions: `ringledger replication list --state differs`"),
    "orders that no agent took": (0, "is the agent program beside the PBX running? `call-control` has its orders"),
}


class AttentionNeeded(RingledgerError):
    """Something needs an operator."""

    code = "attention-needed"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `status`."""
    command = add(commands, "status", _status, "one look at everything; the exit code is 1 if something needs you")
    command.add_argument("--json", action="store_true", help="as JSON")


def _status(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    figures = _figures(pending_work.everything(owner(), configuration.current()))
    attention = [
        f"{name}: {figure}; {advice}"
        for name, (highest, advice) in RULES.items()
        if (figure := figures.get(name) or 0) > highest
    ]
    versions = _versions(owner())
    if arguments.json:
        shown = {"healthy": not attention, "attention": attention, "figures": figures, "versions": versions}
        say(json.dumps(shown, ensure_ascii=False))
    else:
        rows = [(name, "unknown" if number is None else str(number)) for name, number in figures.items()]
        table(("WHAT", "NOW"), rows)
        say(", ".join(f"{name} {number}" for name, number in versions.items()))
    if attention:
        raise AttentionNeeded("\n".join(attention))


def _figures(now: Overview) -> dict[str, int | None]:
    """Return each number; None where a queue does not answer or is not configured."""

    def of_crms(name: str) -> int:
        return sum(int(target.counts.get(name, 0)) for target in now.replication)

    orders = configuration.current().call_control_queue_url
    return {
        "webhooks queued": now.queued,
        "dead letters": now.dead_letters,
        "quarantined": now.quarantined,
        "calls set aside": now.set_aside,
        "calls open": now.open_calls,
        "recordings pending": now.recordings.get("pending", 0),
        "recordings failed": now.recordings.get("failed", 0),
        "calls for a CRM pending": of_crms("pending"),
        "calls refused by a CRM": of_crms("rejected"),
        "calls maybe delivered": of_crms("maybe_delivered"),
        "calls that differ": of_crms("differs"),
        "orders that wait": _count(queues.count, orders),
        "orders that no agent took": _count(dead_letters.count, orders),
    }


def _count(counted: Callable[[str], int], queue_url: str) -> int | None:
    try:
        return counted(queue_url) if queue_url else None
    except RingledgerError:
        return None


def _versions(database: Connection) -> dict[str, str]:
    server, migration = database.execute(
        "SELECT current_setting('server_version'), (SELECT coalesce(max(name), '') FROM ledger.migrations)"
    )[0]
    try:
        own = version("ringledger")
    except PackageNotFoundError:
        # A Lambda has the files of the bundle, not the installed package.
        own = "as deployed"
    return {"ringledger": own, "migration": migration, "postgresql": server, "python": platform.python_version()}
