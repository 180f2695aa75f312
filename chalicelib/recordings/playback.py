"""Turns a call's recording into a presigned address: the object stays private, and each click is signed anew."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, NamedTuple
from urllib.parse import quote

from chalicelib.errors import RingledgerError
from chalicelib.platform import signed_requests
from chalicelib.recordings import storages
from chalicelib.recordings.lookup import Recording
from chalicelib.recordings.media_types import media_type
from chalicelib.recordings.storages import NoPlace, ObjectPlace
from chalicelib.settings import Settings

#: How many seconds longer than the call an address is valid, so that a listener may pause.
PAUSE_SECONDS = 600


class NotPlayable(RingledgerError):
    """The call has no recording that can be played."""

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
    """The recording was deleted, at the end of its time or on request."""

    code = "deleted"


class Expired(NotPlayable):
    """The time for which the recording was kept is over."""

    code = "expired"


class Missing(NotPlayable):
    """The call was recorded, but its file is not in the storage."""

    code = "missing"


class PlayableFile(NamedTuple):
    """The file of a recording: its address, its size in bytes, its media type, and the address's seconds to live."""

    location: str
    size: int
    type: str
    expires: int


def file(settings: Settings, recording: Recording, method: str, *, attachment: bool, now: datetime) -> PlayableFile:
    """Return the file of a recording with an address for `method` (GET or HEAD), to save as `attachment` or to play.

    `now` is naive UTC. Raises NotPlayable with the reason, Unavailable when S3 does not answer, and Misconfigured.
    """
    place = _place(settings, recording, now)
    size = signed_requests.object_size(*place)
    if size is None:
        raise Missing
    name = recording.path.rpartition("/")[2]
    disposition = "attachment" if attachment else "inline"
    overrides = {
        "response-content-type": media_type(name),
        "response-content-disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}",
    }
    seconds = min(max(0, recording.duration) + PAUSE_SECONDS, settings.playing_seconds)
    location = signed_requests.presign(method, place.bucket, place.key, seconds, overrides)
    return PlayableFile(location, size, media_type(name), seconds)


def _place(settings: Settings, recording: Recording, now: datetime) -> ObjectPlace:
    if not recording.is_known:
        raise UnknownCall
    if recording.deleted is not None:
        raise Deleted
    if recording.expires is not None and recording.expires <= now:
        raise Expired
    if recording.state == "pending":
        raise Pending
    if recording.state == "failed":
        raise Missing(f"The recording could not be fetched from the provider: {recording.reason}")
    if not (recording.is_recorded and recording.path):
        raise NotRecorded
    try:
        return storages.place(settings, recording.storage, recording.path)
    except NoPlace as error:
        raise Missing(details=error.message) from None
