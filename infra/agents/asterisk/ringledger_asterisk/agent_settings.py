"""The settings of the agent program: an INI file whose sections and keys the README explains."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field
from pathlib import Path

_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")


class SettingsFault(Exception):
    """A setting is missing or wrong. The message names it."""


@dataclass(frozen=True)
class Ami:
    """The Asterisk Manager Interface and its user."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class QueueSettings:
    """The queue of orders, and the AWS access key that may read it. `endpoint` replaces AWS itself in tests."""

    url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    endpoint: str


@dataclass(frozen=True)
class Dialling:
    """How lines and numbers are reached: names of channels and contexts of the PBX's dial plan.

    Channels contain `{extension}`, `{number}`, `{line}`, `{login}` or `{agent}` of the user; the channel of an outside
    number contains `{number}`.
    """

    line: str
    outside: str
    context: str
    queue_interface: str
    seconds: int


@dataclass(frozen=True)
class AgentSettings:
    """All settings. `url` is the address of Ringledger, `token` one of the scope `control`."""

    url: str
    token: str = field(repr=False)
    ami: Ami
    queue: QueueSettings
    dialling: Dialling

    @staticmethod
    def read(path: Path) -> AgentSettings:
        """Return the settings in a file. Raise SettingsFault."""
        parser = configparser.ConfigParser(interpolation=None)
        try:
            with path.open(encoding="utf-8") as file:
                parser.read_file(file)
        except (OSError, ValueError, configparser.Error) as fault:
            raise SettingsFault(f"{path} cannot be read: {fault}") from None
        return _Reader(parser).settings()


class _Reader:
    """Reads the sections and checks each value."""

    def __init__(self, parser: configparser.ConfigParser) -> None:
        self._parser = parser

    def settings(self) -> AgentSettings:
        url, token = self._address("ringledger", "url"), self._text("ringledger", "token")
        return AgentSettings(url, token, self._ami(), self._queue(), self._dial())

    def _ami(self) -> Ami:
        host, port = self._text("ami", "host", "127.0.0.1"), self._whole("ami", "port", "5038")
        return Ami(host, port, self._text("ami", "username"), self._text("ami", "secret"))

    def _queue(self) -> QueueSettings:
        url = self._address("queue", "url")
        found = _REGION.match(url)
        return QueueSettings(
            url,
            self._text("queue", "region", found[1] if found else None),
            self._text("queue", "access_key_id"),
            self._text("queue", "secret_access_key"),
            self._text("queue", "endpoint", "").rstrip("/"),
        )

    def _dial(self) -> Dialling:
        line = self._template("line", "PJSIP/{extension}")
        return Dialling(
            line,
            self._template("outside", "Local/{number}@from-internal"),
            self._text("dial", "context", "from-internal"),
            self._template("queue_interface", line),
            self._whole("dial", "seconds", "30"),
        )

    def _text(self, section: str, key: str, default: str | None = None) -> str:
        value = self._parser.get(section, key, fallback="").strip() or default
        if value is None:
            raise SettingsFault(f"[{section}] {key} is not set")
        if not value.isprintable():
            raise SettingsFault(f"[{section}] {key} may have printable characters only")
        return value

    def _whole(self, section: str, key: str, default: str) -> int:
        text = self._text(section, key, default)
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
            raise SettingsFault(f"[{section}] {key} must be a whole number from 1 to 65535, not {text}")
        return int(text)

    def _address(self, section: str, key: str) -> str:
        address = self._text(section, key).rstrip("/")
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise SettingsFault(f"[{section}] {key} must begin with https://")
        return address

    def _template(self, key: str, default: str) -> str:
        template = self._text("dial", key, default)
        try:
            template.format(extension="", number="", line="", login="", agent="")
        except (KeyError, IndexError, ValueError):
            raise SettingsFault(
                f"[dial] {key} may contain {{extension}}, {{number}}, {{line}}, {{login}} and {{agent}}, not {template}"
            ) from None
        return template
