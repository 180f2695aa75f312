"""Tells a recording's format from its content, and refuses what is no whole recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from chalicelib.recordings.audio import flac, frames, mp4, ogg, pages, riff, speech, webm
from chalicelib.recordings.audio.content import Content, NotARecording

HEAD_BYTES = 64
ID3_HEAD_BYTES = 10
_ID3_FOOTER = 0x10


class _Container(NamedTuple):
    """A format that is known by its first bytes; `check` returns its extension or raises NotARecording."""

    matches: Callable[[bytes], bool]
    check: Callable[[Content, int], str]


_CONTAINERS = (
    _Container(riff.matches, riff.check),
    _Container(lambda head: head.startswith(ogg.MAGIC), ogg.check),
    _Container(lambda head: head.startswith(flac.MAGIC), flac.check),
    _Container(mp4.matches, mp4.check),
    _Container(webm.matches, webm.check),
    _Container(speech.matches_amr, speech.check_amr),
)


def extension(file: BinaryIO, name: str = "") -> str:
    """Return the file name extension of the recording in `file`, such as `mp3`.

    `name` is the provider's own name of the file; raw GSM has no magic number, so a short one counts only when its name
    ends with `.gsm`. Raises NotARecording with the reason when the file is empty, cut off, or something else.
    """
    content = Content(file)
    if not content.size:
        raise NotARecording("The file is empty")
    start = _after_id3(content)
    head = content.read(start, HEAD_BYTES)
    for container in _CONTAINERS:
        if container.matches(head):
            return container.check(content, start)
    found = speech.check_gsm(content, declared=name.lower().endswith(".gsm")) or frames.check(content, start)
    if found:
        return found
    if start:
        raise NotARecording("What came is no recording: it is an ID3 tag without audio")
    raise NotARecording(f"What came is no recording: it is {pages.describe(content.read(0, pages.REACH))}")


def _after_id3(content: Content) -> int:
    """Return the offset behind all ID3v2 tags (id3.org, ID3v2.4 section 3.1). Raises CutOff."""
    offset = 0
    while content.read(offset, 3) == b"ID3":
        content.require(offset + ID3_HEAD_BYTES)
        head = content.read(offset, ID3_HEAD_BYTES)
        # Seven bits of each byte.
        size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        offset += ID3_HEAD_BYTES + size + (ID3_HEAD_BYTES if head[5] & _ID3_FOOTER else 0)
        content.require(offset)
    return offset
