"""Recordings of the demonstration: sound files of a few seconds, each with a tone of its own."""

from __future__ import annotations

import io
import math
import wave
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from uuid import UUID

from chalicelib.platform import objects
from chalicelib.platform.postgres import connection
from chalicelib.recordings import links, storages
from chalicelib.recordings.media_types import MEDIA_TYPES
from chalicelib.settings import Settings

COUNT = 20
LONGEST_SECONDS = 30
RATE = 8_000
LOUDNESS = 40
SILENCE = 128
# Whole periods in a second, so that seconds can be joined; a major scale from a'.
TONES = (440, 495, 550, 587, 660, 733, 825)

_NEWEST = """
SELECT inviteid::text, callstoragecode, callrecpath, duration FROM calls.success
WHERE isrec AND callrecdel_dt IS NULL AND callrecpath LIKE '%%.mp3' AND recexpirets > now() AT TIME ZONE 'UTC'
ORDER BY invitedt DESC LIMIT %s
"""
_RENAME = "UPDATE calls.success SET callrecpath = %s, callrecsize = %s WHERE inviteid = %s"
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


def record(settings: Settings) -> None:
    """Store a file for each of the newest calls of the demonstration, and write its name and size to the call."""
    owner = connection(settings.owner_database_url)
    rows = owner.execute(_NEWEST, [COUNT])

    def store(number: int) -> tuple[str, int, str]:
        inviteid, code, path, duration = rows[number]
        content = sound(max(1, min(duration, LONGEST_SECONDS)), number)
        name = path.removesuffix(".mp3") + ".wav"
        objects.put(*storages.place(settings, code, name), io.BytesIO(content), MEDIA_TYPES["wav"])
        return name, len(content), inviteid

    with ThreadPoolExecutor(4) as pool:
        for change in pool.map(store, range(len(rows))):
            owner.execute(_RENAME, change)


def link(settings: Settings) -> str:
    """Return a lasting link to one of them, or an empty text when there is none."""
    rows = connection(settings.owner_database_url).execute(_PLAYING)
    return links.recording_url(settings.public_url, settings.link_secrets, UUID(rows[0][0])) if rows else ""
