"""A person's number in whatever way it is written: in forms, in JSON and in rows, with separators or escapes or none.

Digits beside a number make it another one, but for a 7 or an 8 before it, by which the same subscriber is called. What
is erased becomes as many zeros, so that everything else keeps its place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

_DIGIT = rb"(?:[0-9]|%3[0-9]|\\u003[0-9])"
# Blank ( ) + - . / and a blank that does not break, as they stand, as forms escape them and as JSON does.
_SEPARATOR = (
    rb"(?:[\t ()+./-]|\xc2\xa0|%(?:09|20|28|29|2[bB]|2[dD]|2[eE]|2[fF]|[cC]2%[aA]0)"
    rb"|\\t|\\u00(?:09|20|28|29|2[bB]|2[dD]|2[eE]|2[fF]|[aA]0))"
)
_SEPARATORS = 4
# They come first: a digit that ends an escape is none.
_OTHER_ESCAPE = rb"%(?!3[0-9])[0-9A-Fa-f]{2}|\\u(?!003[0-9])[0-9A-Fa-f]{4}"


def _finder(digits: bytes) -> re.Pattern[bytes]:
    return re.compile(_OTHER_ESCAPE + rb"|(?P<found>" + digits + rb")")


_NUMBERS = _finder(_DIGIT + rb"(?:" + _SEPARATOR + rb"{0,%d}" % _SEPARATORS + _DIGIT + rb")*")
_PARTS = _finder(_DIGIT + rb"+")
_DIGITS = _finder(_DIGIT)

#: What may stand between the digits in a row.
SEPARATORS = "\t \u00a0()+./-"
_IN_ROWS = f"[{SEPARATORS}]{{0,4}}"

#: Of a webhook named `event`, to be compared with digits: what is left of its text without separators and words. What
#: is escaped digit by digit needs a closer look in any case.
TEXT = "encode(body, 'escape') || ' ' || query"
SOUP = (
    rf"regexp_replace({TEXT}, '%%2[0-9A-Fa-f]|%%09|%%[cC]2%%[aA]0|u00[02aA][0-9A-Fa-f]|\\[0-7]{{3}}|[^0-9]', '', 'g')"
)
ESCAPED = f"{TEXT} ~ '%%3[0-9]|u003[0-9]'"


def erased(content: bytes, digits: str) -> bytes:
    """A webhook's bytes without the number of these digits, each of which became a zero."""
    wanted = {prefix + digits.encode() for prefix in (b"", b"7", b"8")}

    def rewritten(number: bytes) -> bytes:
        if _plain(number) in wanted:
            return _zeroed(number, len(digits))
        # Several numbers with blanks between them look like one.
        return _replaced(_PARTS, number, lambda part: _zeroed(part, len(digits)) if _plain(part) in wanted else part)

    return _replaced(_NUMBERS, content, rewritten)


def pattern(digits: str) -> str:
    """PostgreSQL's pattern for the number in a row: what stands before it is the first or the second part.

    It takes its time: to be asked of what holds the digits without SEPARATORS.
    """
    spaced = _IN_ROWS.join(digits)
    return (
        f"(?<![0-9])([78]?){digits}(?![0-9])|(?<![0-9])(?<![0-9]{_IN_ROWS})([78]?{_IN_ROWS}){spaced}(?!{_IN_ROWS}[0-9])"
    )


def replacement(digits: str) -> str:
    """What `pattern` is replaced by."""
    return rf"\1\2{'0' * len(digits)}"


def _plain(number: bytes) -> bytes:
    return b"".join([digit[-1:] for digit in _DIGITS.findall(number)])


def _zeroed(number: bytes, count: int) -> bytes:
    kept, places = len(_plain(number)) - count, itertools.count()
    return _replaced(_DIGITS, number, lambda digit: digit if next(places) < kept else b"0")


def _replaced(finder: re.Pattern[bytes], content: bytes, rewritten: Callable[[bytes], bytes]) -> bytes:
    return finder.sub(lambda match: match[0] if match["found"] is None else rewritten(match["found"]), content)
