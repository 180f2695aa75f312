"""Describes what came in place of a recording: error pages and messages, in any encoding."""

from __future__ import annotations

import codecs
import re
import zlib

#: How much of a file is enough to describe it.
REACH = 4_096
LONGEST_QUOTE = 80

_BLANK = " \t\r\n\0\ufeff"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_HTML_TITLE = re.compile(r"<(?:title|h1|message|error)\b[^>]*>\s*([^<]+?)\s*<", re.IGNORECASE)
_JSON_MESSAGE = re.compile(
    r"\"(?:message|error_description|error|detail|title|reason)\"\s*:\s*\"((?:[^\"\\]|\\.)+)\"", re.IGNORECASE
)
# An address may hold a key.
_ADDRESS = re.compile(r"\w+://\S+")


def describe(begin: bytes) -> str:
    """Return a few words about the file that begins with `begin`, such as `a page with the title "Log in"`."""
    if begin.startswith(_GZIP):
        return f"a compressed file (gzip) of {describe(_unpacked(begin))}"
    text = _text(begin)
    if text is None:
        return f"bytes of an unknown kind, which begin with {begin[:8].hex(' ')}"
    if text.startswith("<"):
        return _with_quote("a page", "the title", _HTML_TITLE, text)
    if text.startswith(("{", "[")):
        return _with_quote("JSON", "the message", _JSON_MESSAGE, text)
    return f"the text {_quote(text)}" if text else "blanks"


def _unpacked(begin: bytes) -> bytes:
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(begin, REACH)
    except zlib.error:
        return b""


def _text(begin: bytes) -> str | None:
    """Return the text, or None when the bytes are no text in any of the usual encodings."""
    encoding = next((encoding for mark, encoding in _MARKS if begin.startswith(mark)), None) or _wide(begin)
    if encoding is None:
        encoding = "utf-8" if _is_utf8(begin) else "windows-1251"
    text = begin.decode(encoding, "ignore").strip(_BLANK)
    shown = sum(letter.isprintable() or letter in _BLANK for letter in text)
    return text if shown == len(text) else None


def _wide(begin: bytes) -> str | None:
    """Return the UTF-16 of a text without a byte order mark that begins with two ASCII characters, if any."""
    zeros = tuple(not byte for byte in begin[:4])
    if zeros == (False, True, False, True):
        return "utf-16-le"
    return "utf-16-be" if zeros == (True, False, True, False) else None


def _is_utf8(begin: bytes) -> bool:
    try:
        # The last character may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return False
    return True


def _with_quote(kind: str, what: str, pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return f"{kind} with {what} {_quote(match[1])}" if match else kind


def _quote(text: str) -> str:
    words = " ".join(_ADDRESS.sub("…", text).split())
    return f'"{words[:LONGEST_QUOTE]}{"…" if len(words) > LONGEST_QUOTE else ""}"'
