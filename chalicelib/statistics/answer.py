"""The sink for an answer's rows: memory while they fit a Lambda's response, S3 when they do not."""

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
#: Lambda encodes the response as JSON once more. No byte grows beyond this factor.
_GROWTH = 3
#: Bytes of a proxy response other than its body: status and headers.
_AROUND = 2_000
#: COPY's quote character here. JSON never contains it unescaped, so it only surrounds rows that contain line breaks.
_QUOTE = b"\x01"
#: Characters of a JSON text that get a backslash when it is encoded as JSON again.
_ESCAPED = b'"\\\n\r\t'


@dataclass(frozen=True)
class StoredAnswer:
    """An answer that is stored in S3: its key and its size in bytes."""

    key: str
    size: int


class RowSink:
    """A sink for COPY that takes one row per `write`: a comma and a JSON object.

    Rows stay in memory while the encoded proxy response fits `answer_limit` bytes. Further rows go to a temporary file,
    and its complete parts are uploaded to S3 in parallel. So memory does not grow with the answer, and a slow S3 does
    not use up the statement's time limit.
    """

    def __init__(self, *, answer_limit: int, spill_limit: int, bucket: str, key: str) -> None:
        """Create an empty sink.

        `spill_limit` is the largest answer in bytes; `bucket` and `key` name the S3 object for a large answer.
        """
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
        """Take one row as COPY sends it. Raise QueryFailed over the limit, Unavailable when S3 fails."""
        self.count += 1
        self._pending += row
        if len(self._pending) >= _CHUNK:
            self._flush()

    def finish(self, until: float) -> str | StoredAnswer:
        """Return the complete envelope, or its place in S3. `until` is a deadline on the `time.monotonic` clock."""
        self._flush()
        if self._upload is None:
            return f"{OPENING}[{self._kept[1:].decode()}]{CLOSING}"
        self._append(f"]{CLOSING}".encode())
        self._upload.finish(self._size, until)
        self._upload = None
        return StoredAnswer(self._target[1], self._size)

    @property
    def size(self) -> int:
        """Return the number of bytes of all rows so far."""
        return self._size + len(self._kept) + len(self._pending)

    def discard(self) -> None:
        """Drop the collected rows, in S3 too. Does nothing after `finish`."""
        upload, self._upload = self._upload, None
        if upload is not None:
            # The caller must see the original error. The bucket's lifecycle rule removes an upload that stays.
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
        # The exact size costs a pass over the bytes, so each byte is counted once, when the total first matters.
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
    """Return the size in bytes of `chunk` inside an ASCII JSON text, the widest encoding that runtimes use."""
    if chunk.isascii():
        return 2 * len(chunk) - len(chunk.translate(None, _ESCAPED))
    return len(json.dumps(chunk.decode()))
