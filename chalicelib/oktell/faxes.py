"""Received faxes: files in the bucket, which clients download by their codes."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid4

from chalicelib.errors import RingledgerError
from chalicelib.platform import objects
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import links
from chalicelib.settings import Settings

PREFIX = "faxes/"
#: The first bytes of a file -> its content type.
KINDS = {b"%PDF-": "application/pdf", b"II*\0": "image/tiff", b"MM\0*": "image/tiff"}

_ADD = "INSERT INTO ledger.faxes (id, key, name, content_type) VALUES (%s, %s, %s, %s)"
_FIND = "SELECT key, name, content_type FROM ledger.faxes WHERE id = %s"


class FaxRefused(RingledgerError):
    """The file is not a fax: a fax is a PDF or a TIFF file."""

    code = "fax-refused"
    status = 400


class Fax(NamedTuple):
    """A fax: its key in the bucket, its file name and its content type."""

    key: str
    name: str
    content_type: str


def add(owner: Connection, settings: Settings, name: str, content: bytes) -> str:
    """Store a fax and return the code to download it by. Raise FaxRefused, Misconfigured and Unavailable."""
    kind = next((kind for mark, kind in KINDS.items() if content.startswith(mark)), "")
    if not kind or not name.isprintable():
        raise FaxRefused
    identity = uuid4()
    code, key = links.call_code(settings.link_secrets, identity), f"{PREFIX}{identity}"
    objects.write(settings.bucket, key, content, kind)
    owner.execute(_ADD, [str(identity), key, name, kind])
    return code


def find(database: Connection, identity: UUID) -> Fax | None:
    """Return the fax with this id, or None."""
    rows = database.execute(_FIND, [str(identity)])
    return Fax(*rows[0]) if rows else None
