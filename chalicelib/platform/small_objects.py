"""S3: small objects, written whole, and read within a second or not at all."""

from __future__ import annotations

from http import HTTPStatus

from chalicelib.errors import Unavailable
from chalicelib.platform import http, objects, signing
from chalicelib.platform.http import Peer

STORAGE = Peer("The object storage", connect=0.3, answer=0.5, whole=0.9)
LIFE_SECONDS = 60


def read(bucket: str, key: str) -> bytes | None:
    """The object's content, or None when there is no such object. Raises Unavailable."""
    # Without boto3, since a PBX waits for its first webhook to be accepted.
    answer = http.client.ask(STORAGE, "GET", signing.presign("GET", bucket, key, LIFE_SECONDS))
    if answer.status == HTTPStatus.NOT_FOUND and b"<Code>NoSuchKey</Code>" in answer.body:
        return None
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"The object storage answered with status {answer.status}")
    return answer.body


def write(bucket: str, key: str, content: bytes, content_type: str) -> None:
    """Put the object in place of what was there. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        # Whoever writes has time, and may be far away.
        objects.client().put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The object storage does not answer") from fault
