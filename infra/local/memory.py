"""What moto holds in memory, kept on disk: queues with their messages, buckets with their objects.

Kept are the fields of moto's own models (its version is pinned), since its API cannot bring back a message's
id or how often it was received. An object's bytes become a file of their own, written once, from which moto
then reads. Older versions of an object, and multipart uploads under way, are not kept.
"""

from __future__ import annotations

import pickle
import shutil
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeKey, MultipartDict, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.sqs.models import Message, Queue, sqs_backends

from infra.local.archive import Archive, Fields, Identity, Thing

PARTITION = "aws"
# What belongs to a process, or is kept as things of its own.
QUEUE_PARTS = (
    "_messages",
    "_pending_messages",
    "_messages_lock",
    "deleted_messages",
    "dead_letter_queue",
    "lambda_event_source_mappings",
)
BUCKET_PARTS = ("keys", "multiparts")
OBJECT_PARTS = ("_value_buffer", "lock", "multipart")


class Memory:
    """moto's default account and its copy in a folder."""

    def __init__(self, folder: Path) -> None:
        """Keep everything in `folder`, which is made when it is missing."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self._objects = folder / "objects"
        self._objects.mkdir(mode=0o700, exist_ok=True)
        self._archive = Archive(folder / "things.sqlite")

    def restore(self) -> None:
        """Fill moto, which must be empty, with what was kept."""
        for region, name, fields in self._archive.read("queue"):
            _restore_queue(region, name, fields)
        queues = {queue.queue_arn: queue for queue in _queues()}
        for queue in queues.values():
            policy: Fields = getattr(queue, "redrive_policy", None) or {}
            queue.dead_letter_queue = queues.get(policy.get("deadLetterTargetArn", ""))
        for arn, _, fields in self._archive.read("message"):
            _restore_message(queues[arn], fields)
        for _, name, fields in self._archive.read("bucket"):
            _restore_bucket(name, fields)
        for bucket, name, fields in self._archive.read("object"):
            _buckets()[bucket].keys[name] = _restored_object(fields, self._objects)
        self.save()

    def save(self) -> None:
        """Keep what changed since the last time, drop what is gone."""
        things = dict(self._things())
        self._archive.save(things)
        # Only now: until its row was replaced, an object that is gone still needed its file.
        live = {thing.fields()["file"] for identity, thing in things.items() if identity.kind == "object"}
        for path in self._objects.iterdir():
            if path.name not in live:
                path.unlink()
        # moto remembers every message that ever was, for a reset that never comes here.
        Message.instances_tracked.clear()  # type: ignore[attr-defined]

    def close(self) -> None:
        """Let go of the folder."""
        self._archive.close()

    def _things(self) -> Iterator[tuple[Identity, Thing]]:
        # A message moving to the dead letters leaves before it arrives; in this order it is seen twice, not never.
        for queue in sorted(_queues(), key=lambda queue: queue.dead_letter_queue is None):
            yield Identity("queue", queue.region, queue.name), _exactly(queue, QUEUE_PARTS)
            for message in list(queue._messages):
                yield Identity("message", queue.queue_arn, message.id), _message(message, queue)
        for bucket in list(_buckets().values()):
            yield Identity("bucket", "", bucket.name), _exactly(bucket, BUCKET_PARTS)
            for name in list(bucket.keys):
                # None, when it was deleted under our hands.
                key = bucket.keys.get(name)
                if isinstance(key, FakeKey) and self._has_file(key):
                    yield Identity("object", bucket.name, name), _object(key)

    def _has_file(self, key: Any) -> bool:  # noqa: ANN401 - a FakeKey, whose buffer becomes one of ours
        # moto is still reading the bytes of an object that has no digest yet; its request's end brings us back.
        if not key._etag:
            return False
        if isinstance(key._value_buffer, Bytes):
            return True
        path = self._objects / uuid.uuid4().hex
        try:
            with key.lock, path.open("xb") as file:
                key._value_buffer.seek(0)
                shutil.copyfileobj(key._value_buffer, file, 1 << 20)
                key._value_buffer.close()
                key._value_buffer = Bytes(path)
        except ValueError:
            # It was deleted, and its buffer closed, under our hands.
            return False
        return True


class Bytes:
    """An object's bytes, whose file is open only while they are read: many objects need no many handles."""

    def __init__(self, path: Path) -> None:
        """Read from `path`, from its start."""
        self.path = path
        self._position = 0

    def seek(self, position: int) -> None:
        """Go to `position` in bytes."""
        self._position = position

    def read(self, size: int = -1) -> bytes:
        """Answer the next `size` bytes; all of the rest without one."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Nothing is open in between."""


def _queues() -> list[Queue]:
    backends = list(sqs_backends[DEFAULT_ACCOUNT_ID].values())
    return [queue for backend in backends for queue in list(backend.queues.values())]


def _buckets() -> dict[str, FakeBucket]:
    return s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets


def _without(model: object, parts: tuple[str, ...]) -> Fields:
    # The copy comes first, and at once: other threads give attributes to the model.
    return {name: value for name, value in dict(vars(model)).items() if name not in parts}


def _exactly(model: object, parts: tuple[str, ...]) -> Thing:
    return Thing(pickle.dumps(_without(model, parts)), lambda: _without(model, parts))


def _message(message: Message, queue: Queue) -> Thing:
    pending = message in queue._pending_messages
    mark = (message.receipt_handle, message.visible_at, message.delayed_until, pending)
    return Thing(mark, lambda: vars(message) | {"pending": pending})


def _object(key: Any) -> Thing:  # noqa: ANN401 - as above
    file = key._value_buffer.path.name
    return Thing((file, key.last_modified), lambda: _without(key, OBJECT_PARTS) | {"file": file})


def _model(kind: type, fields: Fields, **parts: object) -> Any:  # noqa: ANN401 - one of moto's models
    model: Any = object.__new__(kind)
    model.__dict__.update(fields, **parts)
    return model


def _restore_queue(region: str, name: str, fields: Fields) -> None:
    parts: Fields = {"_messages": [], "_pending_messages": set(), "_messages_lock": threading.Condition()}
    parts |= {"deleted_messages": set(), "dead_letter_queue": None, "lambda_event_source_mappings": {}}
    sqs_backends[DEFAULT_ACCOUNT_ID][region].queues[name] = _model(Queue, fields, **parts)


def _restore_message(queue: Queue, fields: Fields) -> None:
    pending = fields.pop("pending")
    message = _model(Message, fields)
    queue._messages.append(message)
    if pending:
        queue._pending_messages.add(message)


def _restore_bucket(name: str, fields: Fields) -> None:
    _buckets()[name] = _model(FakeBucket, fields, keys=_VersionedKeyStore(), multiparts=MultipartDict())
    s3_backends.bucket_accounts[name] = (PARTITION, DEFAULT_ACCOUNT_ID)


def _restored_object(fields: Fields, folder: Path) -> Any:  # noqa: ANN401 - as above
    buffer = Bytes(folder / fields.pop("file"))
    return _model(FakeKey, fields, _value_buffer=buffer, lock=threading.Lock(), multipart=None)
