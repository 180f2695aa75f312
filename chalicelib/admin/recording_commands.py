"""The commands about recordings: links to them, and what became of those that are fetched from providers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib import settings
from chalicelib.admin.words import Subparsers, add, database_url, minute, say, table
from chalicelib.errors import InvalidRequest, Misconfigured
from chalicelib.ledger import recording_list, recording_queue
from chalicelib.platform.postgres import Connection, connection
from chalicelib.recordings import links

LIST_LIMIT = 100
RETRY_LIMIT = 1_000
REASON_WIDTH = 60
HEAD = ("INVITEID", "STATE", "PROVIDER", "RECORDING", "TRIES", "NEXT TRY", "BYTES", "EXPIRES", "LINKS", "REASON")


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `recording` and what belongs under it."""
    parser = commands.add_parser("recording", help="recordings of calls", description="Administer recordings.")
    under = parser.add_subparsers(metavar="COMMAND", required=True)
    link = _of_call(under, "link", _link, "print a lasting link to a call's recording")
    link.add_argument("--days", type=_days, metavar="N", help="let it expire after so many days")
    _of_call(under, "code", _code, "print the code of a call's recording for download/rec of the Oktell interface")
    _of_call(under, "revoke", _revoke, "let no link to a call open anything")
    _of_call(under, "restore", _restore, "let the links to a call work again")
    listed = add(under, "list", _list, f"list the {LIST_LIMIT} recordings that changed last")
    listed.add_argument("--state", choices=recording_list.STATES, default="", help="of this state only")
    listed.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601, UTC")
    retry = add(under, "retry", _retry, "fetch recordings again that were given up or wait")
    retry.add_argument("inviteid", metavar="INVITEID", type=_id, nargs="?", help="of this call")
    retry.add_argument("--failed", action="store_true", help=f"of every call, {RETRY_LIMIT} at most")


def _of_call(
    commands: Subparsers[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace, Callable[[], str]], None],
    help_text: str,
) -> argparse.ArgumentParser:
    command = add(commands, name, function, help_text)
    command.add_argument("inviteid", metavar="INVITEID", type=_id, help="the call's id, as calls.success has it")
    return command


def _id(text: str) -> UUID:
    return UUID(text)


def _days(text: str) -> int:
    days = int(text)
    if not 0 < days <= timedelta(days=100 * 366).days:
        raise ValueError(text)
    return days


def _owner() -> Connection:
    return connection(database_url())


def _link(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    current = settings.current()
    recording_list.check_linkable(_owner(), arguments.inviteid)
    now = datetime.now(UTC).replace(tzinfo=None)
    expires = now + timedelta(days=arguments.days) if arguments.days else None
    say(links.recording_url(current.public_url, current.link_secrets, arguments.inviteid, expires))


def _code(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    recording_list.check_linkable(_owner(), arguments.inviteid)
    say(links.single(settings.current().link_secrets, arguments.inviteid))


def _revoke(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    recording_list.revoke(_owner(), arguments.inviteid)
    say(f"Links to {arguments.inviteid} open nothing any more; tokens still do.")


def _restore(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    recording_list.restore(_owner(), arguments.inviteid)
    say(f"Links to {arguments.inviteid} work again.")


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = recording_list.listing(_owner(), arguments.state, LIST_LIMIT)
    if arguments.json:
        say(json.dumps([item._asdict() for item in listed], default=datetime.isoformat, ensure_ascii=False))
        return
    rows = [
        (
            item.inviteid,
            item.state,
            item.provider,
            item.recording,
            str(item.attempts),
            minute(item.due),
            str(item.size or "-"),
            minute(item.expires),
            "revoked" if item.links_revoked else "-",
            item.reason[:REASON_WIDTH],
        )
        for item in listed
    ]
    table(HEAD, rows)


def _retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    queue = settings.current().recordings_queue_url
    if not queue:
        raise Misconfigured("RECORDINGS_QUEUE_URL is not set: it is the address of the queue recordings")
    if bool(arguments.inviteid) == arguments.failed:
        raise InvalidRequest("Name one call, or say --failed for every one that was given up")
    wanted = recording_list.failed(_owner(), RETRY_LIMIT) if arguments.failed else [arguments.inviteid]
    files = recording_list.again(_owner(), wanted)
    if arguments.inviteid and not files:
        raise InvalidRequest(f"No recording of {arguments.inviteid} was given up or waits; `recording list` says more")
    recording_queue.send(queue, files)
    say(f"{len(files)} recordings are fetched again.")
