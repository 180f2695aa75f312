"""Sound files of the local stack, each with a tone of its own."""

from __future__ import annotations

import io
import math
import wave
from functools import lru_cache
from uuid import UUID

from chalicelib.platform.postgres import connection
from chalicelib.recordings import links
from chalicelib.settings import Settings

RATE = 8_000
LOUDNESS = 40
SILENCE = 128
# Whole periods in a second, so that seconds can be joined; a major scale from a'.
TONES = (440, 495, 550, 587, 660, 733, 825)

_PLAYING = """
SELECT inviteid::text FROM calls.success
WHERE callrecdel_dt IS NULL AND callrecpath LIKE '%.wav' ORDER BY invitedt DESC LIMIT 1
"""


def sound(seconds: int, tone: int = 0) -> bytes:
    """Return a WAV file of this many seconds: half a second of a tone, half a second of silence, and so on."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(RATE)
        writer.writeframes(_second(TONES[tone % len(TONES)]) * seconds)
    return file.getvalue()


@lru_cache(maxsize=len(TONES))
def _second(frequency: int) -> bytes:
    half = [
        SILENCE + round(LOUDNESS * math.sin(2 * math.pi * frequency * moment / RATE)) for moment in range(RATE // 2)
    ]
    return bytes(half + [SILENCE] * (RATE - len(half)))


def link(settings: Settings) -> str:
    """Return a lasting link to the newest recorded call, or an empty text when there is none."""
    rows = connection(settings.owner_database_url).execute(_PLAYING)
    return links.recording_url(settings.public_url, settings.link_secrets, UUID(rows[0][0])) if rows else ""
