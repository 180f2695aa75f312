"""Storages of recordings: a call's row names a code, which stands for a bucket and a prefix in it."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.settings import Settings

MAIN = "main"
MAIN_PREFIX = "recordings/"
#: In bytes, the limit of S3.
LONGEST_KEY = 1_024


class Storage(NamedTuple):
    """A code, and the bucket and prefix that it stands for; the prefix is empty or ends with a slash."""

    code: str
    bucket: str
    prefix: str


class ObjectPlace(NamedTuple):
    """An object in S3."""

    bucket: str
    key: str


class NoPlace(RingledgerError):
    """A row names an unknown storage, or a path that leads out of its storage."""

    code = "no-place"


def configured(settings: Settings) -> tuple[Storage, ...]:
    """Return every storage, the one for new files first. Raises Misconfigured."""
    if not settings.recording_storages:
        return (Storage(MAIN, settings.bucket, MAIN_PREFIX),)
    return tuple(_storage(word) for word in settings.recording_storages)


def buckets(settings: Settings) -> set[str]:
    """Return the buckets of all storages. Raises Misconfigured."""
    return {_storage(word).bucket for word in settings.recording_storages} or {settings.bucket}


def place(settings: Settings, code: str | None, path: str) -> ObjectPlace:
    """Return where a row's file is: in the first storage when `code` is empty. Raises NoPlace and Misconfigured."""
    storages = configured(settings)
    storage = next((storage for storage in storages if storage.code == code), None) if code else storages[0]
    if storage is None:
        raise NoPlace(f"No storage is named {code!r}")
    relative = path.lstrip("/")
    # S3 stores such a key as it is, but clients resolve its dots on their way there.
    if not relative or {".", ".."} & set(relative.replace("\\", "/").split("/")):
        raise NoPlace("The path leads out of its storage")
    key = storage.prefix + relative
    if len(key.encode(errors="replace")) > LONGEST_KEY or "\0" in key:
        raise NoPlace("The path cannot be a key of S3")
    return ObjectPlace(storage.bucket, key)


def spellings(settings: Settings, place: ObjectPlace) -> list[tuple[str, str]]:
    """Return each code and path by which a row may name the object at `place`; the code is empty for rows without one.

    Paths have no slash at their beginning. Raises Misconfigured.
    """
    storages = configured(settings)
    return [
        (code, place.key.removeprefix(storage.prefix))
        for storage in storages
        if storage.bucket == place.bucket and place.key.startswith(storage.prefix)
        for code in ([storage.code, ""] if storage is storages[0] else [storage.code])
    ]


def _storage(word: str) -> Storage:
    code, _, where = word.partition("=")
    bucket, _, prefix = where.partition("/")
    if not (code and bucket):
        raise Misconfigured(f"RECORDING_STORAGES is written code=bucket/prefix code=bucket/prefix, not {word!r}")
    return Storage(code, bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")
