"""A command with its parameters and its caller, and readers that check a parameter's value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from chalicelib.authentication.tokens import Token
from chalicelib.edge import Answer, Notes, Request
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings

#: The longest value of a parameter, in characters.
LONGEST = 32_768
#: The longest whole number, in digits.
LONGEST_WHOLE = 18
#: An error message quotes this many characters of a wrong value.
SHOWN = 60


@dataclass(frozen=True)
class CommandRequest:
    """One command of an integration. The names of `parameters` are in lower case; the password is not among them.

    `token` is None for a caller without a password, which OKTELL_NETWORKS admits.
    """

    command: str
    parameters: Mapping[str, str]
    http: Request
    integration: str
    settings: Settings
    notes: Notes
    token: Token | None = None

    @property
    def database(self) -> Connection:
        """Return the writer's connection. It is opened on first use."""
        return connection(self.settings.writer_database_url)

    def text(self, *names: str) -> str:
        """Return the first of these parameters that is not blank, stripped, or an empty text.

        Raise InvalidParameter for a value that is too long or contains a NUL character.
        """
        value = next((self.parameters[name] for name in names if self.parameters.get(name, "").strip()), "").strip()
        if len(value) > LONGEST or "\0" in value:
            raise InvalidParameter(f"{names[0]} is longer than {LONGEST} characters or contains a NUL character")
        return value

    def required(self, *names: str) -> str:
        """Return the first of these parameters that is not blank. Raise InvalidParameter if there is none."""
        value = self.text(*names)
        if not value:
            raise InvalidParameter(f"The parameter {names[0]} is required")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a parameter that is 0 or 1, or None if it is missing. Raise InvalidParameter for another value."""
        word = self.choice(name, ("0", "1"), "")
        return word == "1" if word else None

    def whole(self, name: str, default: int) -> int:
        """Return a parameter that is a whole number from 0. Raise InvalidParameter for another value."""
        text = self.text(name) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_WHOLE):
            raise InvalidParameter(
                f"{name} must be a whole number of up to {LONGEST_WHOLE} digits, not {text[:SHOWN]!r}"
            )
        return int(text)

    def choice(self, name: str, words: Collection[str], default: str) -> str:
        """Return a parameter that is one of `words`, in lower case. Raise InvalidParameter for another value."""
        word = self.text(name).lower() or default
        if word != default and word not in words:
            raise InvalidParameter(f"{name} must be one of {', '.join(words)}, not {word[:SHOWN]!r}")
        return word


Command = Callable[[CommandRequest], Answer]
