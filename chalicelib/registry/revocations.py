"""The deny-list of revoked extensions: a small object in S3, so that accepting webhooks needs no database."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable

from chalicelib.errors import Unavailable
from chalicelib.platform import objects, runtime, signed_requests

KEY = "webhooks/revoked.json"

logger = logging.getLogger(__name__)


def publish(bucket: str, extensions: Iterable[int]) -> None:
    """Write the deny-list with exactly these ids. Raises Unavailable."""
    content = json.dumps({"extensions": sorted(extensions)}).encode()
    objects.write(bucket, KEY, content, "application/json")


class Revocations:
    """The deny-list, at most `seconds` old; while S3 is unavailable, the last one that was read."""

    def __init__(self, bucket: str, seconds: float) -> None:
        """Read nothing until the first look-up."""
        self._bucket, self._seconds = bucket, seconds
        self._revoked: frozenset[int] = frozenset()
        self._due = 0.0
        self._reading = threading.Lock()

    def __contains__(self, extension: int) -> bool:
        """Return whether the extension with this id is revoked."""
        with self._reading:
            if time.monotonic() >= self._due:
                self._read()
        return extension in self._revoked

    def _read(self) -> None:
        try:
            content = signed_requests.read_object(self._bucket, KEY)
            self._revoked = frozenset(json.loads(content)["extensions"] if content else ())
        except (Unavailable, ValueError, LookupError, TypeError):
            # The consumer checks the registry itself and refuses what passes here.
            logger.warning("the list of revoked extensions cannot be read; the last known one applies")
        self._due = time.monotonic() + self._seconds


def current(bucket: str, seconds: float) -> Revocations:
    """Return the list that this process shares."""
    return runtime.current().shared((Revocations, bucket), lambda: Revocations(bucket, seconds))
