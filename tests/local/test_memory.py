"""What the embedded S3 holds is kept while it changes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from infra.local.memory import PARTITION, Memory

BUCKET = "changing"
KEYS = [f"object-{number}" for number in range(60)]
SAVES = 15


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns so often that they meet each other half-way."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def _put(name: str, content: bytes) -> None:
    # A request asks for the digest, which moto makes when it has read the whole object.
    assert s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].put_object(BUCKET, name, content).etag


@pytest.mark.usefixtures("impatient")
def test_objects_come_and_go_while_they_are_kept(tmp_path: Path) -> None:
    """Saving goes on whatever is deleted meanwhile, and what is there at the end is kept."""
    storage = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION]
    storage.create_bucket(BUCKET, "us-east-1")
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            for name in KEYS:
                _put(name, b"x")
            for name in KEYS:
                storage.delete_object(BUCKET, name)

    changing = threading.Thread(target=change)
    changing.start()
    memory = Memory(tmp_path / "memory")
    try:
        for _ in range(SAVES):
            memory.save()
    finally:
        ended.set()
        changing.join()
    _put("last", b"last")
    memory.save()
    memory.close()
    storage.delete_object(BUCKET, "last")
    storage.delete_bucket(BUCKET)

    kept = [path.read_bytes() for path in (tmp_path / "memory" / "objects").iterdir()]
    assert kept.count(b"last") == 1
