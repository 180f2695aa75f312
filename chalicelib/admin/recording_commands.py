"""Commands about recordings: lasting links, the states of those that are fetched, and new attempts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib.admin import questions
from chalicelib.admin.words import Subparsers, add, add_group, owner, say, table
from chalicelib.errors import InvalidRequest, Misconfigured
from chalicelib.platform import configuration
from chalicelib.recordings import administration, fetch_queue, links
from chalicelib.recordings.administration import ListedRecording

LIST_LIMIT = 100
RETRY_LIMIT = 1_000
LONGEST_DAYS = 100 * 366
HEAD = ("INVITEID", "STATE", "PROVIDER", "RECORDING", "TRIES", "NEXT TRY", "BYTES", "EXPIRES", "LINKS", "REASON")


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `recording` and its subcommands."""
    subcommands = add_group(commands, "recording", "recordings of calls", "Administer recordings.")
    link = _add_for_call(subcommands, "link", _link, "print a lasting link to a call's recording")
    link.add_argument("--days", type=_days, metavar="N", help="make it expire after N days")
    _add_for_call(subcommands, "code", _code, "print the code of a call's recording for Oktell's download/rec")
    questions.add_options(_add_for_call(subcommands, "revoke", _revoke, "make every link to a call useless"))
    _add_for_call(subcommands, "restore", _restore, "make the links to a call work again")
    command = add(subcommands, "list", _list, f"list the {LIST_LIMIT} recordings that changed last")
    command.add_argument("--state", choices=administration.STATES, default="", help="only those in this state")
    command.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601, UTC")
    retry = add(subcommands, "retry", _retry, "fetch failed or waiting recordings now")
    retry.add_argument("inviteid", metavar="INVITEID", type=UUID, nargs="?", help="the recording of this call")
    retry.add_argument("--failed", action="store_true", help=f"all that failed, {RETRY_LIMIT} at most")


def _add_for_call(
    commands: Subparsers[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace, Callable[[], str]], None],
    help_text: str,
) -> argparse.ArgumentParser:
    command = add(commands, name, function, help_text)
    command.add_argument("inviteid", metavar="INVITEID", type=UUID, help="the call's id, as in calls.success")
    return command


def _days(text: str) -> int:
    days = int(text)
    if not 0 < days <= LONGEST_DAYS:
        raise ValueError(text)
    return days


def _link(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    current = configuration.current()
    inviteid = administration.linkable_id(owner(), arguments.inviteid)
    now = datetime.now(UTC).replace(tzinfo=None)
    expires = now + timedelta(days=arguments.days) if arguments.days else None
    link = links.recording_url(current.public_url, current.link_secrets, inviteid, expires)
    say(link, link=link, expires=expires)


def _code(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    inviteid = administration.linkable_id(owner(), arguments.inviteid)
    code = links.call_code(configuration.current().link_secrets, inviteid)
    say(code, code=code)


def _revoke(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    effects: dict[str, object] = {"links_of": str(arguments.inviteid)}
    if not questions.agreed(arguments, f"Make every link to {arguments.inviteid} useless?", effects):
        return
    administration.revoke(owner(), arguments.inviteid)
    say(f"Links to {arguments.inviteid} no longer work; tokens still do.", revoked=[str(arguments.inviteid)])


def _restore(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    administration.restore(owner(), arguments.inviteid)
    say(f"Links to {arguments.inviteid} work again.", restored=[str(arguments.inviteid)])


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    recordings = administration.recordings(owner(), arguments.state, LIST_LIMIT)
    if arguments.json:
        rows = [recording._asdict() for recording in recordings]
        say(json.dumps(rows, default=datetime.isoformat, ensure_ascii=False))
        return
    table(HEAD, [_cells(recording) for recording in recordings])


def _cells(recording: ListedRecording) -> tuple[object, ...]:
    return (
        recording.inviteid,
        recording.state,
        recording.provider,
        recording.recording,
        recording.attempts,
        recording.due,
        recording.size,
        recording.expires,
        "revoked" if recording.links_revoked else "-",
        recording.reason,
    )


def _retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    queue_url = configuration.current().recordings_queue_url
    if not queue_url:
        raise Misconfigured("RECORDINGS_QUEUE_URL is not set: it is the address of the queue recordings")
    if bool(arguments.inviteid) == arguments.failed:
        raise InvalidRequest("Name one call, or use --failed for every recording that failed")
    inviteids = administration.failed(owner(), RETRY_LIMIT) if arguments.failed else [arguments.inviteid]
    files = administration.retry(owner(), inviteids)
    if arguments.inviteid and not files:
        raise InvalidRequest(f"No recording of {arguments.inviteid} failed or waits; `recording list` shows its state")
    fetch_queue.send(queue_url, files)
    say(f"{len(files)} recordings are fetched again.", fetched_again=len(files))
