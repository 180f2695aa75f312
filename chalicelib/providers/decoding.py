"""Bring a webhook to plain UTF-8, whatever its sender packed or encoded it in.

Every provider reads what `plain` returns, so no reader decodes bytes itself. Stored events keep the bytes as received.

  1. Content-Encoding is undone (`unpacking`).
  2. UTF-16 and UTF-32, with or without a byte order mark, become UTF-8; a byte order mark is removed.
  3. Each value of a form and each string of JSON is decoded by itself: as UTF-8, else in the declared charset, else as
     windows-1251. Real senders mix encodings within one request.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple
from urllib.parse import quote_plus, unquote_to_bytes

from chalicelib.calls.events import Raw
from chalicelib.providers.unpacking import unpacked

FALLBACK = "windows-1251"

ASSUMED = f"not UTF-8: read as {FALLBACK}"
REPLACED = "some bytes could not be decoded: the raw event keeps them"
SENT_REPLACED = "came with replacement characters (U+FFFD)"
HALF_CHARACTERS = "half a surrogate pair was replaced: the raw event keeps it"

_MARK = re.compile(rb"\A(?:\xef\xbb\xbf|%[eE][fF]%[bB][bB]%[bB][fF])")
_ESCAPED_BYTE = re.compile(rb"%[89A-Fa-f]")
# All bytes of one character beyond ASCII lie in one run.
_ESCAPED_RUN = re.compile(rb"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_ESCAPED_HALF = re.compile(rb"\\u[dD][89A-Fa-f]")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]+)", re.ASCII | re.IGNORECASE)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_LONE_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_ASCII = bytes(range(0x20, 0x7F))


class Plain(NamedTuple):
    """A webhook in UTF-8, and notes for the records that follow from it."""

    raw: Raw
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def is_lossy(self) -> bool:
        """Return whether some text of the webhook could not be decoded."""
        return any(REPLACED in text or HALF_CHARACTERS in text for _, text in self.notes)


def plain(raw: Raw) -> Plain:
    """Return `raw` with its query and body in UTF-8. Raises Unreadable when its body cannot be unpacked."""
    if not raw.content_encoding and _is_plain(raw.body) and _is_plain(raw.query.encode(errors="replace")):
        return Plain(raw)
    notes: set[str] = set()
    charset = _declared(raw.content_type)
    body = _narrowed(unpacked(raw.body, raw.content_encoding), notes)
    decode = _json if body.lstrip()[:1] in {b"{", b"["} else _form
    body, query = decode(body, charset, notes), _form(_without_mark(raw.query.encode(errors="replace")), charset, notes)
    notes |= _faults_of_sender(body, query) if REPLACED not in notes else set()
    encoding = (("encoding", "; ".join(sorted(notes))),) if notes else ()
    return Plain(replace(raw, query=query.decode(), body=body, content_encoding=""), encoding)


def _faults_of_sender(*contents: bytes) -> set[str]:
    """Return notes on characters that were lost before the webhook was sent."""
    notes: set[str] = set()
    for content in contents:
        capitals = content.upper()
        if b"%EF%BF%BD" in capitals or b"\xef\xbf\xbd" in content or b"\\UFFFD" in capitals:
            notes.add(SENT_REPLACED)
        if b"\\UD" in capitals and _LONE_HALF.search(content):
            notes.add(HALF_CHARACTERS)
    return notes


def _is_plain(content: bytes) -> bool:
    """Return whether `content` is ASCII that escapes nothing but ASCII."""
    return not content or (
        content.isascii()
        and b"\0" not in content
        and not _ESCAPED_BYTE.search(content)
        and not (b"\\" in content and (_ESCAPED_HALF.search(content) or b"\\ufffd" in content.lower()))
    )


def _narrowed(body: bytes, notes: set[str]) -> bytes:
    """Return UTF-16 and UTF-32 as UTF-8, anything else as it is; without a byte order mark."""
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):
        marked = body.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF32_LE))
        text = body.decode(encoding, "replace")
        # Without a mark, zero bytes at the beginning may also be noise before a form.
        if marked or any(sign in text for sign in "={["):
            if "\ufffd" in text:
                notes.add(REPLACED)
            body = text.encode()
    return _without_mark(body)


def _without_mark(content: bytes) -> bytes:
    return _MARK.sub(b"", content, count=1)


def _json(body: bytes, charset: str, notes: set[str]) -> bytes:
    if _is_utf8(body):
        return body
    return _STRING.sub(lambda string: _decoded(string[0], charset, notes).encode(), body)


def _form(body: bytes, charset: str, notes: set[str]) -> bytes:
    if _is_utf8(body) and all(_is_utf8(_unescaped(run)) for run in _ESCAPED_RUN.findall(body)):
        return body
    piece: Callable[[bytes], bytes] = partial(_piece, charset=charset, notes=notes)
    pairs = [pair.partition(b"=") for pair in body.split(b"&")]
    return b"&".join([piece(name) + equals + piece(value) for name, equals, value in pairs])


def _piece(quoted: bytes, charset: str, notes: set[str]) -> bytes:
    content = unquote_to_bytes(quoted.replace(b"+", b" "))
    # A character may also be half escaped and half raw.
    if _is_utf8(content) and _is_utf8(quoted):
        return quoted
    return quote_plus(_decoded(content, charset, notes)).encode()


def _unescaped(run: bytes) -> bytes:
    return bytes.fromhex(run.replace(b"%", b"").decode("ascii"))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(content: bytes, charset: str, notes: set[str]) -> str:
    text, note = _read(content, charset)
    if note:
        notes.add(note)
    return text


def _read(content: bytes, charset: str) -> tuple[str, str]:
    """Return the text of `content`, and a note on how it was decoded when the sender did not say so."""
    for encoding in ("utf-8", charset):
        try:
            return content.decode(encoding), ""
        except UnicodeDecodeError:
            continue
    # A text of UTF-8 that was cut within a character, or has a stray byte, has more whole characters than broken ones.
    broken = content.decode("utf-8", "replace")
    lost = broken.count("\ufffd")
    if sum(character > "\x7f" for character in broken) > 2 * lost:
        return broken, REPLACED
    text = content.decode(FALLBACK, "replace")
    return text, (REPLACED if "\ufffd" in text else ASSUMED)


@lru_cache(maxsize=64)
def _declared(content_type: str) -> str:
    """Return the charset that `content_type` names if it can be used value by value, else UTF-8."""
    declared = _CHARSET.search(content_type)
    name = declared[1] if declared else "utf-8"
    try:
        keeps_ascii = "escape" not in name and _ASCII.decode(name) == _ASCII.decode()
    except (LookupError, ValueError):
        keeps_ascii = False
    return name if keeps_ascii else "utf-8"
