"""Storages: a row's code and path lead into one prefix of one bucket, and nowhere else."""

from __future__ import annotations

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.recordings import storages
from chalicelib.recordings.storages import NoPlace, ObjectPlace
from chalicelib.settings import Settings

SETTINGS = Settings(bucket="own", recording_storages=("new=bucket/calls/new", "old=archive", "odd=bucket//x/"))


@pytest.mark.parametrize(
    ("code", "path", "place"),
    [
        ("new", "2026/a.mp3", ObjectPlace("bucket", "calls/new/2026/a.mp3")),
        ("old", "/2026/Запись 1.mp3", ObjectPlace("archive", "2026/Запись 1.mp3")),
        ("odd", "a.mp3", ObjectPlace("bucket", "x/a.mp3")),
        ("", "a.mp3", ObjectPlace("bucket", "calls/new/a.mp3")),
        (None, "a..b/...mp3", ObjectPlace("bucket", "calls/new/a..b/...mp3")),
        ("new", "a%2e%2e/b.mp3", ObjectPlace("bucket", "calls/new/a%2e%2e/b.mp3")),
    ],
)
def test_a_code_stands_for_a_bucket_and_a_prefix(code: str | None, path: str, place: ObjectPlace) -> None:
    """Without a code, the first storage counts; a slash at the beginning of a path has no meaning."""
    assert storages.place(SETTINGS, code, path) == place


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../b.mp3", "./a", "a/.", "..", "a\\..\\b.mp3", "", "/", "a\0b", "я" * 600]
)
def test_a_path_that_leaves_its_prefix_is_refused(path: str) -> None:
    """It has dots that a client would resolve, or cannot be a key of S3."""
    with pytest.raises(NoPlace):
        storages.place(SETTINGS, "new", path)


def test_an_unknown_code_is_refused() -> None:
    """Capital letters count."""
    with pytest.raises(NoPlace, match="'New'"):
        storages.place(SETTINGS, "New", "a.mp3")


def test_without_storages_there_is_one_in_the_bundles_bucket() -> None:
    """Its code is `main`."""
    assert storages.place(Settings(bucket="own"), "main", "a.mp3") == ObjectPlace("own", "recordings/a.mp3")


def test_a_storage_without_a_bucket_is_misconfigured() -> None:
    """The message shows the form of the setting."""
    with pytest.raises(Misconfigured, match="code=bucket/prefix"):
        storages.configured(Settings(recording_storages=("new",)))
