"""The files in a request's body: one alone, or MIME parts (RFC 2046, RFC 7578), as old clients send them.

The parts are cut out of the body without a copy of the whole; their headers are the standard library's to read.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Callable, Iterator
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from typing import NamedTuple

from chalicelib.oktell.refusals import Wrong

PARTS_LIMIT = 100
HEAD_LIMIT = 8_192
BOUNDARY_LIMIT = 70
FIELD_LIMIT = 4_096
#: The parameters of `upload`: fields of its form, also where a client gives each of them a type as files have.
FIELDS = frozenset({"password", "presigned", "name"})

# Also of one that cannot be read.
_FILENAME = re.compile(r";\s*filename[*0-9]*\s*=", re.IGNORECASE)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}


class Sent(NamedTuple):
    """A file as it was sent: the name that its sender gave it, if any, and its content, None if that is damaged."""

    name: str
    content: bytes | None


def files(content_type: str, disposition: str, encoding: str, body: bytes) -> Iterator[Sent]:
    """The files of a body with these headers. Raises Wrong when it is no MIME, or has more than PARTS_LIMIT parts."""
    if not content_type.lower().startswith("multipart/"):
        head = _head(f"Content-Disposition: {disposition}\nContent-Transfer-Encoding: {encoding}")
        yield Sent(_filename(head), _decoded(head, body))
        return
    for head, content in _parts(content_type, body):
        if _is_file(head):
            yield Sent(_filename(head), None if content is None else _decoded(head, content))


def fields(content_type: str, body: bytes) -> dict[str, str]:
    """The FIELDS that a form of this type has among its parts, each up to FIELD_LIMIT bytes; no type has none.

    Raises Wrong as `files` does.
    """
    found: dict[str, str] = {}
    if content_type.lower().startswith("multipart/"):
        for head, content in _parts(content_type, body):
            if not _is_file(head) and content is not None and len(content) <= FIELD_LIMIT:
                found[_field(head)] = content.decode(errors="replace")
    return {name: value for name, value in found.items() if name in FIELDS}


def _parts(content_type: str, body: bytes) -> Iterator[tuple[Message, bytes | None]]:
    boundary = _read(lambda: _head(f"Content-Type: {content_type}").get_boundary())
    if not 0 < len(boundary) <= BOUNDARY_LIMIT:
        raise Wrong("A multipart body needs a boundary of 1 to 70 characters in its Content-Type")
    for number, part in enumerate(_cut(body, boundary.encode(errors="replace"))):
        if number >= PARTS_LIMIT:
            raise Wrong(f"A body may have {PARTS_LIMIT} parts")
        yield part


def _cut(body: bytes, boundary: bytes) -> Iterator[tuple[Message, bytes | None]]:
    """Headers and content of each part; the content is None where the body ends before the part does."""
    delimiter = b"\r\n--" + boundary
    if not body.startswith(delimiter[2:]) and delimiter not in body:
        raise Wrong("The body does not have the boundary that its Content-Type names")
    place = len(delimiter) - 2 if body.startswith(delimiter[2:]) else body.index(delimiter) + len(delimiter)
    while not body.startswith(b"--", place):
        begin = body.find(b"\r\n", place) + 2
        blank = body.find(b"\r\n\r\n", begin - 2, begin + HEAD_LIMIT)
        end = body.find(delimiter, max(begin - 2, blank))
        if begin < 2 or blank < 0:
            raise Wrong(f"A part has no headers, or more than {HEAD_LIMIT} bytes of them")
        head = _head(_text(body[begin:blank]))
        yield head, None if end < 0 else body[min(blank + 4, end) : end]
        if end < 0:
            return
        place = end + len(delimiter)


def _is_file(head: Message) -> bool:
    # A field of a form has a name alone, as a rule.
    if _FILENAME.search(head.get("Content-Disposition", "")):
        return True
    return bool(head["Content-Type"] or head["Content-Transfer-Encoding"]) and _field(head) not in FIELDS


def _filename(head: Message) -> str:
    return _read(head.get_filename)


def _field(head: Message) -> str:
    return _read(lambda: collapse_rfc2231_value(head.get_param("name", "", "content-disposition") or "")).lower()


def _read(parameter: Callable[[], str | None]) -> str:
    """A header's parameter; empty too where the standard library cannot read it, such as in an encoding of nobody."""
    try:
        return parameter() or ""
    except ValueError:
        return ""


def _head(text: str) -> Message:
    return HeaderParser().parsestr(text)


def _text(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        # What Windows sends where these clients are at home; it can decode anything.
        return head.decode("cp1251", "replace")


def _decoded(head: Message, content: bytes) -> bytes | None:
    decode = _DECODERS.get(str(head["Content-Transfer-Encoding"] or "").strip().lower())
    try:
        return decode(content) if decode else content
    except (binascii.Error, ValueError):
        return None
