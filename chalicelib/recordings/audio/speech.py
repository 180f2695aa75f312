"""Telephone speech: AMR files (RFC 4867 section 5), and raw GSM 06.10, which has frames and nothing else."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.recordings.audio.content import BLOCK_BYTES, Content, CutOff, NotARecording

GSM_FRAME_BYTES = 33
#: With this many frames (0.2 s), raw GSM is recognised without a name that ends with `.gsm`.
GSM_FRAMES = 10

_GSM_MARK = 0xD
_NO_SPEECH = 8
# A frame's type takes one byte, and its first and last bits are zero.
_AMR_PADDING = 0x83


class _Amr(NamedTuple):
    """A kind of AMR: bytes of a frame by its type, without the byte of the type; None where no such type exists."""

    extension: str
    magic: bytes
    sizes: tuple[int | None, ...]


_UNKNOWN = (None,)
_KINDS = (
    _Amr("amr", b"#!AMR\n", (12, 13, 15, 17, 19, 20, 26, 31, 5, *_UNKNOWN * 6, 0)),
    _Amr("awb", b"#!AMR-WB\n", (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, *_UNKNOWN * 4, 0, 0)),
)


def matches_amr(head: bytes) -> bool:
    """Return True when a file with this beginning is an AMR file of one channel."""
    return head.startswith(tuple(kind.magic for kind in _KINDS))


def check_amr(content: Content, start: int) -> str:
    """Return the extension of the AMR file at `start`. Raises NotARecording."""
    kind = next(kind for kind in _KINDS if content.read(start, len(kind.magic)) == kind.magic)
    offset, speech = start + len(kind.magic), 0
    while offset < content.size:
        mode = content.number(offset, 1)
        size = None if mode & _AMR_PADDING else kind.sizes[mode >> 3]
        if size is None:
            raise NotARecording(f"The AMR file is damaged at byte {offset}")
        offset += 1 + size
        content.require(offset)
        speech += mode >> 3 < _NO_SPEECH
    if not speech:
        raise NotARecording("The AMR file has no audio")
    return kind.extension


def check_gsm(content: Content, *, declared: bool) -> str | None:
    """Return the extension of a file of raw GSM frames, or None when the file is not one.

    Every frame of 33 bytes begins with the bits 1101. Fewer than GSM_FRAMES of them count only when the file is
    `declared` to be GSM by its name. Raises CutOff when the last frame is not complete.
    """
    frames, rest = divmod(content.size, GSM_FRAME_BYTES)
    if frames < (1 if declared else GSM_FRAMES):
        return None
    step = BLOCK_BYTES // GSM_FRAME_BYTES * GSM_FRAME_BYTES
    for offset in range(0, content.size, step):
        marks = content.read(offset, step)[::GSM_FRAME_BYTES]
        if any(mark >> 4 != _GSM_MARK for mark in marks):
            return None
    if rest:
        raise CutOff(content.size, (frames + 1) * GSM_FRAME_BYTES)
    return "gsm"
