"""The file of texts that are no events, or that Ringledger refused for good."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timezone
from pathlib import Path

#: The file begins anew at this size, in bytes; its predecessor is kept.
SIZE_LIMIT = 50_000_000

logger = logging.getLogger(__name__)


class SetAside:
    """The file with what Ringledger or this program cannot read, one JSON object a line, with the reason."""

    def __init__(self, file: Path) -> None:
        """Write to `file`."""
        self._file = file

    def add(self, content: str, reason: str) -> None:
        """Write down `content`; it is on the disk when this returns. Raise OSError."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        line = json.dumps({"at": now, "reason": reason, "content": content}, ensure_ascii=False)
        if self._file.exists() and self._file.stat().st_size > SIZE_LIMIT:
            self._file.replace(f"{self._file}.1")
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        logger.error("set aside in %s: %s", self._file, reason)
