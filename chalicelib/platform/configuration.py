"""The settings of this process, with its secrets: read once, and again after a rotation."""

from __future__ import annotations

import logging
import math
import time

from chalicelib import settings
from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform import http, runtime, secret_values
from chalicelib.settings import Settings

#: A rotated secret is in use within the first time; a refused password asks for a reading at most once in the second.
SECRET_SECONDS = 300.0
DOUBT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Configuration:
    """The settings from the environment; those that contain secrets are read again every few minutes.

    So a rotated secret is used without a deployment. While Secrets Manager is away, the last settings hold.
    """

    def __init__(self) -> None:
        """Read the environment at the first use."""
        self._settings: Settings | None = None
        self._read_at = self._due = 0.0

    def settings(self) -> Settings:
        """Return the settings. Raises Misconfigured, and Unavailable when the first reading of secrets fails."""
        if self._settings is None or time.monotonic() >= self._due:
            self._settings = self._read()
        return self._settings

    def doubt(self) -> None:
        """Read the secrets again soon."""
        self._due = min(self._due, self._read_at + DOUBT_SECONDS)

    def _read(self) -> Settings:
        environment = settings.environment()
        self._read_at = time.monotonic()
        self._due = self._read_at + SECRET_SECONDS if secret_values.named(environment) else math.inf
        try:
            return settings.load(secret_values.filled(environment, http.client()))
        except (Unavailable, Misconfigured):
            if self._settings is None:
                raise
            logger.warning("secrets cannot be read; the last known settings hold", exc_info=True)
            return self._settings


def current() -> Settings:
    """Return the settings of this process. Raises Misconfigured, and Unavailable when their secrets cannot be read."""
    return _configuration().settings()


def doubt() -> None:
    """Read secrets again soon: a password was refused, or a server cannot be found."""
    _configuration().doubt()


def _configuration() -> Configuration:
    return runtime.current().shared(Configuration, Configuration)
