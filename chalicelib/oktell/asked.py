"""A command of a client: its parameters, whose names have any case of letters, and the integration that sent it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from chalicelib.edge import Answer, Notes, Request
from chalicelib.oktell.refusals import Wrong
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings

#: The longest value of a parameter, in characters.
LONGEST = 32_768
LONGEST_WHOLE = 18
SHOWN = 60


@dataclass(frozen=True)
class Asked:
    """One command. Names of `parameters` are in lower case, and the password is not among them."""

    command: str
    parameters: Mapping[str, str]
    request: Request
    integration: str
    settings: Settings
    notes: Notes

    @property
    def database(self) -> Connection:
        """Return the writer's connection, which opens on first use."""
        return connection(self.settings.writer_database_url)

    def text(self, *names: str) -> str:
        """Return the first of these parameters that has a value, stripped, or an empty text. Raise Wrong."""
        value = next((self.parameters[name] for name in names if self.parameters.get(name, "").strip()), "").strip()
        if len(value) > LONGEST or "\0" in value:
            raise Wrong(f"{names[0]} is longer than {LONGEST} characters, or has a NUL in it")
        return value

    def required(self, *names: str) -> str:
        """Return the first of these parameters that has a value. Raise Wrong if none has one."""
        value = self.text(*names)
        if not value:
            raise Wrong(f"The parameter {names[0]} is needed")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a parameter that is 0 or 1, or None if it is missing. Raise Wrong."""
        word = self.choice(name, ("0", "1"), "")
        return word == "1" if word else None

    def whole(self, name: str, default: int) -> int:
        """Return a parameter that is a whole number from 0. Raise Wrong."""
        text = self.text(name) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_WHOLE):
            raise Wrong(f"{name} is a whole number of {LONGEST_WHOLE} digits at most, not {text[:SHOWN]!r}")
        return int(text)

    def choice(self, name: str, words: Collection[str], default: str) -> str:
        """Return a parameter that is one of `words`, in any case of letters. Raise Wrong."""
        word = self.text(name).lower() or default
        if word != default and word not in words:
            raise Wrong(f"{name} is one of {', '.join(words)}, not {word[:SHOWN]!r}")
        return word


Command = Callable[[Asked], Answer]
