"""The lasting choices of a data folder: generated secrets and loopback ports."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

SECRET_BYTES = 24


def write_private(path: Path, value: object) -> None:
    """Write `value` as JSON to `path`, atomically, readable by its owner alone."""
    write_private_text(path, json.dumps(value, indent=2))


def write_private_text(path: Path, text: str) -> None:
    """Write `text` to `path`, atomically, readable by its owner alone."""
    staged = path.with_suffix(".new")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if os.geteuid() == 0:
        # A start as root must not lock out the owner of the data.
        os.fchown(descriptor, path.parent.stat().st_uid, path.parent.stat().st_gid)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    staged.replace(path)


class Keyring:
    """The secrets and ports of one data folder, generated on first use."""

    def __init__(self, data: Path) -> None:
        """Keep them in `data`/secrets.json."""
        self._path = data / "secrets.json"
        self._kept: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def secret(self, name: str) -> str:
        """Return the secret of this name: letters and digits that fit into any URL."""
        if name not in self._kept:
            self._keep(name, secrets.token_hex(SECRET_BYTES))
        return str(self._kept[name])

    def port(self, name: str) -> int:
        """Return a free loopback port, the previous one of `name` if possible."""
        port = _free(int(self._kept.get(name, 0))) or _free(0)
        if port != self._kept.get(name):
            self._keep(name, port)
        return port

    def _keep(self, name: str, value: object) -> None:
        self._kept[name] = value
        write_private(self._path, self._kept)


def _free(port: int) -> int:
    try:
        with socket.create_server(("127.0.0.1", port)) as probe:
            return int(probe.getsockname()[1])
    except OSError:
        return 0
