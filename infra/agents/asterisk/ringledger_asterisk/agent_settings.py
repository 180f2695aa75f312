"""The settings of the command `control`: an INI file whose sections and keys the README explains."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ringledger_asterisk.settings_reader import SettingsFault, SettingsReader

_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")


@dataclass(frozen=True)
class Ami:
    """The Asterisk Manager Interface and its user."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)

    @staticmethod
    def read(reader: SettingsReader) -> Ami:
        """Return the section `ami`. Raise SettingsFault."""
        host, port = reader.text("ami", "host", "127.0.0.1"), reader.whole("ami", "port", "5038")
        return Ami(host, port, reader.text("ami", "username"), reader.text("ami", "secret"))


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
        reader = SettingsReader.open(path)
        url, token = reader.address("ringledger", "url"), reader.text("ringledger", "token")
        return AgentSettings(url, token, Ami.read(reader), _queue(reader), _dial(reader))


def _queue(reader: SettingsReader) -> QueueSettings:
    url = reader.address("queue", "url")
    found = _REGION.match(url)
    return QueueSettings(
        url,
        reader.text("queue", "region", found[1] if found else None),
        reader.text("queue", "access_key_id"),
        reader.text("queue", "secret_access_key"),
        reader.text("queue", "endpoint", "").rstrip("/"),
    )


def _dial(reader: SettingsReader) -> Dialling:
    line = _template(reader, "line", "PJSIP/{extension}")
    return Dialling(
        line,
        _template(reader, "outside", "Local/{number}@from-internal"),
        reader.text("dial", "context", "from-internal"),
        _template(reader, "queue_interface", line),
        reader.whole("dial", "seconds", "30"),
    )


def _template(reader: SettingsReader, key: str, default: str) -> str:
    template = reader.text("dial", key, default)
    try:
        template.format(extension="", number="", line="", login="", agent="")
    except (KeyError, IndexError, ValueError):
        raise SettingsFault(
            f"[dial] {key} may contain {{extension}}, {{number}}, {{line}}, {{login}} and {{agent}}, not {template}"
        ) from None
    return template
