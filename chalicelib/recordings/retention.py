"""Deletes recordings: when their time is over, and when a person on them is to be forgotten.

Several rows may name one object: by its storage's code or without one, with a slash at the beginning or without.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.ledger.rows import columns
from chalicelib.platform import objects
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import notices, state_changes, storages, uploaded_files
from chalicelib.recordings.storages import NoPlace, ObjectPlace
from chalicelib.settings import Settings

PAGE_SIZE = 200
#: How many files one run of the maintenance has time for; the next run continues.
LIMIT = 10_000

_EXPIRED = """
SELECT recexpirets, inviteid, callstoragecode, callrecpath FROM calls.success
WHERE recexpirets IS NOT NULL AND callrecdel_dt IS NULL AND callrecpath <> ''
    AND recexpirets <= %s AND (recexpirets, inviteid) > (%s, %s)
ORDER BY recexpirets, inviteid LIMIT %s
"""
_NAMING = """
SELECT spelling.place, other.inviteid, other.recexpirets
FROM unnest(%s::integer[], %s::text[], %s::text[]) AS spelling (place, code, path)
JOIN calls.success AS other ON ltrim(other.callrecpath, '/') = spelling.path
    AND coalesce(other.callstoragecode, '') = spelling.code
    AND other.callrecpath IS NOT NULL AND other.callrecdel_dt IS NULL
"""
# Calls of retired months have no rows, and still their facts.
_FILES = """
SELECT inviteid, callstoragecode, callrecpath FROM calls.success
WHERE inviteid = ANY (%(ids)s::uuid[]) AND callrecpath <> '' AND callrecdel_dt IS NULL
UNION
SELECT inviteid, storage, path FROM ledger.recordings
WHERE inviteid = ANY (%(ids)s::uuid[]) AND state = 'ready' AND path <> ''
"""

logger = logging.getLogger(__name__)


class _CallFile(NamedTuple):
    """A call and the file that its row names."""

    inviteid: UUID
    code: str | None
    path: str


class _Naming(NamedTuple):
    """A call whose row names an object, and when the row expires, naive UTC."""

    place: ObjectPlace
    inviteid: UUID | None
    expires: datetime | None


def delete_expired(writer: Connection, settings: Settings, now: datetime) -> int:
    """Delete the files whose time was over at `now`, naive UTC, and return the number of calls that lost theirs.

    An object that another row names for longer stays, and so does one in no known storage. Objects are deleted before
    the rows change, so that an interrupted run can be repeated. Raises Unavailable.
    """
    count = 0
    after: list[object] = [datetime.min, str(UUID(int=0))]  # noqa: DTZ901 - before any file
    while count < LIMIT and (rows := writer.execute(_EXPIRED, [now, *after, PAGE_SIZE])):
        after = list(rows[-1][:2])
        deleted = _delete_unneeded(writer, settings, [_CallFile(*row[1:]) for row in rows], now)
        changed = state_changes.set_deleted(writer, deleted, now) if deleted else []
        notices.send(writer, settings.recording_target, changed)
        count += len(changed)
    return count


def erase(owner: Connection, settings: Settings, inviteids: Sequence[UUID], now: datetime) -> int:
    """Delete the files of these calls, also when other rows name them, and prevent that they are fetched again.

    Return the number of files. `now` is naive UTC. Objects are deleted before the rows change, so that an interrupted
    call can be repeated. Raises Unavailable.
    """
    files = [_CallFile(*row) for row in owner.execute(_FILES, {"ids": [str(inviteid) for inviteid in inviteids]})]
    places = {place for _, place in _places(settings, files)}
    sharing = [naming.inviteid for naming in _namings(owner, settings, places) if naming.inviteid]
    for place in places:
        objects.delete(*place)
    uploaded_files.erase(owner, settings.bucket, inviteids)
    state_changes.set_erased(owner, [*inviteids, *sharing], now)
    return len(places)


def _delete_unneeded(writer: Connection, settings: Settings, files: Sequence[_CallFile], now: datetime) -> list[UUID]:
    """Delete the objects of `files` that no row needs any longer, and return the calls whose object is deleted."""
    places = _places(settings, files)
    namings = _namings(writer, settings, {place for _, place in places})
    needed = {naming.place for naming in namings if naming.expires is None or naming.expires > now}
    deleted = [(inviteid, place) for inviteid, place in places if place not in needed]
    for place in {place for _, place in deleted}:
        objects.delete(*place)
    return [inviteid for inviteid, _ in deleted]


def _places(settings: Settings, files: Sequence[_CallFile]) -> list[tuple[UUID, ObjectPlace]]:
    places = []
    for inviteid, code, path in files:
        try:
            places.append((inviteid, storages.place(settings, code, path)))
        except NoPlace as error:
            logger.warning("a recording that should be deleted is in no known storage: %s", error.message)
    return places


def _namings(connection: Connection, settings: Settings, places: Collection[ObjectPlace]) -> list[_Naming]:
    numbered = list(places)
    spellings = [
        (number, *spelling) for number, place in enumerate(numbered) for spelling in storages.spellings(settings, place)
    ]
    rows = connection.execute(_NAMING, columns(spellings)) if spellings else []
    return [_Naming(numbered[number], inviteid, expires) for number, inviteid, expires in rows]
