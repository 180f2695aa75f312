"""Voice files in S3: who else names one, and its end, when its time is over or a person on it is to be forgotten."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib import storages
from chalicelib.ledger import recordings
from chalicelib.ledger.rows import columns
from chalicelib.platform import objects
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from chalicelib.storages import NoPlace, Place

# A row may name an object in several ways: by its storage's code or without one, with a slash at its beginning or not.
_NAMING = """
SELECT spelling.place, other.inviteid, other.recexpirets
FROM unnest(%s::integer[], %s::text[], %s::text[]) AS spelling (place, code, path)
JOIN calls.success AS other ON ltrim(other.callrecpath, '/') = spelling.path
    AND coalesce(other.callstoragecode, '') = spelling.code
    AND other.callrecpath IS NOT NULL AND other.callrecdel_dt IS NULL
"""
_HELD = """
SELECT inviteid, callstoragecode, callrecpath FROM calls.success
WHERE inviteid = ANY (%s::uuid[]) AND callrecpath <> '' AND callrecdel_dt IS NULL
"""

logger = logging.getLogger(__name__)


class Held(NamedTuple):
    """A call and the file that its row names."""

    inviteid: UUID
    code: str | None
    path: str


class _Naming(NamedTuple):
    """A call that names an object, and until when it does, naive UTC."""

    place: Place
    inviteid: UUID | None
    expires: datetime | None


def delete_expired(writer: Connection, settings: Settings, held: Sequence[Held], now: datetime) -> list[UUID]:
    """Delete the objects of these calls that nobody needs at `now`, naive UTC; answers the calls whose files are gone.

    An object that another row names for longer stays, and so does one in no storage of ours. Raises Unavailable.
    """
    places = _places(settings, held)
    namings = _namings(writer, settings, {place for _, place in places})
    needed = {naming.place for naming in namings if naming.expires is None or naming.expires > now}
    gone = [(inviteid, place) for inviteid, place in places if place not in needed]
    for place in {place for _, place in gone}:
        objects.delete(*place)
    return [inviteid for inviteid, _ in gone]


def erase(owner: Connection, settings: Settings, inviteids: Sequence[UUID], now: datetime) -> int:
    """Delete the voice files of these calls, whoever else names them, and let none be fetched again.

    Answers how many files that were. The objects go first: broken off in between, it can be repeated. Raises
    Unavailable.
    """
    held = [Held(*row) for row in owner.execute(_HELD, [[str(inviteid) for inviteid in inviteids]])]
    places = {place for _, place in _places(settings, held)}
    sharing = [naming.inviteid for naming in _namings(owner, settings, places) if naming.inviteid]
    for place in places:
        objects.delete(*place)
    recordings.settle_forgotten(owner, [*inviteids, *sharing], now)
    return len(places)


def _places(settings: Settings, held: Sequence[Held]) -> list[tuple[UUID, Place]]:
    found = []
    for inviteid, code, path in held:
        try:
            found.append((inviteid, storages.place(settings, code, path)))
        except NoPlace as fault:
            logger.warning("a recording that is to be deleted is in no storage of ours: %s", fault.message)
    return found


def _namings(connection: Connection, settings: Settings, places: Collection[Place]) -> list[_Naming]:
    known = list(places)
    given = [
        (number, *spelling) for number, place in enumerate(known) for spelling in storages.spellings(settings, place)
    ]
    rows = connection.execute(_NAMING, columns(given)) if given else []
    return [_Naming(known[number], inviteid, expires) for number, inviteid, expires in rows]
