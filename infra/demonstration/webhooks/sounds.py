"""The recordings of the demonstration: a few sound files of different lengths, which many calls share."""

from __future__ import annotations

SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300)
HEADER_BYTES, RATE = 44, 8_000
_NAME = "demo-{:03}-seconds"


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
