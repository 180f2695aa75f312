"""The local S3's objects as files: one folder a bucket, and two files an object, its bytes and its headers."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, s3_backends

PARTITION = "aws"
REGION = "us-east-1"
HEADERS = ".json"


class StoredObjects:
    """The files of the objects that moto holds in memory."""

    def __init__(self, folder: Path) -> None:
        """Store the objects in `folder`, which is created when it does not exist."""
        self._folder = folder
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._backend: Any = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION]
        self._lock = threading.Lock()

    def restore(self) -> None:
        """Create the stored buckets and objects in moto, which must be empty."""
        for folder in self._folder.iterdir():
            self._backend.create_bucket(folder.name, REGION)
            for file in folder.glob(f"*{HEADERS}"):
                headers = json.loads(file.read_text("utf-8"))
                key = self._backend.put_object(folder.name, headers.pop("key"), file.with_suffix("").read_bytes())
                key.set_metadata(headers)

    def store(self, bucket: str, key: str) -> None:
        """Make the files of an object, or of all objects of `bucket` when `key` is empty, equal to what moto holds."""
        # Each request stores its object after it has changed it, so the last one to come leaves the latest state.
        with self._lock:
            if bucket not in self._backend.buckets:
                return
            (self._folder / bucket).mkdir(mode=0o700, exist_ok=True)
            for name in [key] if key else self._names(bucket):
                self._store(bucket, name)

    def _names(self, bucket: str) -> set[str]:
        files = (self._folder / bucket).glob(f"*{HEADERS}")
        stored = {json.loads(file.read_text("utf-8"))["key"] for file in files}
        return stored | set(self._backend.buckets[bucket].keys)

    def _store(self, bucket: str, name: str) -> None:
        content = self._folder / bucket / hashlib.sha256(name.encode()).hexdigest()
        headers = content.with_suffix(HEADERS)
        try:
            key = self._backend.get_object(bucket, name)
            value = key.value if isinstance(key, FakeKey) else None
        except ValueError:
            # It is being deleted: moto has closed the buffer of its bytes.
            value = None
        if value is None:
            headers.unlink(missing_ok=True)
            content.unlink(missing_ok=True)
            return
        _replace(content, value)
        # An object counts as stored from here on.
        _replace(headers, json.dumps({**dict(key.metadata), "key": name}).encode())


def _replace(path: Path, content: bytes) -> None:
    staged = path.with_suffix(".new")
    staged.write_bytes(content)
    staged.replace(path)
