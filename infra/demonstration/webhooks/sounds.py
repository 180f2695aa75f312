"""The recordings of the demonstration: a few sound files of different lengths, which many calls share."""

from __future__ import annotations

import re

SECONDS = (3, 5, 10, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 420, 600, 900)
HEADER_BYTES, RATE = 44, 8_000
_NAME = "demo-{:03}-seconds"
_LENGTH = re.compile(r"demo-(\d{3})-seconds")


def fitting(seconds: float) -> int:
    """Return the length of the longest file that is no longer than a talk of `seconds`, in seconds."""
    return max((length for length in SECONDS if length <= seconds), default=SECONDS[0])


def recording(seconds: float) -> str:
    """Return the PBX's id of the recording of a talk of `seconds`."""
    return name(fitting(seconds))


def path(length: int) -> str:
    """Return the path of the file of this length in its storage."""
    return f"demonstration/{name(length)}.wav"


def size(length: int) -> int:
    """Return the size in bytes of the file of this length: a header, and 8,000 samples a second of one byte."""
    return HEADER_BYTES + length * RATE


def name(length: int) -> str:
    """Return the PBX's id of the file of this length."""
    return _NAME.format(length)


def length_of(recording_id: str, default: int) -> int:
    """Return the seconds of the recording with this id, or `default` if it is none of the demonstration's."""
    named = _LENGTH.search(recording_id)
    return int(named[1]) if named else default
