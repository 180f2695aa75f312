"""The demonstration in the local stack: its people, its sound files, and the month before the first start."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

from chalicelib.ledger.recording_facts import File
from chalicelib.oktell import directory
from chalicelib.platform import objects, queues
from chalicelib.platform.postgres import Connection, connection
from chalicelib.recordings import state_changes, storages
from chalicelib.recordings.media_types import MEDIA_TYPES
from chalicelib.recordings.state_changes import Stored
from chalicelib.registry import extensions
from chalicelib.registry.extensions import Extension, ExtensionDescription
from chalicelib.settings import Settings
from infra.demonstration import branch, incidents, month
from infra.demonstration.webhooks import sounds, staff, stream
from infra.demonstration.webhooks.posts import Post
from infra.local import tapes, telephony

SEED = 1
KEPT = timedelta(days=365)
_QUEUES = {"13596*210": "support", "13596*220": "billing"}
_IS_FILLED = "SELECT EXISTS (SELECT FROM calls.success)"

Progress = Callable[[int, int], None]


class WantedCalls(NamedTuple):
    """The demonstration that is wanted: the number of calls of its month, and whether others follow."""

    number: int
    live: bool


def is_filled(settings: Settings) -> bool:
    """Return True when the database has successful calls, of the demonstration or others."""
    return bool(connection(settings.owner_database_url).execute(_IS_FILLED)[0][0])


def calls_a_day(calls: int) -> float:
    """Return the calls of the call centre and the shop on an average day of a month with so many calls."""
    return calls * month.CENTRE_SHARE / month.DAYS


def team(calls: int) -> list[staff.StaffMember]:
    """Return the people that a month of so many calls needs."""
    return stream.people(calls_a_day(calls))


def senders(calls: int) -> list[ExtensionDescription]:
    """Return the extensions that post the webhooks of a demonstration of so many calls."""
    queues_of_centre = [
        ExtensionDescription("telphin", staff.CLIENT, name, "queue", owner) for name, owner in _QUEUES.items()
    ]
    return [*telephony.descriptions().values(), *queues_of_centre, *map(staff.phone, team(calls))]


def registered(settings: Settings, calls: int) -> list[Extension]:
    """Register the extensions of the demonstration, unless they are, and return them."""
    return extensions.put(settings.owner_database_url, senders(calls), lambda _: None)


def fill(settings: Settings, dead_letters: str, wanted: WantedCalls, progress: Progress) -> Iterator[Post]:
    """Take in a month of calls that ends now; return the webhooks that follow, if live calls are wanted.

    One message is left in the queue `dead_letters`.
    """
    calls = wanted.number
    now = datetime.now(UTC).replace(tzinfo=None)
    owner, writer = connection(settings.owner_database_url), Connection(settings.writer_database_url)
    known = {extension.description.name: extension.id for extension in registered(settings, calls)}
    users = [*map(staff.user, team(calls)), *branch.users(SEED, now.date())]
    directory.register(settings.owner_database_url, users, lambda _: None)
    _store_sounds(settings)
    due = month.fill(
        owner, writer, known, now, calls=calls, seed=SEED, fetch=partial(_fetched, writer, now), progress=progress,
        live=wanted.live,
    )  # fmt: skip
    letter = incidents.dead_letter(Random(SEED), now.replace(tzinfo=UTC).timestamp(), known)  # noqa: S311 - no secret
    queues.send_all(dead_letters, [letter])
    return due


def _store_sounds(settings: Settings) -> None:
    def store(length: int) -> None:
        place = storages.place(settings, storages.MAIN, sounds.path(length))
        objects.put(*place, io.BytesIO(tapes.sound(length, length)), MEDIA_TYPES["wav"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store, sounds.SECONDS))


def _fetched(writer: Connection, now: datetime, files: Sequence[File]) -> None:
    """Tell the calls of each new recording that its file is there, as the recorder does; later calls learn it."""
    for length in sounds.SECONDS:
        file = File("telphin", staff.CLIENT, sounds.name(length))
        if file in files:
            stored = Stored(storages.MAIN, sounds.path(length), sounds.size(length), now + KEPT)
            state_changes.set_ready(writer, file, stored)
