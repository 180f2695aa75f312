"""Files and form fields in a request's body: one file alone, or MIME parts (RFC 2046, RFC 7578) of old clients.

The parts are cut out of the body without copying all of it. Everything that is read before the caller is known takes
time in proportion to the size of the body, and headers have limits.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from chalicelib.oktell import encodings
from chalicelib.oktell.mime_headers import Headers, parameters
from chalicelib.oktell.refusals import InvalidParameter

PARTS_LIMIT = 100
#: A file part may be a `multipart/mixed` of several files, as RFC 2388 has it, which has no further parts in it.
DEPTH_LIMIT = 2
HEAD_LIMIT = 8_192
#: Lines of a part's headers, and semicolons in them.
HEAD_LINES_LIMIT = 64
SEMICOLONS_LIMIT = 64
BOUNDARY_LIMIT = 70
FIELD_LIMIT = 32_768
#: A password or another field of `upload` is shorter.
SHORT_FIELD_LIMIT = 4_096
#: A form field has short headers. Longer headers are not read before the password is known.
FIELD_HEAD_LIMIT = 512
FIELD_LINES_LIMIT = 8
FIELD_SEMICOLONS_LIMIT = 8
#: The parameters of `upload`. They are form fields even if a client gives each of them a content type, as files have.
FIELDS = frozenset({"password", "presigned", "name"})

_DECODERS: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}


class UploadedFile(NamedTuple):
    """An uploaded file: the name that the client gave, if any, and its content. A refused one has a reason instead."""

    name: str
    content: bytes | None
    reason: str = ""


class Part(NamedTuple):
    """A MIME part: its headers as bytes, and its content. The content is None if the body ends inside the part."""

    head: bytes
    content: bytes | None


def files(content_type: str, disposition: str, encoding: str, body: bytes) -> Iterator[UploadedFile]:
    """Yield the files of a body that has these headers.

    Raise InvalidParameter if the body is no MIME, has more than PARTS_LIMIT parts, or headers beyond the limits.
    """
    if content_type.lower().startswith("multipart/"):
        yield from _files(content_type, body, count(1), DEPTH_LIMIT)
        return
    head = Headers({"content-disposition": encodings.header(disposition), "content-transfer-encoding": encoding})
    yield _decoded(head, body)


def _files(content_type: str, body: bytes, number: Iterator[int], depth: int) -> Iterator[UploadedFile]:
    for part in _parts(content_type, body, number):
        head = _head(part.head)
        if head.type.startswith("multipart/") and part.content is not None and depth > 1:
            yield from _files(head["content-type"], part.content, number, depth - 1)
        elif _is_file(head, part):
            yield _decoded(head, part.content)


def fields(content_type: str, body: bytes, names: frozenset[str] | None = None) -> dict[str, str]:
    """Return the form fields of a multipart body, by their names in lower case: those in `names`, or all of them.

    Any other body has none. A field that is too long, or has headers beyond the limits of a field, is left out. Raise
    InvalidParameter as `files` does.
    """
    values: dict[str, str] = {}
    if not content_type.lower().startswith("multipart/"):
        return values
    limit = SHORT_FIELD_LIMIT if names else FIELD_LIMIT
    for part in _parts(content_type, body, count(1)):
        if part.content is not None and len(part.content) <= limit and _has_field_head(part.head):
            head = _head(part.head)
            if not head.has_file_name and (names is None or head.field in names):
                values[head.field] = encodings.text(part.content, encodings.declared(head["content-type"]))
    return values


def _has_field_head(head: bytes) -> bool:
    return (
        len(head) <= FIELD_HEAD_LIMIT
        and head.count(b"\n") + head.count(b"\r") <= 2 * FIELD_LINES_LIMIT
        and head.count(b";") <= FIELD_SEMICOLONS_LIMIT
    )


def _parts(content_type: str, body: bytes, number: Iterator[int]) -> Iterator[Part]:
    """Yield the parts of a body. `number` counts them, over all levels of a nested body."""
    boundary = parameters(content_type).get("boundary", "") if content_type.count(";") <= SEMICOLONS_LIMIT else ""
    if not 0 < len(boundary) <= BOUNDARY_LIMIT:
        raise InvalidParameter("A multipart body needs a boundary of 1 to 70 characters in its Content-Type")
    for part in _cut(body, boundary.encode(errors="replace")):
        if next(number) > PARTS_LIMIT:
            raise InvalidParameter(f"A body may have {PARTS_LIMIT} parts")
        yield part


def _cut(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts between the lines of the boundary. Lines end as the first of these lines does: CRLF or LF."""
    line = b"--" + re.escape(boundary) + rb"(?:--|[ \t]{0,8}(\r?\n|\Z))"
    first = re.compile(line).match(body) or re.compile(rb"\n" + line).search(body)
    if first is None or not first[0].endswith((b"--", b"\n")):
        raise InvalidParameter("The body does not have the boundary that its Content-Type names")
    end_of_line = first[1] or b"\n"
    following = re.compile(re.escape(end_of_line) + line)
    begin, is_last = first.end(), first[0].endswith(b"--")
    while not is_last:
        content = _end_of_head(body, begin, end_of_line)
        # The line end before the boundary may be that after an empty content, or that after the headers.
        delimiter = following.search(body, max(begin, content - len(end_of_line)))
        if delimiter is None:
            yield Part(body[begin:content], None)
            return
        yield Part(body[begin:content], body[min(content, delimiter.start()) : delimiter.start()])
        begin, is_last = delimiter.end(), delimiter[0].endswith(b"--")


def _end_of_head(body: bytes, begin: int, end_of_line: bytes) -> int:
    """Return where the content begins. Raise InvalidParameter if there are no headers, or too many."""
    blank = body.find(end_of_line * 2, begin, begin + HEAD_LIMIT)
    if blank < 0:
        raise InvalidParameter(f"A part has no headers, or more than {HEAD_LIMIT} bytes of them")
    return blank + 2 * len(end_of_line)


def _head(head: bytes) -> Headers:
    """Read headers. Raise InvalidParameter if they have more lines or parameters than a client needs."""
    if head.count(b";") > SEMICOLONS_LIMIT:
        raise InvalidParameter(f"Headers may have {SEMICOLONS_LIMIT} semicolons")
    if head.count(b"\n") > HEAD_LINES_LIMIT:
        raise InvalidParameter(f"A part may have {HEAD_LINES_LIMIT} lines of headers")
    return Headers.read(encodings.text(head))


def _is_file(head: Headers, part: Part) -> bool:
    if head.has_file_name:
        # A browser sends a file field that the user left empty as a part without a name and without content.
        return bool(head.file_name) or bool(part.content) or part.content is None
    # A form field usually has a name alone. Clients of .NET also give it the type of a text.
    has_type = bool(head["content-type"] or head["content-transfer-encoding"])
    return has_type and head.field not in FIELDS and not (head.field and head.type == "text/plain")


def _decoded(head: Headers, content: bytes | None) -> UploadedFile:
    name, encoding = head.file_name, head["content-transfer-encoding"].strip().lower()
    decode = _DECODERS.get(encoding)
    if content is None:
        return UploadedFile(name, None, "the body ends inside this file")
    try:
        return UploadedFile(name, decode(content) if decode else content)
    except (binascii.Error, ValueError):
        return UploadedFile(name, None, f"the content is not {encoding}, as its Content-Transfer-Encoding says")
