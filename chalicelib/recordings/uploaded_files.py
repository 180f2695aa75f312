"""Takes recordings that a PBX has uploaded out of the folder where they wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO
from uuid import UUID

from chalicelib import providers
from chalicelib.errors import TooLarge
from chalicelib.ledger.recording_facts import File
from chalicelib.platform import objects
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import incoming
from chalicelib.registry import extensions

_WAITING = """
SELECT DISTINCT provider, client, recording FROM ledger.recordings
WHERE inviteid = ANY (%s::uuid[]) AND recording <> '' AND state IN ('pending', 'failed')
"""


def fetch(writer: Connection, bucket: str, file: File, into: BinaryIO, limit: int) -> int:
    """Write the file to `into` and return its size in bytes.

    Raises DownloadFailed when the PBX has not uploaded it yet, DownloadRefused when it has more than `limit` bytes, and
    Unavailable.
    """
    for key in _keys(writer, file):
        try:
            size = objects.download(bucket, key, into, limit)
        except TooLarge as error:
            raise DownloadRefused(error.message) from None
        if size is not None:
            return size
    raise DownloadFailed("The PBX has not uploaded the file yet")


def erase(owner: Connection, bucket: str, inviteids: Sequence[UUID]) -> None:
    """Delete the files that wait for these calls. Raises Unavailable."""
    for file in (File(*row) for row in owner.execute(_WAITING, [[str(inviteid) for inviteid in inviteids]])):
        if is_way_of(file.provider):
            remove(owner, bucket, file)


def is_way_of(provider: str) -> bool:
    """Return True if PBXs of this provider upload their recordings."""
    known = providers.find(provider)
    return known is not None and known.uploads_recordings


def remove(writer: Connection, bucket: str, file: File) -> None:
    """Delete the file where it waited. Raises Unavailable."""
    for key in _keys(writer, file):
        objects.delete(bucket, key)


def _keys(writer: Connection, file: File) -> Iterator[str]:
    """Yield the keys that the file can have: a client can have several PBXs."""
    for extension in extensions.ids(writer, file.provider, file.client):
        yield incoming.key(file.provider, extension, file.recording)
