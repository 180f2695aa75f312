"""FLAC files (RFC 9639): the last frame must be whole, and hold the last of the samples that the file states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.recordings.audio.content import BLOCK_BYTES, Content, CutOff, NotARecording

MAGIC = b"fLaC"

_BLOCK_HEAD_BYTES = 4
_LAST_BLOCK = 0x80
_STREAMINFO_BYTES = 34
_SAMPLES_MASK = 2**36 - 1
_LONGEST_HEAD = 16
# The size of a block by its code; 6 and 7 are followed by the size less one, in one byte or two.
_BLOCK_SIZES = {1: 192} | {code: 576 << code - 2 for code in range(2, 6)} | {code: 1 << code for code in range(8, 16)}
_BLOCK_SIZE_BYTES = {6: 1, 7: 2}
_RATE_BYTES = {12: 1, 13: 2, 14: 2}
_FORBIDDEN_RATE = 15
_ID3V1_BYTES = 128


class _Frame(NamedTuple):
    """The header of a frame: `number` counts frames, or samples where blocks have no `fixed` size."""

    fixed: bool
    number: int
    samples: int


def check(content: Content, start: int) -> str:
    """Return the extension of the FLAC file at `start`. Raises NotARecording."""
    info = start + len(MAGIC) + _BLOCK_HEAD_BYTES
    content.require(info + _STREAMINFO_BYTES)
    block_size = content.number(info, 2)
    total = content.number(info + 10, 8) & _SAMPLES_MASK
    audio = _after_metadata(content, start + len(MAGIC))
    end = content.size
    if content.read(max(audio, end - _ID3V1_BYTES), 3) == b"TAG":
        end -= _ID3V1_BYTES
    if audio >= end:
        raise CutOff(content.size) if total else NotARecording("The FLAC file has no audio")
    samples = _samples_at_end(content, audio, end, block_size)
    if samples is None or samples < total:
        raise CutOff(content.size)
    return "flac"


def _after_metadata(content: Content, offset: int) -> int:
    last = False
    while not last:
        last = bool(content.number(offset, 1) & _LAST_BLOCK)
        offset += _BLOCK_HEAD_BYTES + content.number(offset + 1, 3)
    content.require(offset)
    return offset


def _samples_at_end(content: Content, audio: int, end: int, block_size: int) -> int | None:
    """Return the number of samples up to the end of the last frame, or None when that frame is not whole."""
    begin = max(audio, end - BLOCK_BYTES)
    tail = content.read(begin, end - begin)
    place = tail.rfind(b"\xff")
    while place >= 0:
        frame = _frame(tail[place : place + _LONGEST_HEAD])
        if frame and not _crc16(tail[place:]):
            return frame.number * (block_size if frame.fixed else 1) + frame.samples
        place = tail.rfind(b"\xff", 0, place)
    return None


def _frame(head: bytes) -> _Frame | None:
    """Return the frame's header at the beginning of `head`, or None when its checksum says that none is there."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] & 15 == _FORBIDDEN_RATE:
        return None
    code, rate = head[2] >> 4, head[2] & 15
    number_bytes = max(1, 8 - (head[4] ^ 0xFF).bit_length())
    place = 4 + number_bytes
    size_bytes = _BLOCK_SIZE_BYTES.get(code, 0)
    end = place + size_bytes + _RATE_BYTES.get(rate, 0)
    if end >= len(head) or _crc8(head[:end]) != head[end]:
        return None
    samples = int.from_bytes(head[place : place + size_bytes], "big") + 1 if size_bytes else _BLOCK_SIZES.get(code, 0)
    return _Frame(not head[1] & 1, _coded_number(head[4:place]), samples)


def _coded_number(coded: bytes) -> int:
    """Return the number that is coded as UTF-8 codes characters, in up to seven bytes."""
    value = coded[0] & (0x7F >> len(coded) if len(coded) > 1 else 0x7F)
    for byte in coded[1:]:
        value = value << 6 | byte & 0x3F
    return value


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    values = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        values.append(value)
    return tuple(values)


_CRC8, _CRC16 = _table(0x07, 8), _table(0x8005, 16)


def _crc8(content: Iterable[int]) -> int:
    value = 0
    for byte in content:
        value = _CRC8[value ^ byte]
    return value


def _crc16(content: Iterable[int]) -> int:
    value = 0
    for byte in content:
        value = (value << 8 & 0xFFFF) ^ _CRC16[value >> 8 ^ byte]
    return value
