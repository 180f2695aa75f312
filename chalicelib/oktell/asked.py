"""A command as it was asked: its parameters, in any case of letters, and who asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from chalicelib.edge import Answer, Notes, Request
from chalicelib.oktell.refusals import Wrong
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings

#: Longer ones than any name, number or script's parameter needs to be are refused.
LONGEST = 32_768
LONGEST_WHOLE = 18
SHOWN = 60


@dataclass(frozen=True)
class Asked:
    """One command. `parameters` have names in lower case, and never the password."""

    command: str
    parameters: Mapping[str, str]
    request: Request
    integration: str
    settings: Settings
    notes: Notes

    @property
    def database(self) -> Connection:
        """The writer's connection, opened on first use."""
        return connection(self.settings.writer_database_url)

    def text(self, *names: str) -> str:
        """The first of these parameters that has a value, without outer blanks; empty when none has. Raises Wrong."""
        value = next((self.parameters[name] for name in names if self.parameters.get(name, "").strip()), "").strip()
        if len(value) > LONGEST or "\0" in value:
            raise Wrong(f"{names[0]} is longer than {LONGEST} characters, or has a NUL in it")
        return value

    def needed(self, *names: str) -> str:
        """The same, for one that must be there. Raises Wrong."""
        value = self.text(*names)
        if not value:
            raise Wrong(f"The parameter {names[0]} is needed")
        return value

    def flag(self, name: str) -> bool | None:
        """A parameter that is 0 or 1, or None when it is not there. Raises Wrong."""
        word = self.choice(name, ("0", "1"), "")
        return word == "1" if word else None

    def whole(self, name: str, default: int) -> int:
        """A parameter that is a whole number from 0. Raises Wrong."""
        text = self.text(name) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_WHOLE):
            raise Wrong(f"{name} is a whole number of {LONGEST_WHOLE} digits at most, not {text[:SHOWN]!r}")
        return int(text)

    def choice(self, name: str, words: Collection[str], default: str) -> str:
        """A parameter that is one of `words`, in any case. Raises Wrong."""
        word = self.text(name).lower() or default
        if word != default and word not in words:
            raise Wrong(f"{name} is one of {', '.join(words)}, not {word[:SHOWN]!r}")
        return word


Command = Callable[[Asked], Answer]
