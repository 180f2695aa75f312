"""Files and form fields in a request's body: one file alone, or MIME parts (RFC 2046, RFC 7578) of old clients.

The parts are cut out of the body without copying all of it. The standard library reads their headers. Its time grows
with the square of the parameters, so the limits of every header are checked before it is read.
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

from chalicelib.oktell.refusals import InvalidParameter

PARTS_LIMIT = 100
HEAD_LIMIT = 8_192
#: Lines of a part's headers, and semicolons in them.
HEAD_LINES_LIMIT = 64
SEMICOLONS_LIMIT = 64
BOUNDARY_LIMIT = 70
FIELD_LIMIT = 4_096
#: A form field has short headers. Longer headers are not read before the password is known.
FIELD_HEAD_LIMIT = 512
FIELD_LINES_LIMIT = 8
FIELD_SEMICOLONS_LIMIT = 8
#: The parameters of `upload`. They are form fields even if a client gives each of them a content type, as files have.
FIELDS = frozenset({"password", "presigned", "name"})

# Also matches a file name that the standard library cannot read.
_FILENAME = re.compile(r";\s*filename[*0-9]*\s*=", re.IGNORECASE)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}


class UploadedFile(NamedTuple):
    """An uploaded file: the name that the client gave, if any, and its content. Damaged content is None."""

    name: str
    content: bytes | None


class Part(NamedTuple):
    """A MIME part: its headers as bytes, and its content. The content is None if the body ends inside the part."""

    head: bytes
    content: bytes | None


def files(content_type: str, disposition: str, encoding: str, body: bytes) -> Iterator[UploadedFile]:
    """Yield the files of a body that has these headers.

    Raise InvalidParameter if the body is no MIME, has more than PARTS_LIMIT parts, or headers beyond the limits.
    """
    if not content_type.lower().startswith("multipart/"):
        head = _head(f"Content-Disposition: {disposition}\nContent-Transfer-Encoding: {encoding}")
        yield UploadedFile(_filename(head), _decoded(head, body))
        return
    for part in _parts(content_type, body):
        head = _head(_text(part.head))
        if _is_file(head):
            yield UploadedFile(_filename(head), None if part.content is None else _decoded(head, part.content))


def fields(content_type: str, body: bytes) -> dict[str, str]:
    """Return the form fields of a multipart body whose names are in FIELDS. Any other body has none.

    A longer field than FIELD_LIMIT, or one with headers beyond the limits of a field, is left out. Raise
    InvalidParameter as `files` does.
    """
    values: dict[str, str] = {}
    if content_type.lower().startswith("multipart/"):
        for part in _parts(content_type, body):
            if part.content is not None and len(part.content) <= FIELD_LIMIT and _has_field_head(part.head):
                head = _head(_text(part.head))
                if not _is_file(head):
                    values[_field(head)] = part.content.decode(errors="replace")
    return {name: value for name, value in values.items() if name in FIELDS}


def _has_field_head(head: bytes) -> bool:
    return (
        len(head) <= FIELD_HEAD_LIMIT
        and head.count(b"\n") + head.count(b"\r") <= 2 * FIELD_LINES_LIMIT
        and head.count(b";") <= FIELD_SEMICOLONS_LIMIT
    )


def _parts(content_type: str, body: bytes) -> Iterator[Part]:
    boundary = _parameter(lambda: _head(f"Content-Type: {content_type}").get_boundary())
    if not 0 < len(boundary) <= BOUNDARY_LIMIT:
        raise InvalidParameter("A multipart body needs a boundary of 1 to 70 characters in its Content-Type")
    for number, part in enumerate(_cut(body, boundary.encode(errors="replace"))):
        if number >= PARTS_LIMIT:
            raise InvalidParameter(f"A body may have {PARTS_LIMIT} parts")
        yield part


def _cut(body: bytes, boundary: bytes) -> Iterator[Part]:
    delimiter = b"\r\n--" + boundary
    if not body.startswith(delimiter[2:]) and delimiter not in body:
        raise InvalidParameter("The body does not have the boundary that its Content-Type names")
    place = len(delimiter) - 2 if body.startswith(delimiter[2:]) else body.index(delimiter) + len(delimiter)
    while not body.startswith(b"--", place):
        begin = body.find(b"\r\n", place) + 2
        blank = body.find(b"\r\n\r\n", begin - 2, begin + HEAD_LIMIT)
        end = body.find(delimiter, max(begin - 2, blank))
        if begin < 2 or blank < 0:
            raise InvalidParameter(f"A part has no headers, or more than {HEAD_LIMIT} bytes of them")
        yield Part(body[begin:blank], None if end < 0 else body[min(blank + 4, end) : end])
        if end < 0:
            return
        place = end + len(delimiter)


def _is_file(head: Message) -> bool:
    # A form field usually has a name alone.
    if _FILENAME.search(head.get("Content-Disposition", "")):
        return True
    return bool(head["Content-Type"] or head["Content-Transfer-Encoding"]) and _field(head) not in FIELDS


def _filename(head: Message) -> str:
    return _parameter(head.get_filename)


def _field(head: Message) -> str:
    return _parameter(lambda: collapse_rfc2231_value(head.get_param("name", "", "content-disposition") or "")).lower()


def _parameter(read: Callable[[], str | None]) -> str:
    """Return a header's parameter, or an empty text if the standard library cannot read it (an unknown encoding)."""
    try:
        return read() or ""
    except ValueError:
        return ""


def _head(text: str) -> Message:
    """Parse headers. Raise InvalidParameter if they have more lines or parameters than a client needs."""
    if text.count(";") > SEMICOLONS_LIMIT:
        raise InvalidParameter(f"Headers may have {SEMICOLONS_LIMIT} semicolons")
    if len(text.splitlines()) > HEAD_LINES_LIMIT:
        raise InvalidParameter(f"A part may have {HEAD_LINES_LIMIT} lines of headers")
    return HeaderParser().parsestr(text)


def _text(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        # Russian Windows sends this code page. It decodes any bytes.
        return head.decode("cp1251", "replace")


def _decoded(head: Message, content: bytes) -> bytes | None:
    decode = _DECODERS.get(str(head["Content-Transfer-Encoding"] or "").strip().lower())
    try:
        return decode(content) if decode else content
    except (binascii.Error, ValueError):
        return None
