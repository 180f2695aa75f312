"""The headers of a MIME part, and the names of files in them as clients of 25 years write them. Pure functions."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import unquote_to_bytes

from chalicelib.oktell import encodings

# In quotes, only a quote and a backslash are escaped: Windows clients send whole paths. A value without quotes ends at
# the next semicolon.
_PARAMETER = re.compile(r";\s*([^\s=;\"]{1,64})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_FOLDED = re.compile(r"\r?\n[ \t]+")
# Browsers escape these characters of a name (HTML standard, multipart/form-data).
_BROWSER_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_BROWSER_ESCAPE = re.compile("|".join(_BROWSER_ESCAPES), re.IGNORECASE)
_FILE_NAME = re.compile(r";\s*filename[*0-9]*\s*=", re.IGNORECASE)
#: RFC 2231 numbers the pieces of a long value.
_PIECES = 32


class Headers:
    """The headers of a part, by their names in lower case. A missing one is an empty text."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Take the values by name."""
        self._values = values

    @classmethod
    def read(cls, head: str) -> Headers:
        """Return the headers in `head`. Lines without a colon are ignored."""
        lines = (line.partition(":") for line in _FOLDED.sub(" ", head).splitlines())
        return cls({name.strip().lower(): value.strip() for name, colon, value in lines if colon})

    def __getitem__(self, name: str) -> str:
        """Return the value of a header, or an empty text."""
        return self._values.get(name, "")

    @property
    def type(self) -> str:
        """Return the content type in lower case, without parameters."""
        return self["content-type"].partition(";")[0].strip().lower()

    @property
    def has_file_name(self) -> bool:
        """Return True if the part has a file name, even an empty or an unreadable one."""
        return bool(_FILE_NAME.search(self["content-disposition"])) or "name" in parameters(self._unnamed_type)

    @cached_property
    def file_name(self) -> str:
        """Return the name of the file: `filename*` before `filename`. Without one, return an empty text."""
        values = parameters(self["content-disposition"])
        return extended(values, "filename") or plain(values.get("filename", "")) or self._name_of_type

    @property
    def field(self) -> str:
        """Return the name of the form field in lower case, or an empty text."""
        values = parameters(self["content-disposition"])
        return (extended(values, "name") or plain(values.get("name", ""))).lower()

    @property
    def _unnamed_type(self) -> str:
        # Mail programs name a file in its Content-Type. A form has a disposition, whose word is enough.
        return "" if self["content-disposition"] else self["content-type"]

    @property
    def _name_of_type(self) -> str:
        values = parameters(self._unnamed_type)
        return extended(values, "name") or plain(values.get("name", ""))


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header by their names in lower case; the first of repeated ones counts."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        quoted, bare = match[2], match[3]
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip()
        found.setdefault(match[1].lower(), text)
    return found


def plain(value: str) -> str:
    """Return a name as old clients send it: with the words of RFC 2047 or a browser's escapes, or as it is."""
    if "=?" not in value:
        return _BROWSER_ESCAPE.sub(lambda found: _BROWSER_ESCAPES[found[0].upper()], value)
    from email.errors import HeaderParseError  # noqa: PLC0415 - loaded for such names only
    from email.header import decode_header  # noqa: PLC0415 - as above

    try:
        words = decode_header(value)
    except (HeaderParseError, ValueError, binascii.Error):
        return value
    return "".join(word if isinstance(word, str) else _word(word, charset) for word, charset in words)


def extended(values: Mapping[str, str], name: str) -> str:
    """Return the value that RFC 5987 or RFC 2231 encodes as `name*` or `name*0*`, or an empty text."""
    whole = values.get(f"{name}*", "")
    if whole:
        return _decoded(whole)
    pieces = []
    for number in range(_PIECES):
        escaped, piece = values.get(f"{name}*{number}*"), values.get(f"{name}*{number}")
        if escaped is None and piece is None:
            break
        pieces.append(escaped if escaped is not None else (piece or "").replace("%", "%25"))
    return _decoded("".join(pieces)) if f"{name}*0*" in values else "".join(pieces).replace("%25", "%")


def _decoded(value: str) -> str:
    charset, quote, rest = value.partition("'")
    content = rest.partition("'")[2] if quote else value
    codec = encodings.word_codec(charset) if quote else ""
    return encodings.text(unquote_to_bytes(content), codec)


def _word(word: bytes, charset: str | None) -> str:
    return encodings.text(word, encodings.word_codec(charset or ""))
