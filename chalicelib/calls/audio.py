"""Kinds of recordings: by the extension of a file's name, and by how the file begins."""

from __future__ import annotations

#: By extension, in lower case, as players know them.
MEDIA_TYPES = {
    "aac": "audio/aac",
    "amr": "audio/amr",
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
UNKNOWN = "application/octet-stream"

#: So many bytes of a file are enough to tell.
HEAD_BYTES = 16

_SYNC, _LAYERS, _BITRATES, _RATES = 0xE0, 0x06, 0xF0, 0x0C


def media_type(name: str) -> str:
    """The media type of a file by its name; what is no recording is never shown as anything that runs."""
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN)


def extension(head: bytes) -> str:
    """The extension that fits a file which begins with `head`, or an empty text when it is no known recording."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "m4a"
    for begin, fit in ((b"ID3", "mp3"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"#!AMR", "amr")):
        if head.startswith(begin):
            return fit
    return "mp3" if _is_frame(head[:3]) else ""


def _is_frame(head: bytes) -> bool:
    """Whether an MPEG audio frame begins here (ISO 11172-3): eleven bits set, and no forbidden value after them."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & _SYNC != _SYNC:
        return False
    return bool(head[1] & _LAYERS) and head[2] & _BITRATES != _BITRATES and head[2] & _RATES != _RATES
