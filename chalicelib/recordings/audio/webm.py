"""WebM files (RFC 8794 and the WebM container guidelines): elements, among them clusters of audio blocks."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.recordings.audio.content import Content, NotARecording

MAGIC = b"\x1a\x45\xdf\xa3"

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_SIMPLE_BLOCK, _BLOCK_GROUP = 0xA3, 0xA0
_LONGEST_ID, _LONGEST_SIZE = 4, 8


class _Element(NamedTuple):
    """An element: `end` is None where its writer did not know its size."""

    identity: int
    body: int
    end: int | None


def matches(head: bytes) -> bool:
    """Return True when a file with this beginning is a WebM file, and no other kind of Matroska."""
    return head.startswith(MAGIC) and b"webm" in head


def check(content: Content, start: int) -> str:
    """Return the extension of the WebM file at `start`. Raises NotARecording."""
    offset, blocks = start, 0
    while offset < content.size:
        element = _element(content, offset)
        if element.end is not None:
            content.require(element.end)
        blocks += element.identity in {_SIMPLE_BLOCK, _BLOCK_GROUP}
        enters = element.identity in {_SEGMENT, _CLUSTER}
        if element.end is None and not enters:
            raise NotARecording(f"The WebM file is damaged at byte {offset}")
        offset = element.body if enters or element.end is None else element.end
    if not blocks:
        raise NotARecording("The WebM file has no audio")
    return "webm"


def _element(content: Content, offset: int) -> _Element:
    identity, body = _number(content, offset, _LONGEST_ID)
    size, body = _number(content, body, _LONGEST_SIZE)
    width = body - offset - _width(identity)
    size -= 1 << 7 * width
    return _Element(identity, body, None if size == (1 << 7 * width) - 1 else body + size)


def _number(content: Content, offset: int, longest: int) -> tuple[int, int]:
    """Return a number of variable length with the bit that marks its length, and the offset behind it."""
    width = 9 - content.number(offset, 1).bit_length()
    if width > longest:
        raise NotARecording(f"The WebM file is damaged at byte {offset}")
    return content.number(offset, width), offset + width


def _width(identity: int) -> int:
    return (identity.bit_length() + 7) // 8
