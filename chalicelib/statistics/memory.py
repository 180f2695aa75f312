"""The part of an answer that is in memory, as long as the Lambda's encoded response fits its limit."""

from __future__ import annotations

import json
import zlib

#: Lambda encodes the response as JSON once more. No byte grows beyond this factor.
_GROWTH = 3
#: Characters of a JSON text that get a backslash when it is encoded as JSON again.
_ESCAPED = b'"\\\n\r\t'
#: Bytes of an answer below which compression saves nothing.
_SMALL = 1_000
#: A fast level: four fifths of the best one's effect in a third of its time.
_LEVEL = 2
_GZIP = 31
#: What the compressor may hold back, in bytes.
_HELD_BACK = 70_000


class PlainMemory:
    """An answer as text."""

    def __init__(self, limit: int) -> None:
        """Create an empty one for an encoded response of up to `limit` bytes."""
        self._limit = limit
        self._kept = bytearray()
        self._encoded = 0

    def take(self, chunk: bytes) -> bool:
        """Add a chunk and tell whether everything still fits."""
        self._kept += chunk
        if len(self._kept) * _GROWTH < self._limit:
            return True
        # The exact size costs a pass over the bytes, so each byte is counted once, when the total first matters.
        self._encoded += _encoded_size(chunk if self._encoded else self._kept)
        return self._encoded < self._limit

    def content(self) -> bytes:
        """Return everything so far, and forget it."""
        content, self._kept = bytes(self._kept), bytearray()
        return content

    def body(self) -> str | bytes:
        """Return the body of the response."""
        return self._kept.decode()


class GzipMemory:
    """An answer as bytes that gzip compressed; the response has them in Base64."""

    def __init__(self, limit: int) -> None:
        """Create an empty one for an encoded response of up to `limit` bytes."""
        self._limit = limit
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._kept = bytearray()
        self._size = 0

    def take(self, chunk: bytes) -> bool:
        """Add a chunk and tell whether everything still fits."""
        self._kept += self._compressor.compress(chunk)
        self._size += len(chunk)
        # The compressor cannot hold back more than it was given.
        held_back = min(_HELD_BACK, self._size)
        return (len(self._kept) + held_back) * 4 // 3 < self._limit

    def content(self) -> bytes:
        """Return everything so far uncompressed, and forget it."""
        content = zlib.decompress(self._compressed(), _GZIP)
        self._kept = bytearray()
        return content

    def body(self) -> str | bytes:
        """Return the body of the response: text where it is too small for compression."""
        compressed = self._compressed()
        return compressed if self._size >= _SMALL else zlib.decompress(compressed, _GZIP).decode()

    def _compressed(self) -> bytes:
        self._kept += self._compressor.flush()
        return bytes(self._kept)


def _encoded_size(chunk: bytes | bytearray) -> int:
    """Return the size in bytes of `chunk` inside an ASCII JSON text, the widest encoding that runtimes use."""
    if chunk.isascii():
        return 2 * len(chunk) - len(chunk.translate(None, _ESCAPED))
    return len(json.dumps(chunk.decode()))
