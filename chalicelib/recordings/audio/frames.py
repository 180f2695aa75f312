"""Formats that are a sequence of frames, each with its length in its own header: MP3 and AAC (ADTS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chalicelib.recordings.audio.content import BLOCK_BYTES, Content, CutOff

FRAME_HEAD_BYTES = 7
#: As many frames in a row are no coincidence.
FIRST_FRAMES = 3
#: How far padding, tags of other programs or the rest of a frame can reach before audio begins, or begins again.
SEARCH_BYTES = BLOCK_BYTES - FRAME_HEAD_BYTES

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MPEG1, _LAYER_3, _LAYER_2 = 3, 1, 2
# In kbit/s (ISO 11172-3 and ISO 13818-3); index 0 is a free bitrate, whose frames state no length.
_BITRATES = {
    (True, _LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, _LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, _LAYER_3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_ADTS_HEAD_BYTES = 7
_ADTS_RATES = 13
_INFO_REACH = 64


class FrameFormat(NamedTuple):
    """A format made of frames.

    `length` returns the bytes of the frame that begins with a header, 0 where none does. Headers of one recording
    agree in the bits of `same`.
    """

    extension: str
    length: Callable[[bytes], int]
    same: bytes


def mpeg_length(head: bytes) -> int:
    """Return the length in bytes of the MPEG audio frame, layer II or III, that begins with `head`, or 0."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrates = _BITRATES.get((version == _MPEG1, layer))
    rates = _RATES.get(version)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if bitrates is None or rates is None or not 0 < bitrate < len(bitrates) or rate >= len(rates):
        return 0
    samples_in_bytes = 72 if layer == _LAYER_3 and version != _MPEG1 else 144
    return samples_in_bytes * bitrates[bitrate] * 1_000 // rates[rate] + (head[2] >> 1 & 1)


def adts_length(head: bytes) -> int:
    """Return the length in bytes of the ADTS frame that begins with `head`, or 0."""
    if len(head) < _ADTS_HEAD_BYTES or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 >= _ADTS_RATES:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > _ADTS_HEAD_BYTES else 0


MP3 = FrameFormat("mp3", mpeg_length, bytes((0xFF, 0xFE, 0x0C)))
ADTS = FrameFormat("aac", adts_length, bytes((0xFF, 0xFE, 0xFC)))


def check(content: Content, start: int) -> str | None:
    """Return the extension of the MP3 or ADTS recording at `start`, or None when neither begins near it.

    Raises CutOff.
    """
    begins = [(offset, kind) for kind in (MP3, ADTS) if (offset := _first(content, start, kind)) is not None]
    if not begins:
        return None
    offset, kind = min(begins)
    _walk(content, offset, kind)
    return kind.extension


def _first(content: Content, start: int, kind: FrameFormat) -> int | None:
    """Return the offset of the first frame at or soon after `start` that is followed by others of its kind."""
    window = content.read(start, SEARCH_BYTES)
    place = window.find(b"\xff")
    while place >= 0:
        if _is_row(content, start + place, kind):
            return start + place
        place = window.find(b"\xff", place + 1)
    return None


def _is_row(content: Content, offset: int, kind: FrameFormat) -> bool:
    expected = _common(content.read(offset, FRAME_HEAD_BYTES), kind)
    for _ in range(FIRST_FRAMES):
        head = content.read(offset, FRAME_HEAD_BYTES)
        length = kind.length(head)
        if not length or _common(head, kind) != expected:
            return False
        offset += length
    return True


def _common(head: bytes, kind: FrameFormat) -> bytes:
    return bytes(byte & mask for byte, mask in zip(head, kind.same, strict=False))


def _walk(content: Content, start: int, kind: FrameFormat) -> None:
    """Follow the frames from `start` to the end of the audio. Raises CutOff."""
    expected = _stated_frames(content, start) if kind is MP3 else 0
    count, offset = 0, start
    while True:
        while length := kind.length(content.read(offset, FRAME_HEAD_BYTES)):
            content.require(offset + length)
            count, offset = count + 1, offset + length
        again = _first(content, offset, kind)
        if again is None:
            break
        offset = again
    if count < expected or _is_cut(content, offset):
        raise CutOff(content.size)


def _is_cut(content: Content, offset: int) -> bool:
    """Return True when the bytes from `offset` are the beginning of a header, or too many for tags and padding."""
    rest = content.size - offset
    begins_frame = content.read(offset, 1) == b"\xff" and rest < FRAME_HEAD_BYTES
    return begins_frame or rest > SEARCH_BYTES


def _stated_frames(content: Content, start: int) -> int:
    """Return the number of frames that a Xing or Info header in the first frame states, or 0.

    Most encoders do not count that frame itself, so one frame fewer than stated is not noticed.
    """
    head = content.read(start, _INFO_REACH)
    place = max(head.find(b"Xing"), head.find(b"Info"))
    if place < 0 or not head[place + 7 : place + 8] or not head[place + 7] & 1:
        return 0
    return content.number(start + place + 8, 4)
