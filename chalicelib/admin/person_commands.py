"""The `person` command: erase what is known of a person."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from chalicelib.admin import archive_commands, questions
from chalicelib.admin.words import Subparsers, add, add_group, at_once, note, owner, say
from chalicelib.errors import InvalidRequest, Unavailable
from chalicelib.ledger import forgetting
from chalicelib.ledger.faults import CallsFailed
from chalicelib.platform import configuration, dead_letters, queues
from chalicelib.recordings import retention

REPEAT_FORGET = (
    "the number is not erased everywhere; webhooks that wait in the queue may hold it too. Repeat this when everything"
    " answers again, and once more when the queue is empty"
)
QUESTION = "Erase the number from all rows and webhooks, and delete its recordings for good?"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `person` and its subcommand."""
    under = add_group(commands, "person", "what is known of a person", "Erase a person's data.")
    forget = add(under, "forget", _forget, "erase a person's number and recordings, on a lawful request")
    forget.add_argument("number", metavar="NUMBER", help="with its country code")
    questions.add_options(forget)


def _forget(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    effects = _preview(arguments.number) if arguments.dry_run else {}
    if questions.agreed(arguments, QUESTION, effects):
        _erase(arguments.number)


def _preview(number: str) -> dict[str, int]:
    return dict(sorted((forgetting.preview(owner(), number) + archive_commands.forget(number, None)).items()))


def _erase(number: str) -> None:
    current = configuration.current()
    queue = current.events_queue_url
    waiting = _waiting(queue) if queue else 0
    erase_recordings = partial(retention.erase, owner(), current)
    try:
        touched = forgetting.forget(owner(), number, erase_recordings, _report_rewritten)
        touched += archive_commands.forget(number, erase_recordings)
    except Unavailable as away:
        raise Unavailable(f"{away.message}: {REPEAT_FORGET}") from away
    except CallsFailed:
        say("The number is erased; ledger.forgotten records in how many rows.", erased=True)
        raise
    for name, rows in sorted(touched.items()):
        say(f"{name}: {rows}", **{name: rows})
    if not touched:
        say("No row holds the number.")
    say("Recorded in ledger.forgotten, without the number.", erased=True)
    if waiting:
        note(f"{waiting} messages were still in the queue: repeat this in some minutes, when they are stored")
    if not queue:
        note("EVENTS_QUEUE_URL is not set, so messages that are still in the queue were not counted")


def _report_rewritten(webhooks: int) -> None:
    at_once(f"webhooks rewritten: {webhooks}")


def _waiting(queue: str) -> int:
    """Return how many messages will be stored soon. Raises InvalidRequest while dead letters may hold the number."""
    dead = dead_letters.count(queue)
    if dead:
        raise InvalidRequest(
            f"{dead} dead letters may hold the number: send them back with `dead-letter redrive` and repeat this"
        )
    return queues.count(queue)
