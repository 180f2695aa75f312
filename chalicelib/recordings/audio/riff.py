"""WAV files: chunks of RIFF, and of RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088), which hold more than 4 GB."""

from __future__ import annotations

from chalicelib.recordings.audio.content import Content, NotARecording

HEAD_BYTES = 12
CHUNK_HEAD_BYTES = 8
#: The size of the audio when RF64 states the real one in its `ds64` chunk, or when FFmpeg writes to a pipe.
UNKNOWN_SIZE = 0xFFFFFFFF
#: SoX writes this to a pipe; from here on, the size of a file without `ds64` is unknown.
FIRST_UNKNOWN_SIZE = 0x7FFFF000

_BLOCK_ALIGN_OFFSET = 12
_DATA_SIZE_OFFSET = 8


def matches(head: bytes) -> bool:
    """Return True when a file with this beginning is a WAV file."""
    return head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE"


def check(content: Content, start: int) -> str:
    """Return the extension of the WAV file at `start`. Raises NotARecording."""
    long_size = UNKNOWN_SIZE
    block_align = 0
    offset = start + HEAD_BYTES
    while True:
        name, size = _chunk(content, offset)
        body = offset + CHUNK_HEAD_BYTES
        if name == b"data":
            _check_data(content, body, long_size if size == UNKNOWN_SIZE else size, block_align)
            return "wav"
        if name == b"ds64":
            long_size = content.number(body + _DATA_SIZE_OFFSET, 8, "little")
        if name == b"fmt ":
            block_align = content.number(body + _BLOCK_ALIGN_OFFSET, 2, "little")
        # Chunks begin at even offsets.
        offset = body + size + size % 2


def _chunk(content: Content, offset: int) -> tuple[bytes, int]:
    size = content.number(offset + 4, 4, "little")
    return content.read(offset, 4), size


def _check_data(content: Content, body: int, size: int, block_align: int) -> None:
    if not block_align:
        raise NotARecording("The WAV file does not state the format of its audio")
    if FIRST_UNKNOWN_SIZE <= size <= UNKNOWN_SIZE:
        size = content.size - body
    if size < block_align:
        raise NotARecording("The WAV file has no audio")
    content.require(body + size)
