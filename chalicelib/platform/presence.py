"""Whether an object is in S3: one round trip on a kept connection, without boto3, since a click waits for it.

Without the right to list the bucket (s3:ListBucket), S3 answers 403 for what is not there.
"""

from __future__ import annotations

from http import HTTPStatus

from chalicelib.errors import Unavailable
from chalicelib.platform import persistent, signing
from chalicelib.platform.persistent import Server

SECONDS = 3
LIFE_SECONDS = 60


def size(bucket: str, key: str) -> int | None:
    """The object's size in bytes, or None when there is none. Raises Unavailable."""
    storage = Server("The object storage", SECONDS, SECONDS, 2 * SECONDS)
    said = persistent.ask(storage, "HEAD", signing.presign("HEAD", bucket, key, LIFE_SECONDS))
    if said.status == HTTPStatus.NOT_FOUND:
        return None
    if said.status != HTTPStatus.OK:
        raise Unavailable(f"The object storage answered with status {said.status}")
    return int(said.headers.get("Content-Length") or 0)
