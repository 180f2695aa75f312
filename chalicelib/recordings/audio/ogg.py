"""Ogg files (RFC 3533): pages of one or more streams. Opus has an extension of its own."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.recordings.audio.content import Content, CutOff, NotARecording

PAGE_HEAD_BYTES = 27
MAGIC = b"OggS"

_BEGIN, _END = 2, 4
_NO_POSITION = 2**64 - 1
# By the beginning of a stream's first packet.
_EXTENSIONS = {b"OpusHead": "opus", b"\x01vorbis": "ogg", b"\x7fFLAC": "ogg", b"Speex   ": "ogg"}
_LONGEST_MARK = 8


class _Page(NamedTuple):
    """A page: `position` counts the samples of its stream so far, `end` is the offset behind it."""

    flags: int
    position: int
    stream: int
    body: int
    end: int


def check(content: Content, start: int) -> str:
    """Return the extension of the Ogg file at `start`. Raises NotARecording."""
    extension, samples, offset = "", 0, start
    open_streams: set[int] = set()
    while content.read(offset, len(MAGIC)) == MAGIC:
        page = _page(content, offset)
        if page.flags & _BEGIN:
            open_streams.add(page.stream)
            extension = extension or _codec(content, page)
        if page.flags & _END:
            open_streams.discard(page.stream)
        if page.position != _NO_POSITION:
            samples = max(samples, page.position)
        offset = page.end
    if open_streams:
        raise CutOff(content.size, offset + PAGE_HEAD_BYTES)
    if not extension:
        raise NotARecording("The Ogg file has no audio stream of a known codec")
    if not samples:
        raise NotARecording("The Ogg file has no audio")
    return extension


def _page(content: Content, offset: int) -> _Page:
    segments = content.number(offset + PAGE_HEAD_BYTES - 1, 1)
    body = offset + PAGE_HEAD_BYTES + segments
    content.require(body)
    end = body + sum(content.read(offset + PAGE_HEAD_BYTES, segments))
    content.require(end)
    flags = content.number(offset + 5, 1)
    return _Page(flags, content.number(offset + 6, 8, "little"), content.number(offset + 14, 4), body, end)


def _codec(content: Content, page: _Page) -> str:
    packet = content.read(page.body, min(_LONGEST_MARK, page.end - page.body))
    return next((extension for mark, extension in _EXTENSIONS.items() if packet.startswith(mark)), "")
