"""The recordings of the demonstration tell the truth about their lengths."""

from __future__ import annotations

import io
import wave

import pytest

from infra.demonstration.webhooks import sounds
from infra.local import tapes


@pytest.mark.parametrize("seconds", [3, 7, 29.9, 30, 899, 1_800])
def test_a_recording_is_no_longer_than_its_talk(seconds: float) -> None:
    """A talk gets the longest file that fits, and the file's id tells its length."""
    length = sounds.fitting(seconds)

    assert length <= seconds
    assert sounds.length_of(sounds.recording(seconds), 12) == length
    assert sounds.length_of("another", 12) == 12


@pytest.mark.parametrize("length", [3, 90])
def test_sizes_are_those_of_the_files(length: int) -> None:
    """The size that rows have is the size of the sound file, which plays for its length."""
    file = tapes.sound(length, length)

    assert len(file) == sounds.size(length)
    with wave.open(io.BytesIO(file)) as sound:
        assert sound.getnframes() / sound.getframerate() == length
