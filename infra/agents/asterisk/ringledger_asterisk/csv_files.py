"""Follows a CEL CSV file through its rotations: by the first line of each file, whatever its name has become."""

from __future__ import annotations

import gzip
import hashlib
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

CHUNK_BYTES = 1_000_000
_FIRST_LINE_BYTES = 65_536

logger = logging.getLogger(__name__)


class FilePlace(NamedTuple):
    """A place in a file: the hash of its first line, empty for the file that comes next, and the offset in bytes."""

    first: str
    offset: int


class Piece(NamedTuple):
    """The content of a file from `place` on. `is_old` says that the file was rotated away, so that nothing follows."""

    place: FilePlace
    data: bytes
    is_old: bool


class RotatedFile:
    """A file that is renamed, compressed, or copied and emptied now and then, and written anew."""

    def __init__(self, path: Path) -> None:
        """Follow the file that has the name `path` while it is written."""
        self._path = path

    def end(self) -> FilePlace:
        """Return the place after the last whole line of the present file."""
        first = _first(self._path)
        if not first:
            return FilePlace("", 0)
        with _opened(self._path) as file:
            content = file.seek(0, 2)
            file.seek(max(0, content - _FIRST_LINE_BYTES))
            tail = file.read(_FIRST_LINE_BYTES)
        return FilePlace(first, content - len(tail) + tail.rfind(b"\n") + 1)

    def read(self, place: FilePlace) -> Piece | None:
        """Return what follows after `place`, or None while there is no file. Raise OSError."""
        current = _first(self._path)
        if current and place.first in {"", current}:
            return self._piece(self._path, FilePlace(current, place.offset), is_old=False)
        old = self._old(place.first)
        if old:
            return self._piece(old, place, is_old=True)
        if not current:
            return None
        if place.first:
            logger.error(
                "%s was rotated away or emptied before all of it was read; reading the present one", self._path
            )
        return self._piece(self._path, FilePlace(current, 0), is_old=False)

    def following(self, place: FilePlace) -> FilePlace | None:
        """Return the beginning of the file after the one at `place`, or None while there is none. Raise OSError."""
        seen = False
        for path in [*self._rotated(), self._path]:
            first = _first(path)
            if seen and first and first != place.first:
                return FilePlace(first, 0)
            seen = seen or first == place.first
        return None

    def _piece(self, path: Path, place: FilePlace, *, is_old: bool) -> Piece:
        with _opened(path) as file:
            file.seek(place.offset)
            return Piece(place, file.read(CHUNK_BYTES), is_old)

    def _old(self, first: str) -> Path | None:
        return next((path for path in self._rotated() if first and _first(path) == first), None)

    def _rotated(self) -> Iterator[Path]:
        """Yield rotated files, oldest first."""
        files = (path for path in self._path.parent.iterdir() if path.name.startswith(self._path.name))
        others = [path for path in files if path != self._path and path.is_file()]
        yield from sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _first(path: Path) -> str:
    """Return the hash of the file's first line, or nothing if there is no whole line yet."""
    try:
        with _opened(path) as file:
            line = file.readline(_FIRST_LINE_BYTES)
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error):
        # There is none, or it is still being compressed.
        return ""
    return hashlib.sha256(line).hexdigest() if line.endswith(b"\n") else ""
