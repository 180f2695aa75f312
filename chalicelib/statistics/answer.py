"""The sink for an answer's rows: memory while they fit a Lambda's response, S3 when they do not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from chalicelib.errors import QueryFailed, Unavailable
from chalicelib.platform import objects
from chalicelib.statistics.memory import GzipMemory, PlainMemory

OPENING = '{"success":true,"error":null,"data":'
CLOSING = "}"
JSON_TYPE = "application/json; charset=utf-8"

_CHUNK = 256 * 1024
#: Bytes of a proxy response other than its body: status and headers.
_AROUND = 2_000
#: COPY's quote character here. JSON never contains it unescaped, so it only surrounds rows that contain line breaks.
_QUOTE = b"\x01"
_SPACES = bytes.maketrans(b"\r\n", b"  ")


class Frame(NamedTuple):
    """The text around the rows of an answer, its content type, and the extension of its name in S3.

    Each row begins with a separator of `separator` characters, of which the first row's is dropped. When `is_json`,
    COPY's quotes around rows are removed. `convert` makes a line of the answer from a row as COPY sends it.
    """

    opening: str = f"{OPENING}["
    closing: str = f"]{CLOSING}"
    content_type: str = JSON_TYPE
    extension: str = "json"
    separator: int = 1
    is_json: bool = True
    convert: Callable[[bytes], bytes] | None = None

    def around(self, rows: bytes) -> bytes:
        """Return the whole answer of JSON with these rows as COPY sent them."""
        return self.opening.encode() + rows.replace(_QUOTE, b"")[self.separator :] + self.closing.encode()


def crlf_line(row: bytes) -> bytes:
    """Return a row of CSV with the line end of RFC 4180."""
    return row[:-1] + b"\r\n"


def json_line(row: bytes) -> bytes:
    """Return a row of JSON in one line. COPY quotes a row with line breaks, which values of type json may contain."""
    if not row.startswith(_QUOTE):
        return row
    return row.strip(_QUOTE + b"\n").translate(_SPACES) + b"\n"


class Limits(NamedTuple):
    """The sizes in bytes of an answer: as a Lambda's encoded response, and as a whole. `gzip` allows compression."""

    response: int
    whole: int
    gzip: bool = False


class InlineAnswer(NamedTuple):
    """An answer for the response's body. A body of bytes is compressed by gzip. `etag` is empty for one without."""

    body: str | bytes
    content_type: str = JSON_TYPE
    etag: str = ""


class Unchanged(NamedTuple):
    """The answer to a client that has the present result under `etag`."""

    etag: str


class StoredAnswer(NamedTuple):
    """An answer that is stored in S3: its key, its size in bytes, its content type and its ETag, if it has one."""

    key: str
    size: int
    content_type: str = JSON_TYPE
    etag: str = ""


class RowSink:
    """A sink for COPY that takes one row per `write`.

    Rows stay in memory while the encoded proxy response fits. Further rows go to a temporary file, and its complete
    parts are uploaded to S3 in parallel. So memory does not grow with the answer, and a slow S3 does not use up the
    statement's time limit.
    """

    def __init__(self, frame: Frame, limits: Limits, bucket: str, name: str) -> None:
        """Create an empty sink; `bucket` and `name` say where in S3 a large answer is stored."""
        self.count = 0
        self._frame = frame
        self._limits = limits
        self._target = (bucket, f"{name}.{frame.extension}")
        self._pending = bytearray()
        self._memory = (GzipMemory if limits.gzip else PlainMemory)(limits.response - _AROUND)
        self._is_empty = True
        self._file: BinaryIO | None = None
        self._upload: objects.Upload | None = None
        self._size = 0

    def write(self, row: bytes) -> None:
        """Take one row as COPY sends it. Raise QueryFailed over the limit, Unavailable when S3 fails."""
        self.count += 1
        self._pending += self._frame.convert(row) if self._frame.convert else row
        if len(self._pending) >= _CHUNK:
            self._flush()

    def finish(self, until: float) -> InlineAnswer | StoredAnswer:
        """Return the complete answer, or its place in S3. `until` is a deadline on the `time.monotonic` clock."""
        self._flush()
        self._append(self._frame.closing.encode())
        if self._upload is None:
            return InlineAnswer(self._memory.body(), self._frame.content_type)
        self._upload.finish(self._size, until)
        self._upload = None
        return StoredAnswer(self._target[1], self._size, self._frame.content_type)

    @property
    def size(self) -> int:
        """Return the number of bytes so far."""
        return self._size + len(self._pending)

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
        chunk, self._pending = bytes(self._pending), bytearray()
        if self._frame.is_json:
            chunk = chunk.replace(_QUOTE, b"")
        if self._is_empty:
            chunk = self._frame.opening.encode() + chunk[self._frame.separator :]
            self._is_empty = False
        self._append(chunk)

    def _append(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._upload is None:
            if self._memory.take(chunk):
                return
            chunk = self._memory.content()
            self._spill()
        self._write(chunk)

    def _spill(self) -> None:
        bucket, key = self._target
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by discard
        descriptor, content_type = self._file.fileno(), self._frame.content_type
        self._upload = objects.Upload(bucket, key, content_type, lambda at, size: os.pread(descriptor, size, at))

    def _write(self, chunk: bytes) -> None:
        if self._file is None or self._upload is None:
            raise RuntimeError("rows are written to a file only after the upload began")
        if self._size > self._limits.whole:
            raise QueryFailed(
                f"the answer is larger than {self._limits.whole} bytes: ask for fewer columns, a shorter period, "
                "or let the query aggregate (count, sum, group by)"
            )
        self._file.write(chunk)
        self._upload.written(self._size)
