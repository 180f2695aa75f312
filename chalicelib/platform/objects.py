"""S3: uploads in parts with bounded memory, and links that expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent import futures
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.errors import TooLarge, Unavailable
from chalicelib.platform import boto3_clients, boto3_errors, runtime

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

PART_SIZE = 8 * 1024 * 1024
PARALLEL_PARTS = 2
BLOCK_BYTES = 1 << 16
CONNECT_SECONDS = 3
READ_SECONDS = 20
AWAY = "The object storage does not answer"


def client() -> S3Client:
    """Return this process's S3 client, made at its first use: importing boto3 costs more than a whole warm request."""
    return runtime.current().shared("s3", _made)


def _made() -> S3Client:
    client: S3Client = boto3_clients.made(
        "s3",
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        request_checksum_calculation="when_required",
    )
    return client


def check(bucket: str) -> None:
    """Check that S3 has `bucket`. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        client().head_bucket(Bucket=bucket)


def link(bucket: str, key: str, seconds: int) -> str:
    """Return an address that downloads one object for `seconds`."""
    address: str = client().generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds
    )
    return address


def put(bucket: str, key: str, file: BinaryIO, content_type: str) -> None:
    """Store the whole content of `file`; the object appears complete or not at all. Raises Unavailable."""
    file.seek(0)
    with boto3_errors.translated(AWAY):
        client().put_object(Bucket=bucket, Key=key, Body=file, ContentType=content_type)


def write(bucket: str, key: str, content: bytes, content_type: str) -> None:
    """Store `content`, in place of what was there. Raises Unavailable."""
    put(bucket, key, BytesIO(content), content_type)


def read(bucket: str, key: str, limit: int) -> bytes | None:
    """Return the content of an object, or None if there is none.

    Raises TooLarge if it has more than `limit` bytes, and Unavailable.
    """
    with boto3_errors.translated(AWAY):
        found = _found(bucket, key)
        content = found["Body"].read(limit + 1) if found else None
    if content is not None and len(content) > limit:
        raise TooLarge(f"{key} has more than {limit} bytes")
    return content


def download(bucket: str, key: str, into: BinaryIO, limit: int) -> int | None:
    """Write the content of an object to `into`. Return its size in bytes, or None if there is no such object.

    Raises TooLarge if it has more than `limit` bytes, and Unavailable.
    """
    with boto3_errors.translated(AWAY):
        found = _found(bucket, key)
        if not found:
            return None
        if found["ContentLength"] > limit:
            raise TooLarge(f"The file is {found['ContentLength']} bytes long; at most {limit} are taken")
        into.writelines(found["Body"].iter_chunks(BLOCK_BYTES))
    return found["ContentLength"]


def fetch(bucket: str, key: str, file: BinaryIO) -> bool:
    """Write the content of an object to `file`; return False if there is none. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        found = _found(bucket, key)
        if found:
            file.writelines(found["Body"].iter_chunks(PART_SIZE))
    return found is not None


def _found(bucket: str, key: str) -> GetObjectOutputTypeDef | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with boto3

    try:
        return client().get_object(Bucket=bucket, Key=key)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None


def keys(bucket: str, prefix: str) -> list[str]:
    """Return the keys of the objects under a prefix, sorted. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]


def delete(bucket: str, key: str) -> None:
    """Delete an object; one that does not exist is no error. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        client().delete_object(Bucket=bucket, Key=key)


def form(bucket: str, key: str, limit: int, seconds: int) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of a form that uploads one object of up to `limit` bytes."""
    made = client().generate_presigned_post(
        bucket, key, Conditions=[["content-length-range", 0, limit]], ExpiresIn=seconds
    )
    return made["url"], made["fields"]


class Upload:
    """The upload of an object in parts while its content is still being written.

    `read(offset, size)` returns the bytes of a part shortly before they are sent, so at most `PARALLEL_PARTS` parts are
    in memory at a time.
    """

    def __init__(self, bucket: str, key: str, content_type: str, read: Callable[[int, int], bytes]) -> None:
        """Begin the upload. Raises Unavailable."""
        self._bucket, self._key = bucket, key
        self._read = read
        self._pool = futures.ThreadPoolExecutor(PARALLEL_PARTS, "upload")
        self._parts: list[futures.Future[CompletedPartTypeDef]] = []
        self._sent = 0
        with boto3_errors.translated(AWAY):
            begun = client().create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
        self._id = begun["UploadId"]

    def written(self, size: int) -> None:
        """Send the whole parts among the `size` bytes that can be read by now."""
        while size - self._sent >= PART_SIZE:
            self._send(PART_SIZE)

    def finish(self, size: int, until: float) -> None:
        """Send the rest of the `size` bytes and make the object visible.

        Raises Unavailable when S3 fails, or when `until` (of `time.monotonic`) comes first.
        """
        self.written(size)
        self._send(size - self._sent)
        futures.wait(self._parts, timeout=max(0.0, until - time.monotonic()))
        if not all(part.done() for part in self._parts):
            raise Unavailable("Storing the answer took too long; repeat the request or narrow the query")
        with boto3_errors.translated(AWAY):
            parts = [part.result() for part in self._parts]
            client().complete_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._id, MultipartUpload={"Parts": parts}
            )
        self._pool.shutdown()

    def abandon(self) -> None:
        """Delete the parts that were sent so far. Raises Unavailable."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with boto3_errors.translated(AWAY):
            client().abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._id)

    def _send(self, size: int) -> None:
        number, offset = len(self._parts) + 1, self._sent
        self._sent += size
        self._parts.append(self._pool.submit(self._send_part, number, offset, size))

    def _send_part(self, number: int, offset: int, size: int) -> CompletedPartTypeDef:
        body = self._read(offset, size)
        answer = client().upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=body
        )
        return {"PartNumber": number, "ETag": answer["ETag"]}
