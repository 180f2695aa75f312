"""Storages of recordings: the code that a call's row names, and the bucket and prefix that it stands for."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.settings import Settings

MAIN = "main"
MAIN_PREFIX = "recordings/"
# In bytes; S3 has no longer ones.
LONGEST_KEY = 1_024


class Storage(NamedTuple):
    """A code and what it stands for; the prefix is empty or ends with a slash."""

    code: str
    bucket: str
    prefix: str


class Place(NamedTuple):
    """An object of S3."""

    bucket: str
    key: str


class NoPlace(RingledgerError):
    """A row names a storage that the settings do not know, or a path that leads out of it."""

    code = "no-place"


def known(settings: Settings) -> tuple[Storage, ...]:
    """Every storage, that of new files first. Raises Misconfigured."""
    if not settings.recording_storages:
        return (Storage(MAIN, settings.bucket, MAIN_PREFIX),)
    return tuple(_storage(word) for word in settings.recording_storages)


def place(settings: Settings, code: str | None, path: str) -> Place:
    """Where the file of a row is; without a code, in the first storage. Raises NoPlace and Misconfigured."""
    storages = known(settings)
    storage = next((storage for storage in storages if storage.code == code), None) if code else storages[0]
    if storage is None:
        raise NoPlace(f"No storage is named {code!r}")
    relative = path.lstrip("/")
    # S3 takes such a key to the letter, but clients resolve its dots on their way there.
    if not relative or {".", ".."} & set(relative.replace("\\", "/").split("/")):
        raise NoPlace("The path leads out of its storage")
    key = storage.prefix + relative
    if len(key.encode(errors="replace")) > LONGEST_KEY or "\0" in key:
        raise NoPlace("The path cannot be a key of S3")
    return Place(storage.bucket, key)


def spellings(settings: Settings, place: Place) -> list[tuple[str, str]]:
    """Every code and path by which a row may name the object at `place`; an empty code is that of no code.

    Paths are without a slash at their beginning. Raises Misconfigured.
    """
    storages = known(settings)
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
