"""Media types of recordings by the extension of the file's name."""

from __future__ import annotations

#: By extension, in lower case.
MEDIA_TYPES = {
    "aac": "audio/aac",
    "amr": "audio/amr",
    "awb": "audio/amr-wb",
    "flac": "audio/flac",
    "gsm": "audio/gsm",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "webm": "audio/webm",
}
#: For every other file: browsers save it, and run nothing.
UNKNOWN = "application/octet-stream"


def media_type(name: str) -> str:
    """Return the media type of the file called `name`."""
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN)
