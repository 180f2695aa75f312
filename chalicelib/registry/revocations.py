"""The deny-list of revoked extensions: a small object in S3, so that accepting webhooks needs no database."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable
from functools import lru_cache

from chalicelib.errors import Unavailable
from chalicelib.platform import small_objects

KEY = "webhooks/revoked.json"

logger = logging.getLogger(__name__)


def publish(bucket: str, extensions: Iterable[int]) -> None:
    """Let the list hold these ids and no others. Raises Unavailable."""
    content = json.dumps({"extensions": sorted(extensions)}).encode()
    small_objects.write(bucket, KEY, content, "application/json")


class Revocations:
    """The list as it was at most `seconds` ago; while S3 is away, as it was last known."""

    def __init__(self, bucket: str, seconds: float) -> None:
        """Know nothing until the first question."""
        self._bucket, self._seconds = bucket, seconds
        self._revoked: frozenset[int] = frozenset()
        self._due = 0.0
        self._reading = threading.Lock()

    def __contains__(self, extension: int) -> bool:
        """Whether the extension of this id is revoked."""
        with self._reading:
            if time.monotonic() >= self._due:
                self._read()
        return extension in self._revoked

    def _read(self) -> None:
        try:
            content = small_objects.read(self._bucket, KEY)
            self._revoked = frozenset(json.loads(content)["extensions"] if content else ())
        except (Unavailable, ValueError, LookupError, TypeError):
            # The consumer looks at the registry itself and refuses what slips through here.
            logger.warning("the list of revoked extensions cannot be read; the last known one holds")
        self._due = time.monotonic() + self._seconds


@lru_cache(maxsize=1)
def current(bucket: str, seconds: float) -> Revocations:
    """This process's list."""
    return Revocations(bucket, seconds)
