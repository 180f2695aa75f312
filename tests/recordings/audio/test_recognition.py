"""Recognition of recordings: every format, cut anywhere, empty, damaged, and pages that came instead."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.recordings.audio import recognition
from chalicelib.recordings.audio.content import BLOCK_BYTES, CutOff, NotARecording
from chalicelib.recordings.media_types import MEDIA_TYPES

FOLDER = Path(__file__).parents[1] / "samples"
SAMPLES = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix[1:] in MEDIA_TYPES}

ADTS_FRAMES = [347, 331, 312, 251, 12]
MP3_FRAME = 144
AMR_FRAME, AWB_FRAME, GSM_FRAME = 13, 18, 33
#: Cuts that the bytes do not show, in bytes from the beginning; see the package's own description.
INVISIBLE_CUTS = {
    "xing.mp3": [1820 - MP3_FRAME],
    "bare.mp3": range(3 * MP3_FRAME, 11 * MP3_FRAME, MP3_FRAME),
    "adts.aac": [sum(ADTS_FRAMES[:3]), sum(ADTS_FRAMES[:4])],
    "fragmented.m4a": [2050],
    "narrow.amr": range(6 + AMR_FRAME, 331, AMR_FRAME),
    "wide.awb": range(9 + AWB_FRAME, 369, AWB_FRAME),
    "raw.gsm": range(GSM_FRAME, 825, GSM_FRAME),
    "streamed.wav": range(46, 2444),
}


def recognised(content: bytes, name: str = "") -> str:
    """Return the extension, or an empty text for what is refused."""
    try:
        return recognition.extension(io.BytesIO(content), name)
    except NotARecording:
        return ""


def refusal(content: bytes) -> str:
    """Return the reason for which the content is refused."""
    with pytest.raises(NotARecording) as refused:
        recognition.extension(io.BytesIO(content))
    return str(refused.value.message)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_is_recognised(name: str) -> None:
    """The content decides, and the sample's own extension is the expected one."""
    assert recognised(SAMPLES[name]) == name.rpartition(".")[2]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_recording_that_is_cut_off_is_refused(name: str) -> None:
    """Every proper prefix of every sample is refused, except for the documented cuts."""
    content = SAMPLES[name]
    accepted = [size for size in range(len(content)) if recognised(content[:size], name)]
    assert accepted == list(INVISIBLE_CUTS.get(name, ()))


@pytest.mark.parametrize("name", ["pcm.wav", "alaw.wav", "gsm49.wav", "rf64.wav", "xing.mp3", "bare.mp3"])
def test_half_a_recording_says_that_it_is_cut_off(name: str) -> None:
    """The reason differs from that of a page, so that the operator knows where to look."""
    content = SAMPLES[name]
    assert refusal(content[: len(content) // 2 + 1]).startswith("The recording is cut off: ")


@given(st.binary(max_size=3_000))
def test_arbitrary_bytes_are_refused_or_recognised(content: bytes) -> None:
    """No content makes the recogniser fail in another way."""
    assert recognised(content) in {"", *MEDIA_TYPES}


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 2_999), st.binary(min_size=1, max_size=9))
def test_damaged_recordings_are_refused_or_recognised(name: str, place: int, noise: bytes) -> None:
    """Wrong sizes and numbers in a header lead to no other failure, and to no endless loop."""
    content = bytearray(SAMPLES[name])
    content[place % len(content) : place % len(content) + len(noise)] = noise
    assert recognised(bytes(content), name) in {"", *MEDIA_TYPES}


def wav(data: bytes, stated: int, *, extra: bytes = b"") -> bytes:
    """Return a WAV file of 16-bit samples whose data chunk states a size of its own."""
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + extra
    body += b"data" + struct.pack("<I", stated) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "content",
    [wav(b"", 0), wav(b"", 0x7FFFF000), wav(b"", 0xFFFFFFFF), wav(b"\0", 1), wav(b"", 0) + b"LIST\4\0\0\0INFO"],
    ids=["44 bytes", "streamed by SoX", "streamed by FFmpeg", "less than a sample", "tags only"],
)
def test_a_wav_without_audio_is_refused(content: bytes) -> None:
    """A header alone is no recording."""
    assert refusal(content) == "The WAV file has no audio"


@pytest.mark.parametrize("size", [0x7FFFF000, 0xFFFFFFFF])
def test_a_streamed_wav_is_recognised(size: int) -> None:
    """SoX and FFmpeg state these sizes when they write to a pipe."""
    assert recognised(wav(b"\0" * 200, size)) == "wav"


def test_a_wav_with_tags_before_its_audio_is_recognised() -> None:
    """Chunks of odd length are followed by a byte of padding."""
    assert recognised(wav(b"\0" * 200, 200, extra=b"LIST\5\0\0\0INFO!\0")) == "wav"


def test_a_wav_whose_tags_after_the_audio_are_cut_is_played() -> None:
    """The audio is whole, and players need no more."""
    assert recognised(wav(b"\0" * 200, 200) + b"LIST\xff\xff\0\0IN") == "wav"


def test_a_wav_without_a_format_is_refused() -> None:
    """No player can play samples of an unknown format."""
    content = b"RIFF\x2c\0\0\0WAVEdata\x20\0\0\0" + bytes(32)
    assert "format" in refusal(content)


def id3(size: int) -> bytes:
    """Return an ID3v2.4 tag with a picture of so many bytes."""
    coded = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + coded + (b"APIC" + b"\xff\xfb\x90\x64" * size)[:size]


@pytest.mark.parametrize(
    "content",
    [b"ID3", id3(0), id3(1_000), id3(1_000)[:500], id3(1_000) + b"\xff\xfb\x90\x64", b"ID3" + bytes(200)],
    ids=["three bytes", "empty tag", "tag", "half a tag", "one header", "zeros"],
)
def test_an_id3_tag_without_audio_is_refused(content: bytes) -> None:
    """A tag is what comes before a recording."""
    assert recognised(content) == ""


@pytest.mark.parametrize("name", ["bare.mp3", "xing.mp3", "adts.aac"])
def test_audio_after_large_tags_is_recognised(name: str) -> None:
    """Pictures in a tag can be larger than anything that is searched for frames."""
    content = id3(5 * BLOCK_BYTES) + id3(20) + SAMPLES[name]
    assert recognised(content) == name.rpartition(".")[2]
    assert recognised(content[:-1]) == ""


@pytest.mark.parametrize("padding", [b"\0" * 2_000, b"\xff" * 700, SAMPLES["bare.mp3"][100:144]])
def test_padding_before_the_first_frame_is_skipped(padding: bytes) -> None:
    """Zeros, ones, or the rest of a frame of a stream that was tuned into."""
    assert recognised(padding + SAMPLES["bare.mp3"]) == "mp3"
    assert recognised(id3(100) + padding + SAMPLES["bare.mp3"]) == "mp3"


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), b"APETAGEX" + bytes(60), b"\0" * 1_000, b"TAG"])
def test_tags_after_the_last_frame_are_no_matter(tail: bytes) -> None:
    """Tags follow the audio, and may themselves be cut."""
    assert recognised(SAMPLES["bare.mp3"] + tail) == "mp3"


def test_zeros_in_place_of_the_rest_are_a_cut() -> None:
    """A provider that reserves the space first, and writes later, has not written it yet."""
    with pytest.raises(CutOff):
        recognition.extension(io.BytesIO(SAMPLES["bare.mp3"] + bytes(2 * BLOCK_BYTES)))


def test_two_recordings_one_behind_the_other_are_one() -> None:
    """Providers put parts together without writing their headers anew."""
    for name in ("bare.mp3", "xing.mp3", "opus.opus", "vorbis.ogg", "adts.aac"):
        assert recognised(SAMPLES[name] * 2) == name.rpartition(".")[2]
        assert recognised((SAMPLES[name] * 2)[:-50]) == ""


def test_headers_of_ogg_without_audio_are_refused() -> None:
    """The two pages of headers, of which the second one ends the stream."""
    content = SAMPLES["opus.opus"]
    second = content.index(b"OggS", 1)
    third = content.index(b"OggS", second + 1)
    headers = bytearray(content[:third])
    headers[second + 5] |= 4
    assert refusal(bytes(headers)) == "The Ogg file has no audio"


def test_an_mp4_without_audio_is_refused() -> None:
    """An index alone is no recording."""
    content = SAMPLES["index-first.m4a"]
    assert refusal(content[: content.index(b"mdat") - 4]) == "The MP4 file has no audio"


@pytest.mark.parametrize("magic", [b"#!AMR\n", b"#!AMR-WB\n"])
def test_an_amr_without_speech_is_refused(magic: bytes) -> None:
    """The magic number alone, and frames that carry no data."""
    assert refusal(magic) == "The AMR file has no audio"
    assert refusal(magic + b"\x7c" * 100) == "The AMR file has no audio"


def test_a_few_frames_of_gsm_need_a_name() -> None:
    """Raw GSM has no magic number: three frames could be anything."""
    content = SAMPLES["raw.gsm"][: 3 * GSM_FRAME]
    assert (recognised(content), recognised(content, "/records/1.GSM")) == ("", "gsm")


def test_a_large_recording_is_read_in_blocks() -> None:
    """No more than a block of it is in memory, and every frame is visited."""

    class Counted(io.BytesIO):
        longest = 0

        def read(self, size: int | None = -1) -> bytes:
            block = super().read(size)
            self.longest = max(self.longest, len(block))
            return block

    file = Counted(SAMPLES["bare.mp3"] * 2_000)
    assert recognition.extension(file) == "mp3"
    assert file.longest == BLOCK_BYTES
