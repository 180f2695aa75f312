"""The only reader of the environment: every setting, its meaning and its default, validated once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from chalicelib.errors import Misconfigured

MEGABYTE = 1_000_000
# A generation is one byte of a key.
LAST_GENERATION = 255
SECRET_LENGTH = 32


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _base_url(text: str) -> str:
    return text.rstrip("/")


def _generations(text: str) -> tuple[tuple[int, str], ...]:
    """Read `2:newest 1:older`: a secret that is too short to keep, or a number that is too large, is refused."""
    pairs = tuple((number, secret) for number, _, secret in (word.partition(":") for word in _words(text)))
    fit = all(n.isascii() and n.isdigit() and int(n) <= LAST_GENERATION and len(s) >= SECRET_LENGTH for n, s in pairs)
    if not fit or len({int(number) for number, _ in pairs}) != len(pairs):
        raise Misconfigured(
            f"WEBHOOK_SECRETS must be pairs generation:secret, the newest first; generations are different numbers up"
            f" to {LAST_GENERATION}, secrets have {SECRET_LENGTH} characters or more"
        )
    return tuple((int(number), secret) for number, secret in pairs)


def _setting(variable: str, read: Callable[[str], Any], default: Any, *, secret: bool = False) -> Any:  # noqa: ANN401 - a field's type is its annotation
    return field(default=default, repr=not secret, metadata={"variable": variable, "read": read})


@dataclass(frozen=True)
class Settings:
    """What the environment says; secrets are left out of `repr`.

    Database addresses are libpq URLs, one for each role; sizes are bytes, times are seconds.
    """

    owner_database_url: str = _setting("DATABASE_URL", str, "", secret=True)
    reader_database_url: str = _setting("READER_DATABASE_URL", str, "", secret=True)
    gate_database_url: str = _setting("GATE_DATABASE_URL", str, "", secret=True)
    writer_database_url: str = _setting("WRITER_DATABASE_URL", str, "", secret=True)
    bucket: str = _setting("BUCKET", str, "")
    events_queue_url: str = _setting("EVENTS_QUEUE_URL", str, "")
    cors_origins: tuple[str, ...] = _setting("CORS_ORIGINS", _words, ())
    public_url: str = _setting("PUBLIC_URL", _base_url, "")
    webhook_secrets: tuple[tuple[int, str], ...] = _setting("WEBHOOK_SECRETS", _generations, (), secret=True)
    revocation_cache_seconds: int = _setting("REVOCATION_CACHE_SECONDS", int, 60)
    telphin_url: str = _setting("TELPHIN_URL", _base_url, "https://apiproxy.telphin.ru")
    telphin_client_id: str = _setting("TELPHIN_CLIENT_ID", str, "")
    telphin_client_secret: str = _setting("TELPHIN_CLIENT_SECRET", str, "", secret=True)
    call_age_seconds: int = _setting("CALL_AGE_SECONDS", _positive, 4 * 3_600)
    event_retention_months: int = _setting("EVENT_RETENTION_MONTHS", _positive, 36)
    statement_timeout: int = _setting("STATEMENT_TIMEOUT", _positive, 20)
    reader_connection_limit: int = _setting("READER_CONNECTION_LIMIT", _positive, 40)
    token_cache_seconds: int = _setting("TOKEN_CACHE_SECONDS", int, 30)
    answer_limit: int = _setting("ANSWER_LIMIT", _positive, 6 * MEGABYTE)
    row_limit: int = _setting("ROW_LIMIT", _positive, 16 * MEGABYTE)
    spill_limit: int = _setting("SPILL_LIMIT", _positive, 256 * MEGABYTE)
    spill_expires: int = _setting("SPILL_EXPIRES", _positive, 900)
    request_seconds: int = _setting("REQUEST_SECONDS", _positive, 28)
    log_level: str = _setting("LOG_LEVEL", str, "INFO")


def load(environment: Mapping[str, str]) -> Settings:
    """Read every setting from `environment`.

    Raises Misconfigured naming the variable, its value's fault and what would be right.
    """
    values = {}
    for setting in fields(Settings):
        text = environment.get(setting.metadata["variable"], "")
        if text:
            values[setting.name] = _read(setting.metadata["variable"], setting.metadata["read"], text)
    return Settings(**values)


def _read(variable: str, read: Callable[[str], Any], text: str) -> Any:  # noqa: ANN401 - as above
    try:
        return read(text)
    except ValueError as fault:
        raise Misconfigured(f"{variable} must be a whole number above zero: {fault}") from None


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process, read once."""
    return load(os.environ)


def lambda_handler() -> str:
    """The handler that Lambda started, such as `app.statistics`; empty outside of Lambda.

    `_HANDLER` alone is not trusted: packaging runs with the environment of a Lambda's configuration.
    """
    return os.environ.get("_HANDLER", "") if "LAMBDA_TASK_ROOT" in os.environ else ""
