"""M4A and other MP4 files (ISO 14496-12): boxes, among them an index (`moov`) and audio (`mdat`)."""

from __future__ import annotations

from chalicelib.recordings.audio.content import Content, CutOff, NotARecording

BOX_HEAD_BYTES = 8
LONG_HEAD_BYTES = 16

# Sizes that are none: the size follows in eight bytes, or the box reaches to the end of the file.
_LONG, _TO_THE_END = 1, 0


def matches(head: bytes) -> bool:
    """Return True when a file with this beginning is an MP4 file."""
    return head[4:8] == b"ftyp"


def check(content: Content, start: int) -> str:
    """Return the extension of the MP4 file at `start`. Raises NotARecording."""
    offset, name, has_index, audio_bytes = start, b"", False, 0
    while offset < content.size:
        name, body, end = _box(content, offset)
        content.require(end)
        has_index |= name == b"moov"
        audio_bytes += end - body if name == b"mdat" else 0
        offset = end
    if not has_index or name == b"moof":
        raise CutOff(content.size)
    if not audio_bytes:
        raise NotARecording("The MP4 file has no audio")
    return "m4a"


def _box(content: Content, offset: int) -> tuple[bytes, int, int]:
    """Return the box's name, the offset of its body and the one behind it."""
    size, body = content.number(offset, 4), offset + BOX_HEAD_BYTES
    content.require(body)
    name = content.read(offset + 4, 4)
    if size == _LONG:
        size, body = content.number(body, 8), offset + LONG_HEAD_BYTES
    elif size == _TO_THE_END:
        size = content.size - offset
    if size < body - offset:
        raise NotARecording(f"The MP4 file is damaged at byte {offset}")
    return name, body, offset + size
