"""From a call to an address at which its recording plays for a while: the object is private, the click is signed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from chalicelib import storages
from chalicelib.errors import RingledgerError
from chalicelib.platform import presence, signing
from chalicelib.recordings.lookup import Found
from chalicelib.recordings.media_types import media_type
from chalicelib.settings import Settings
from chalicelib.storages import NoPlace, Place

#: A pause of the listener's outlasts the call by so much, in seconds.
PAUSE_SECONDS = 600


class NotPlayable(RingledgerError):
    """There is nothing to play."""

    status: ClassVar[int] = 404


class UnknownCall(NotPlayable):
    """No call has this id."""

    code = "unknown-call"


class NotRecorded(NotPlayable):
    """The call was not recorded."""

    code = "not-recorded"


class Pending(NotPlayable):
    """The recording is still being fetched from the provider; try again in a few minutes."""

    code = "pending"


class Deleted(NotPlayable):
    """The recording was deleted by the rules of its storage, or on request."""

    code = "deleted"


class Expired(NotPlayable):
    """The recording was kept for its time, which is over."""

    code = "expired"


class Missing(NotPlayable):
    """The call was recorded, but its file is not in the storage."""

    code = "missing"


def address(settings: Settings, found: Found, method: str, *, attachment: bool, now: datetime) -> str:
    """Where `method` (GET or HEAD) gets the recording from, to be saved as an `attachment` or else to be played.

    Raises NotPlayable with the reason, Unavailable when S3 does not answer, Misconfigured.
    """
    place = _place(settings, found, now)
    if presence.size(*place) is None:
        raise Missing
    name = found.path.rpartition("/")[2]
    way = "attachment" if attachment else "inline"
    overrides = {
        "response-content-type": media_type(name),
        "response-content-disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
    }
    seconds = min(max(0, found.duration) + PAUSE_SECONDS, settings.playing_seconds)
    return signing.presign(method, place.bucket, place.key, seconds, overrides)


def _place(settings: Settings, found: Found, now: datetime) -> Place:
    if not found.known:
        raise UnknownCall
    if found.deleted is not None:
        raise Deleted
    if found.expires is not None and found.expires <= now:
        raise Expired
    if found.state == "pending":
        raise Pending
    if found.state == "failed":
        raise Missing(f"The recording could not be fetched from the provider: {found.reason}")
    if not (found.recorded and found.path):
        raise NotRecorded
    try:
        return storages.place(settings, found.storage, found.path)
    except NoPlace as fault:
        raise Missing(details=fault.message) from None
