"""The local S3's objects are files that follow every change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local import environment
from infra.local.aws import Aws
from infra.local.keyring import Keyring

BUCKET = "changing"


class Storage:
    """An S3 that can be killed and started again on its folder."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self.folder = folder
        self._port = Keyring(folder).port("aws")
        self.start()

    def start(self) -> None:
        """Start it on the same port as before."""
        self.server = Aws(self.folder / "aws")
        url = self.server.start(self._port)
        self.client: Any = boto3.client("s3", endpoint_url=url)

    def kill(self) -> None:
        """End it without a chance to write anything."""
        assert self.server._process
        with self.server._process as process:
            process.kill()

    def names(self) -> set[str]:
        """Return the keys of all objects."""
        return {item["Key"] for item in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    """Start an S3 with one bucket."""
    environment.prepare_clients()
    storage = Storage(tmp_path)
    storage.client.create_bucket(Bucket=BUCKET)
    yield storage
    storage.server.stop()


@pytest.mark.verify
def test_killed_after_every_kind_of_change(storage: Storage) -> None:
    """Objects that were put, copied or uploaded in parts survive a kill, and deleted ones stay deleted."""
    s3 = storage.client
    s3.put_object(Bucket=BUCKET, Key="put/ü &", Body=b"old")
    s3.put_object(Bucket=BUCKET, Key="put/ü &", Body=b"new", ContentEncoding="gzip")
    s3.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "put/ü &"})
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", ContentType="audio/wav")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="parts", PartNumber=1, UploadId=upload, Body=b"part")
    s3.complete_multipart_upload(
        Bucket=BUCKET, Key="parts", UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )  # fmt: skip
    for name in ("one", "two", "three"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="one")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "two"}]})

    storage.kill()
    storage.start()

    assert storage.names() == {"put/ü &", "copied", "parts", "three"}
    stored = storage.client.get_object(Bucket=BUCKET, Key="put/ü &")
    assert (stored["Body"].read(), stored["ContentEncoding"]) == (b"new", "gzip")
    assert stored["ETag"] == f'"{hashlib.md5(b"new", usedforsecurity=False).hexdigest()}"'
    assert storage.client.get_object(Bucket=BUCKET, Key="parts")["ContentType"] == "audio/wav"


@pytest.mark.verify
def test_killed_while_an_object_is_written(storage: Storage) -> None:
    """Bytes without headers are no object: the headers are written last."""
    storage.client.put_object(Bucket=BUCKET, Key="whole", Body=b"x")
    (storage.folder / "aws" / "buckets" / BUCKET / hashlib.sha256(b"half").hexdigest()).write_bytes(b"half")

    storage.kill()
    storage.start()

    assert storage.names() == {"whole"}
