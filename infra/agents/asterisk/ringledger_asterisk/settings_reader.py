"""Reads an INI file of settings, section by section, and checks each value."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import NoReturn

from ringledger_asterisk.web import SAFE


class SettingsFault(Exception):
    """A setting is missing or wrong. The message names it."""


class SettingsReader:
    """The content of a settings file."""

    def __init__(self, parser: configparser.ConfigParser) -> None:
        """Read from `parser`."""
        self._parser = parser

    @classmethod
    def open(cls, path: Path) -> SettingsReader:
        """Return the reader of a file. Raise SettingsFault."""
        parser = configparser.ConfigParser(interpolation=None)
        try:
            with path.open(encoding="utf-8") as file:
                parser.read_file(file)
        except (OSError, ValueError, configparser.Error) as fault:
            raise SettingsFault(f"{path} cannot be read: {fault}") from None
        return cls(parser)

    def text(self, section: str, key: str, default: str | None = None) -> str:
        """Return a text. Raise SettingsFault if it is missing and has no default."""
        value = self._parser.get(section, key, fallback="").strip() or default
        if value is None:
            raise SettingsFault(f"[{section}] {key} is not set")
        if not value.isprintable():
            raise SettingsFault(f"[{section}] {key} may have printable characters only")
        return value

    def whole(self, section: str, key: str, default: str) -> int:
        """Return a whole number from 1 to 65535. Raise SettingsFault."""
        text = self.text(section, key, default)
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
            self.refuse(section, key, f"a whole number from 1 to 65535, not {text}")
        return int(text)

    def choice(self, section: str, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """Return one of `choices`. Raise SettingsFault."""
        text = self.text(section, key, default)
        if text not in choices:
            self.refuse(section, key, f"one of {', '.join(choices)}, not {text}")
        return text

    def address(self, section: str, key: str) -> str:
        """Return a URL without a slash at its end. Raise SettingsFault if it has no TLS."""
        address = self.text(section, key).rstrip("/")
        if not address.startswith(SAFE):
            raise SettingsFault(f"[{section}] {key} must begin with https://")
        return address

    @staticmethod
    def refuse(section: str, key: str, right: str) -> NoReturn:
        """Raise SettingsFault that says what would be `right`."""
        raise SettingsFault(f"[{section}] {key} must be {right}")
