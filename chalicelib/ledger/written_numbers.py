"""Finds and erases a telephone number however it is written: in forms, JSON and rows, with separators and escapes.

Further digits beside a number make it another number, except a 7 or an 8 before a Russian national number. Erased
digits become zeros, so that everything else keeps its place.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

#: The number of digits of a Russian number without its prefix.
NATIONAL = 10

#: The separators between digits in a row: blanks of any kind, ( ) + - . / _ and typographic dashes.
SEPARATORS = "\t\n\r \u00a0()+./_\u2212" + "".join(map(chr, range(0x2000, 0x2040))) + "-"
_IN_ROWS = f"[{SEPARATORS}]{{0,4}}"

# The separators as raw bytes, as JSON escapes them, and as forms escape them.
_RAW = rb"[\t\n\r ()+./_-]|\xc2\xa0|\xe2\x80[\x80-\xbf]|\xe2\x88\x92"
_JSON = rb"\\[/tnr]|\\u00(?:0[09adAD]|2[089bBdDeEfF]|5[fF]|[aA]0)|\\u20[0-3][0-9A-Fa-f]|\\u2212"
_FORM = rb"%(?:0[09adAD]|2[089bBdDeEfF]|5[fF])|%[cC]2%[aA]0|%[eE]2%80%[0-9A-Fa-f]{2}"


class _Spelling(NamedTuple):
    """The patterns of one notation. Other escapes match first, since a digit at the end of an escape is not a digit."""

    runs: re.Pattern[bytes]
    parts: re.Pattern[bytes]


def _spelling(escape: bytes, digit: bytes, separator: bytes) -> _Spelling:
    run = b"(?P<run>(?:" + digit + b")(?:(?:" + separator + b"){0,4}(?:" + digit + b"))*)"
    return _Spelling(re.compile(escape + b"|" + run), re.compile(b"(?P<digit>" + digit + b")|" + separator))


_OTHER = rb"\\u(?!003[0-9])[0-9A-Fa-f]{4}"
_IN_JSON = _spelling(_OTHER, rb"[0-9]|\\u003[0-9]", _RAW + b"|" + _JSON)
_IN_FORMS = _spelling(
    rb"%(?!3[0-9])[0-9A-Fa-f]{2}|" + _OTHER, rb"[0-9]|%3[0-9]|\\u003[0-9]", b"|".join((_RAW, _JSON, _FORM))
)

_NO_DIGITS = (
    r"%%[eE]2%%80%%[0-9A-Fa-f]{2}|%%[cC]2%%[aA]0|%%[02][0-9A-Fa-f]|%%5[fF]"
    r"|u00[025aA][0-9A-Fa-f]|u20[0-3][0-9A-Fa-f]|u2212|[^0-9]"
)
#: SQL: the digits of a webhook without separators and words. Bytes are escaped as PostgreSQL does it, by a backslash
#: and three digits; a backslash by two.
SOUP = (
    rf"regexp_replace(encode(body, 'escape'), '\\\\|\\[0-7]{{3}}|{_NO_DIGITS}', '', 'g')"
    f" || ' ' || regexp_replace(query, '{_NO_DIGITS}', '', 'g')"
)
#: SQL: whether a webhook needs a closer look: it may escape single digits, or its escapes may be ambiguous.
ESCAPED = r"encode(body, 'escape') || ' ' || query ~ '%%3[0-9]|u003[0-9]|%%[0-9]{6}|u[0-9]{8}'"


def erased(content: bytes, digits: str) -> bytes:
    """Return the bytes of a webhook with each of these digits replaced by a zero."""
    text = _wide_json(content)
    if text is None:
        return _erased(content, digits)
    narrow = text.encode("utf-8", "surrogatepass")
    new = _erased(narrow, digits)
    # Unchanged content is returned as it is: encoding it again may change its byte order mark.
    if new == narrow:
        return content
    return new.decode("utf-8", "surrogatepass").encode(json.detect_encoding(content), "surrogatepass")


def _wide_json(content: bytes) -> str | None:
    """Return the text of JSON in UTF-16 or UTF-32, or None for any other content."""
    encoding = json.detect_encoding(content)
    if encoding.startswith("utf-8"):
        return None
    try:
        # Decode as json.loads does.
        return content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return None


def _erased(content: bytes, digits: str) -> bytes:
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    spelling = _IN_JSON if is_json else _IN_FORMS
    number = _number(digits)

    def rewritten(match: re.Match[bytes]) -> bytes:
        if match["run"] is None:
            return match[0]
        parts = list(spelling.parts.finditer(match[0]))
        plain = "".join(part[0][-1:].decode() if part["digit"] else " " for part in parts)
        written = [part[0] for part in parts]
        for occurrence in number.finditer(plain):
            places = [place for place in range(*occurrence.span()) if plain[place] != " "][-len(digits) :]
            for place in places:
                written[place] = b"0"
            if places[0] == 0 and is_json and _is_bare(content, match.start()):
                # A number in JSON does not begin with a zero.
                written[0] = b"1"
        return b"".join(written)

    return spelling.runs.sub(rewritten, content)


def pattern(digits: str) -> str:
    """Return PostgreSQL's pattern for the number in a row; the prefix before it is the first group.

    The pattern is slow: apply it only to texts that hold the digits once SEPARATORS are removed.
    """
    spaced = _IN_ROWS.join(digits)
    prefixed = [f"(?<![0-9])([78]{_IN_ROWS}){spaced}(?![0-9])"] if len(digits) == NATIONAL else ["(?!)()"]
    alone = f"(?<![0-9])(?<![0-9]{_IN_ROWS}){spaced}(?![0-9])"
    return "|".join([*prefixed, f"(?<![0-9]){digits}(?![0-9])", alone])


def replacement(digits: str, first: str = "0") -> str:
    """Return the replacement for matches of `pattern`; `first` is another digit where JSON forbids a leading zero."""
    return rf"\1{first}{'0' * (len(digits) - 1)}"


def _number(digits: str) -> re.Pattern[str]:
    """Return Python's equivalent of `pattern` for a text of digits with a blank for each separator."""
    spaced = " {0,4}".join(digits)
    prefixed = [rf"(?<!\d)[78] {{0,4}}{spaced}(?!\d)"] if len(digits) == NATIONAL else []
    return re.compile("|".join([*prefixed, rf"(?<!\d){digits}(?!\d)", rf"^{spaced}(?!\d)"]))


def _is_bare(content: bytes, start: int) -> bool:
    return content[max(0, start - 20) : start].rstrip()[-1:] in {b":", b",", b"[", b"-"}
