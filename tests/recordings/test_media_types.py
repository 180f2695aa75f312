"""The media types with which recordings are stored and played."""

from __future__ import annotations

import pytest

from chalicelib.recordings.media_types import UNKNOWN, media_type


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("a.mp3", "audio/mpeg"),
        ("A.MP3", "audio/mpeg"),
        ("a.b.wav", "audio/wav"),
        ("a.ogg", "audio/ogg"),
        ("a.opus", "audio/ogg"),
        ("a.flac", "audio/flac"),
        ("a.aac", "audio/aac"),
        ("a.m4a", "audio/mp4"),
        ("a.webm", "audio/webm"),
        ("a.gsm", "audio/gsm"),
        ("a.amr", "audio/amr"),
        ("a.awb", "audio/amr-wb"),
        ("a.html", UNKNOWN),
        ("a.svg", UNKNOWN),
        ("mp3", "audio/mpeg"),
        ("", UNKNOWN),
    ],
)
def test_a_media_type_follows_from_the_extension(name: str, media: str) -> None:
    """A file that is no recording never gets a type that a browser would run."""
    assert media_type(name) == media
