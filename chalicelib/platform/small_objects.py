"""S3: small objects, written whole, and read within a second or not at all."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.platform import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 0.3
READ_SECONDS = 0.5


@lru_cache(maxsize=1)
def _client() -> S3Client:
    import boto3  # noqa: PLC0415 - a cold start pays for boto3 only where S3 is used
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    return boto3.client("s3", config=settings)


def read(bucket: str, key: str) -> bytes | None:
    """The object's content, or None when there is no such object. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return _client().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as fault:
        if fault.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise Unavailable("The object storage does not answer") from fault
    except BotoCoreError as fault:
        raise Unavailable("The object storage does not answer") from fault


def write(bucket: str, key: str, content: bytes, content_type: str) -> None:
    """Put the object in place of what was there. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        # Whoever writes has time, and may be far away.
        objects.client().put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The object storage does not answer") from fault
