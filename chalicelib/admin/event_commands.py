"""The commands on events and calls: replay, set-aside, redrive, quarantine and forget."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from chalicelib.admin import questions
from chalicelib.admin.words import Subparsers, add, at_once, minute, moment, note, owner, progress, say, table
from chalicelib.envelope import reading
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import InvalidRequest, Misconfigured, Unavailable
from chalicelib.ledger import faults, forgetting, quarantine, retrying
from chalicelib.ledger.faults import CallsFailed
from chalicelib.ledger.replay import count, replay
from chalicelib.platform import configuration, dead_letters, queues
from chalicelib.providers import NAMES, posts_rows
from chalicelib.recordings import retention

LIST_LIMIT = 100
REASON_WIDTH = 80
REPEAT_FORGET = (
    "the number is not erased everywhere; webhooks that wait in the queue may hold it too. Repeat this when everything"
    " answers again, and once more when the queue is empty"
)


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `replay`, `set-aside`, `redrive`, `quarantine` and `forget`."""
    command = add(commands, "replay", _replay, "rebuild rows from the raw events of a period, and report what changed")
    for name, meaning in (("--from", "the first moment of acceptance"), ("--to", "the first moment after it")):
        command.add_argument(
            name, dest=name.strip("-"), type=moment, required=True, metavar="TIME", help=f"{meaning}, ISO 8601, UTC"
        )
    senders = sorted(name for name in NAMES if not posts_rows(name))
    command.add_argument("--provider", default="", choices=senders, help="calls of this provider only")
    add(commands, "set-aside", _set_aside, f"list the first {LIST_LIMIT} calls that could not be written")
    add(commands, "redrive", _redrive, "send the dead letters of the event queue back to it")
    _add_quarantine(commands)
    forget = add(commands, "forget", _forget, "erase a person's number and recordings, on a lawful request")
    forget.add_argument("number", metavar="NUMBER", help="with its country code")
    questions.add_options(forget)


def _add_quarantine(commands: Subparsers[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "quarantine", help="webhooks that could not be read", description="Look at webhooks that could not be read."
    )
    under = parser.add_subparsers(metavar="COMMAND", required=True)
    listed = add(under, "list", _quarantine_list, f"list the newest {LIST_LIMIT} that wait")
    listed.add_argument("--all", action="store_true", help="also those that were retried with success")
    for name, function, help_text in (
        ("show", _quarantine_show, "print a message as it was queued"),
        ("retry", _quarantine_retry, "try a message again"),
    ):
        command = add(under, name, function, help_text)
        command.add_argument("id", metavar="ID", help="as `quarantine list` shows it")


def _replay(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    since, until = getattr(arguments, "from"), arguments.to
    if since >= until:
        raise InvalidRequest(f"The period ends ({until.isoformat()}) before it begins ({since.isoformat()})")
    total = count(owner(), since, until, arguments.provider)
    report = replay(owner(), since, until, arguments.provider, progress("replayed", total))
    say(f"{report.calls} calls were replayed.")
    for (relation, change), number in sorted(report.changes.items()):
        say(f"{relation}: {number} records with rows {change}")
    if not report.changes:
        say("Nothing changed.")
    if report.faults:
        raise CallsFailed(report.faults)


def _set_aside(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    rows = [(*fault.call, minute(last), fault.reason) for fault, last in faults.listing(owner(), LIST_LIMIT)]
    table(("PROVIDER", "CLIENT", "CALL", "LAST EVENT", "REASON"), rows)


def _redrive(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    queue = configuration.current().events_queue_url
    if not queue:
        raise Misconfigured("EVENTS_QUEUE_URL is not set: it is the address of the queue call-events")
    say(f"{dead_letters.redrive(queue, lambda done: note(f'sent back: {done}'))} messages were sent back.")


def _quarantine_list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    kept = quarantine.listing(owner(), everything=arguments.all, limit=LIST_LIMIT)
    rows = [
        (
            item.id, minute(item.quarantined_at), item.provider, str(item.extension or ""), minute(item.retried_at),
            item.reason[:REASON_WIDTH],
        )
        for item in kept
    ]  # fmt: skip
    table(("ID", "SINCE", "PROVIDER", "EXTENSION", "UNDERSTOOD", "REASON"), rows)


def _quarantine_show(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    item = quarantine.find(owner(), arguments.id)
    note(item.reason)
    text = item.message.decode(errors="replace")
    say(text)
    with suppress(UnreadableMessage):
        # The message has the body in Base64, which people cannot read.
        note(reading.read(text).raw.body.decode(errors="backslashreplace"))


def _quarantine_retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if reason := retrying.retry(owner(), arguments.id):
        raise InvalidRequest(f"The message still cannot be read: {reason}")
    say(f"{arguments.id} is stored now; `quarantine show` still shows it.")


def _forget(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if arguments.dry_run:
        _preview(arguments.number)
        return
    if not arguments.yes:
        questions.confirm(questions.ERASING["forget"])
    _erase(arguments.number)


def _erase(number: str) -> None:
    current = configuration.current()
    queue = current.events_queue_url
    waiting = _waiting(queue) if queue else 0
    erase_recordings = partial(retention.erase, owner(), current)
    try:
        touched = forgetting.forget(owner(), number, erase_recordings, _report_rewritten)
    except Unavailable as away:
        raise Unavailable(f"{away.message}: {REPEAT_FORGET}") from away
    except CallsFailed:
        say("The number is erased; ledger.forgotten records in how many rows.")
        raise
    for name, rows in sorted(touched.items()):
        say(f"{name}: {rows}")
    if not touched:
        say("No row holds the number.")
    say("Recorded in ledger.forgotten, without the number.")
    if waiting:
        note(f"{waiting} messages were still in the queue: repeat this in some minutes, when they are stored")
    if not queue:
        note("EVENTS_QUEUE_URL is not set, so messages that are still in the queue were not counted")


def _preview(number: str) -> None:
    holding = forgetting.preview(owner(), number)
    for name, count_of_rows in sorted(holding.items()):
        say(f"{name}: {count_of_rows}")
    say("Nothing was erased." if holding else "No row holds the number.")


def _report_rewritten(webhooks: int) -> None:
    at_once(f"webhooks rewritten: {webhooks}")


def _waiting(queue: str) -> int:
    """Return how many messages will be stored soon. Raises InvalidRequest while dead letters may hold the number."""
    dead = dead_letters.count(queue)
    if dead:
        raise InvalidRequest(f"{dead} dead letters may hold the number: send them back with `redrive` and repeat this")
    return queues.count(queue)
