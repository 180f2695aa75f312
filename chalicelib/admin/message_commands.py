"""The `dead-letter` and `quarantine` commands: messages that were not stored."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress

from chalicelib.admin.words import Subparsers, add, add_group, note, owner, say, table
from chalicelib.envelope import reading
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import InvalidRequest
from chalicelib.ledger import quarantine, retrying
from chalicelib.operations import dead_messages
from chalicelib.platform import configuration, dead_letters

LIST_LIMIT = 100


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the commands `dead-letter` and `quarantine` and their subcommands."""
    _add_dead_letter(commands)
    _add_quarantine(commands)


def _add_dead_letter(commands: Subparsers[argparse.ArgumentParser]) -> None:
    under = add_group(commands, "dead-letter", "messages that the event queue gave up on", "Look at dead letters.")
    add(under, "list", _dead_list, f"list the newest {LIST_LIMIT}, each with the reason")
    shown = add(under, "show", _dead_show, "print a dead letter as it was queued")
    shown.add_argument("id", metavar="ID", help="as `dead-letter list` shows it")
    redrive = add(under, "redrive", _redrive, "send dead letters back to the event queue")
    redrive.add_argument("id", nargs="*", metavar="ID", help="as `dead-letter list` shows it; all without ids")


def _add_quarantine(commands: Subparsers[argparse.ArgumentParser]) -> None:
    under = add_group(
        commands, "quarantine", "webhooks that could not be read", "Look at webhooks that could not be read."
    )
    listed = add(under, "list", _quarantine_list, f"list the newest {LIST_LIMIT} that wait")
    listed.add_argument("--all", action="store_true", help="also those that were retried with success")
    for name, function, help_text in (
        ("show", _quarantine_show, "print a message as it was queued"),
        ("retry", _quarantine_retry, "try a message again"),
    ):
        command = add(under, name, function, help_text)
        command.add_argument("id", metavar="ID", help="as `quarantine list` shows it")


def _dead_list(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listed = dead_messages.listing(configuration.current(), LIST_LIMIT).dead_letters
    rows = [
        (each.id, each.accepted_at, each.provider, each.extension or None, each.receives, each.reason)
        for each in listed
    ]
    table(("ID", "ACCEPTED", "PROVIDER", "EXTENSION", "ATTEMPTS", "REASON"), rows)


def _dead_show(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    letter = dead_messages.one(configuration.current(), arguments.id)
    note(letter.dead_letter.reason)
    say(letter.text, message=letter.text, reason=letter.dead_letter.reason, query=letter.query, body=letter.body)


def _redrive(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    queue, ids = dead_messages.queue_of(configuration.current()), set(arguments.id)

    def report(done: int) -> None:
        note(f"sent back: {done}")

    if ids:
        moved = dead_letters.redrive_chosen(queue, lambda letter: letter.id in ids, report)
    else:
        moved = dead_letters.redrive(queue, report)
    say(f"{moved} messages were sent back.", sent_back=moved)


def _quarantine_list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    kept = quarantine.listing(owner(), everything=arguments.all, limit=LIST_LIMIT)
    rows = [
        (
            item.id, item.quarantined_at, item.provider, item.extension or None, item.retried_at, item.reason,
        )
        for item in kept
    ]  # fmt: skip
    table(("ID", "SINCE", "PROVIDER", "EXTENSION", "UNDERSTOOD", "REASON"), rows)


def _quarantine_show(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    item = quarantine.find(owner(), arguments.id)
    note(item.reason)
    text = item.message.decode(errors="replace")
    say(text, message=text, reason=item.reason)
    with suppress(UnreadableMessage):
        # The message has the body in Base64, which people cannot read.
        note(reading.read(text).raw.body.decode(errors="backslashreplace"))


def _quarantine_retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if reason := retrying.retry(owner(), arguments.id):
        raise InvalidRequest(f"The message still cannot be read: {reason}")
    say(f"{arguments.id} is stored now; `quarantine show` still shows it.", stored=[arguments.id])
