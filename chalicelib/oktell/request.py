"""A command with its parameters and its caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.authentication.tokens import Token
from chalicelib.edge import Answer, Notes, Request
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings

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


Command = Callable[[CommandRequest], Answer]
