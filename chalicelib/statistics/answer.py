"""Where an answer's rows gather: in memory while they fit a Lambda's response, else on their way to S3."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from chalicelib.errors import QueryFailed, Unavailable
from chalicelib.platform import objects

OPENING = '{"success":true,"error":null,"data":'
CLOSING = "}"
CONTENT_TYPE = "application/json; charset=utf-8"

_CHUNK = 256 * 1024
#: Encoding the response once more as JSON, as Lambda does, grows no byte of it beyond this factor.
_GROWTH = 3
#: What a proxy response has beside its body: status, headers.
_AROUND = 2_000
#: COPY's quote in our format. JSON never holds it raw, so it only ever surrounds a row with line breaks of its own.
_QUOTE = b"\x01"
#: What JSON writes with a backslash before it, of the characters that JSON itself may hold.
_ESCAPED = b'"\\\n\r\t'


@dataclass(frozen=True)
class Stored:
    """An answer that lies in S3."""

    key: str
    size: int


class Rows:
    """A sink for COPY: one `write` a row, each row a comma and a JSON object.

    Up to `answer_limit` bytes (of the encoded proxy response) stay in memory. Beyond that rows go to a temporary file,
    whose finished parts are sent to S3 at the same time: so neither memory grows with the answer, nor does a slow S3
    slow the statement down, which has a time limit of its own.
    """

    def __init__(self, *, answer_limit: int, spill_limit: int, bucket: str, key: str) -> None:
        """`spill_limit` is in bytes of the whole answer; `bucket` and `key` say where a large one goes."""
        self.count = 0
        self._answer_limit = answer_limit - _AROUND
        self._spill_limit = spill_limit
        self._target = (bucket, key)
        self._pending = bytearray()
        self._kept = bytearray()
        self._encoded = 0
        self._file: BinaryIO | None = None
        self._upload: objects.Upload | None = None
        self._size = 0

    def write(self, row: bytes) -> None:
        """Take one row as COPY sends it. Raises QueryFailed over the limit, Unavailable when S3 fails."""
        self.count += 1
        self._pending += row
        if len(self._pending) >= _CHUNK:
            self._flush()

    def finish(self, until: float) -> str | Stored:
        """The complete envelope, or where in S3 it lies; `until` is of `time.monotonic`."""
        self._flush()
        if self._upload is None:
            return f"{OPENING}[{self._kept[1:].decode()}]{CLOSING}"
        self._append(f"]{CLOSING}".encode())
        self._upload.finish(self._size, until)
        self._upload = None
        return Stored(self._target[1], self._size)

    @property
    def size(self) -> int:
        """The bytes of rows so far."""
        return self._size + len(self._kept) + len(self._pending)

    def discard(self) -> None:
        """Give up what was gathered, in S3 too; harmless after `finish`."""
        upload, self._upload = self._upload, None
        if upload is not None:
            # What made us give up is what the caller must see; the bucket's lifecycle drops what stays.
            with suppress(Unavailable):
                upload.abandon()
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        chunk, self._pending = bytes(self._pending.replace(_QUOTE, b"")), bytearray()
        if self._upload is not None:
            self._append(chunk)
            return
        self._kept += chunk
        if not self._fits(chunk):
            self._spill()

    def _fits(self, chunk: bytes) -> bool:
        if len(self._kept) * _GROWTH < self._answer_limit:
            return True
        # The exact size costs a pass over the bytes; each byte is counted once, when it might first matter.
        self._encoded += _encoded_size(chunk if self._encoded else self._kept)
        return self._encoded < self._answer_limit

    def _spill(self) -> None:
        bucket, key = self._target
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by discard
        descriptor = self._file.fileno()
        self._upload = objects.Upload(bucket, key, CONTENT_TYPE, lambda at, size: os.pread(descriptor, size, at))
        rows, self._kept = self._kept, bytearray()
        self._append(f"{OPENING}[".encode() + rows[1:])

    def _append(self, chunk: bytes) -> None:
        if self._file is None or self._upload is None:
            raise RuntimeError("rows are appended to a file only after the spill began")
        self._size += len(chunk)
        if self._size > self._spill_limit:
            raise QueryFailed(
                f"the answer is larger than {self._spill_limit} bytes: ask for fewer columns, a shorter period, "
                "or let the query aggregate (count, sum, group by)"
            )
        self._file.write(chunk)
        self._upload.written(self._size)


def _encoded_size(chunk: bytes | bytearray) -> int:
    """The bytes that `chunk` takes within a JSON text of ASCII, the widest of the encodings that runtimes use."""
    if chunk.isascii():
        return 2 * len(chunk) - len(chunk.translate(None, _ESCAPED))
    return len(json.dumps(chunk.decode()))
