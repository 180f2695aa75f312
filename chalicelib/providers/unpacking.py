"""Undo Content-Encoding: gzip and deflate, also several of them, up to UNPACKED_LIMIT bytes."""

from __future__ import annotations

import re
import zlib

from chalicelib.calls.events import Unreadable

#: The largest unpacked body in bytes: as large as an unpacked one may come.
UNPACKED_LIMIT = 1_048_576
CODINGS_LIMIT = 3
MEMBERS_LIMIT = 16

#: Bytes at the begin of a body that cannot be unpacked.
_EXAMINED = 1_000
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
# The window sizes by which zlib tells its formats apart.
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
# Senders mean either of two formats by deflate.
_WINDOWS: dict[str, tuple[int, ...]] = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _DEFLATE)}


def unpacked(body: bytes, content_encoding: str) -> bytes:
    """Return a body without the codings that a header Content-Encoding names. Raises Unreadable."""
    named = [part.strip().lower() for part in content_encoding.split(",")]
    codings = [coding for coding in named if coding not in {"", "identity"}]
    if len(codings) > CODINGS_LIMIT:
        raise Unreadable(f"Content-Encoding may name {CODINGS_LIMIT} codings")
    for name in reversed(codings):
        body = _undone(name, body)
    return body


def _undone(coding: str, body: bytes) -> bytes:
    if coding not in _WINDOWS:
        raise Unreadable(f"Content-Encoding {coding[:40]} is not supported: gzip and deflate are")
    fault: zlib.error | None = None
    for window in _WINDOWS[coding]:
        try:
            return _inflated(body, window)
        except zlib.error as error:
            fault = fault or error
    if _is_text(body):
        # API Gateway unpacks bodies, and the header can remain.
        return body
    raise Unreadable(f"The body is not {coding}, which its Content-Encoding names: {fault}")


def _is_text(body: bytes) -> bool:
    """Return whether a body looks like text and like no beginning of a packed stream (RFC 1950 section 2.2)."""
    is_zlib = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    return bool(body) and not is_zlib and not _CONTROL.search(body, 0, _EXAMINED)


def _inflated(packed: bytes, window: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for _ in range(MEMBERS_LIMIT):
        stream = zlib.decompressobj(window)
        part = stream.decompress(packed, UNPACKED_LIMIT + 1 - size)
        size += len(part)
        if size > UNPACKED_LIMIT:
            raise Unreadable(f"The unpacked body is larger than {UNPACKED_LIMIT} bytes")
        if not stream.eof:
            raise zlib.error("it ends too early")
        parts.append(part)
        packed = stream.unused_data
        if not packed:
            return b"".join(parts)
    raise Unreadable(f"The packed body may have {MEMBERS_LIMIT} parts")
