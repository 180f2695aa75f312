"""A person's number in whatever way it is written: in forms, in JSON and in rows, with separators or escapes or none.

Digits beside a number make it another one, but for a 7 or an 8 before a national one, by which the same subscriber is
called. What is erased becomes as many zeros, so that everything else keeps its place.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

#: So many digits has a Russian number without its prefix.
NATIONAL = 10

#: What may stand between the digits in a row: blanks of any kind, ( ) + - . / _ and the dashes of typography.
SEPARATORS = "\t\n\r \u00a0()+./_\u2212" + "".join(map(chr, range(0x2000, 0x2040))) + "-"
_IN_ROWS = f"[{SEPARATORS}]{{0,4}}"

# The same as bytes, as JSON escapes it, and as forms do.
_RAW = rb"[\t\n\r ()+./_-]|\xc2\xa0|\xe2\x80[\x80-\xbf]|\xe2\x88\x92"
_JSON = rb"\\[/tnr]|\\u00(?:0[09adAD]|2[089bBdDeEfF]|5[fF]|[aA]0)|\\u20[0-3][0-9A-Fa-f]|\\u2212"
_FORM = rb"%(?:0[09adAD]|2[089bBdDeEfF]|5[fF])|%[cC]2%[aA]0|%[eE]2%80%[0-9A-Fa-f]{2}"


class _Spelling(NamedTuple):
    """Finds digits with separators between them (other escapes come first: a digit that ends one is none)."""

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
#: What is left of a webhook's text without separators and words, to be searched for the digits. Its bytes are told as
#: PostgreSQL escapes them, by a backslash and three digits; a backslash is two.
SOUP = (
    rf"regexp_replace(encode(body, 'escape'), '\\\\|\\[0-7]{{3}}|{_NO_DIGITS}', '', 'g')"
    f" || ' ' || regexp_replace(query, '{_NO_DIGITS}', '', 'g')"
)
#: What needs a closer look in any case: digits that are escaped one by one, or stand behind what may be no escape.
ESCAPED = r"encode(body, 'escape') || ' ' || query ~ '%%3[0-9]|u003[0-9]|%%[0-9]{6}|u[0-9]{8}'"


def erased(content: bytes, digits: str) -> bytes:
    """A webhook's bytes without the number of these digits, each of which became a zero."""
    text = _of_wide_characters(content)
    if text is None:
        return _erased(content, digits)
    narrow = text.encode("utf-8", "surrogatepass")
    left = _erased(narrow, digits)
    # Only what changed: a byte order mark may come back another one.
    if left == narrow:
        return content
    return left.decode("utf-8", "surrogatepass").encode(json.detect_encoding(content), "surrogatepass")


def _of_wide_characters(content: bytes) -> str | None:
    """The text of JSON in 16 or 32 bits a character, or None when it is none."""
    encoding = json.detect_encoding(content)
    if encoding.startswith("utf-8"):
        return None
    try:
        # As json.loads reads it.
        return content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return None


def _erased(content: bytes, digits: str) -> bytes:
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    spelling = _IN_JSON if is_json else _IN_FORMS
    wanted = _wanted(digits)

    def rewritten(found: re.Match[bytes]) -> bytes:
        if found["run"] is None:
            return found[0]
        parts = list(spelling.parts.finditer(found[0]))
        plain = "".join(part[0][-1:].decode() if part["digit"] else " " for part in parts)
        left = [part[0] for part in parts]
        for match in wanted.finditer(plain):
            places = [place for place in range(*match.span()) if plain[place] != " "][-len(digits) :]
            for place in places:
                left[place] = b"0"
            if places[0] == 0 and is_json and _stands_bare(content, found.start()):
                # No number in JSON begins with a zero.
                left[0] = b"1"
        return b"".join(left)

    return spelling.runs.sub(rewritten, content)


def pattern(digits: str) -> str:
    """PostgreSQL's pattern for the number in a row; the prefix before it is the first part.

    It takes its time: to be asked of what holds the digits without SEPARATORS.
    """
    spaced = _IN_ROWS.join(digits)
    prefixed = [f"(?<![0-9])([78]{_IN_ROWS}){spaced}(?![0-9])"] if len(digits) == NATIONAL else ["(?!)()"]
    alone = f"(?<![0-9])(?<![0-9]{_IN_ROWS}){spaced}(?![0-9])"
    return "|".join([*prefixed, f"(?<![0-9]){digits}(?![0-9])", alone])


def replacement(digits: str, first: str = "0") -> str:
    """What `pattern` is replaced by; in JSON a number must not begin with a zero."""
    return rf"\1{first}{'0' * (len(digits) - 1)}"


def _wanted(digits: str) -> re.Pattern[str]:
    """The same as `pattern`, in a text of digits and of a blank for each separator."""
    spaced = " {0,4}".join(digits)
    prefixed = [rf"(?<!\d)[78] {{0,4}}{spaced}(?!\d)"] if len(digits) == NATIONAL else []
    return re.compile("|".join([*prefixed, rf"(?<!\d){digits}(?!\d)", rf"^{spaced}(?!\d)"]))


def _stands_bare(content: bytes, start: int) -> bool:
    return content[max(0, start - 20) : start].rstrip()[-1:] in {b":", b",", b"[", b"-"}
