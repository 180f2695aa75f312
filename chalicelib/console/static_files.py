"""The files of the page in each compression, and the choice among them by what a client accepts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import RingledgerError

STATIC = Path(__file__).with_name("static")
INDEX = "index.html"

#: Name of a file in the folder, without any path.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Such a file has its content's digest in its name, so it never changes.
_HASHED = re.compile(r".+-[A-Z0-9]{8}\.\w+")
_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
#: The codings in the order of preference, and the suffix of the file in each.
_CODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}


class NoSuchFile(RingledgerError):
    """The page has no such file."""

    code = "not-found"
    status = 404


@dataclass(frozen=True)
class StaticFile:
    """A file of the page, ready to be sent; `coding` is empty when its content is not compressed."""

    content: bytes
    type: str
    coding: str
    is_immutable: bool

    @property
    def etag(self) -> str:
        """Return the version of the content in its coding."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def load(name: str, accept_encoding: str) -> StaticFile:
    """Return the file `name` in the best coding that `accept_encoding` admits. Raise NoSuchFile."""
    path = STATIC / name
    if not _NAME.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        raise NoSuchFile
    for coding, suffix in _CODINGS.items():
        packed = STATIC / (name + suffix)
        if coding in _accepted(accept_encoding) and packed.is_file():
            return _file(name, packed, coding)
    return _file(name, path, "")


def _file(name: str, path: Path, coding: str) -> StaticFile:
    return StaticFile(path.read_bytes(), _TYPES[Path(name).suffix], coding, _HASHED.fullmatch(name) is not None)


def _accepted(header: str) -> set[str]:
    """Return the codings that `Accept-Encoding` names with a weight above zero (RFC 9110 section 12.5.3)."""
    choices = (choice.partition(";") for choice in header.lower().split(","))
    return {coding.strip() for coding, _, weight in choices if not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)}
