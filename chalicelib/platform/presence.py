"""Whether an object is in S3: one round trip on a kept connection, without boto3, since a click waits for it.

Without the right to list the bucket (s3:ListBucket), S3 answers 403 for what is not there.
"""

from __future__ import annotations

from http import HTTPStatus

from chalicelib.errors import Unavailable
from chalicelib.platform import http, signing
from chalicelib.platform.http import Peer

LIFE_SECONDS = 60
STORAGE = Peer("The object storage", connect=3, answer=3, whole=6)


def size(bucket: str, key: str) -> int | None:
    """The object's size in bytes, or None when there is none. Raises Unavailable."""
    answer = http.client.ask(STORAGE, "HEAD", signing.presign("HEAD", bucket, key, LIFE_SECONDS))
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"The object storage answered with status {answer.status}")
    return int(answer.headers.get("Content-Length") or 0)
