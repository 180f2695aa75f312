"""JSON for commands that print lines and tables: one object with the rows, the lines, the notes and the error."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Sequence

from chalicelib.errors import RingledgerError


class Collected(io.StringIO):
    """Standard output of a command; with `--json` it keeps tables as rows."""

    def __init__(self) -> None:
        """Begin without rows, and as plain text until the arguments are known."""
        super().__init__()
        self.collecting = False
        self.rows: list[dict[str, str]] = []

    def take(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Keep a table's rows as objects; names are those of the head in lower case."""
        names = [name.lower().replace(" ", "_") for name in head]
        self.rows += [dict(zip(names, row, strict=True)) for row in rows]

    def text(self, notes: str, error: RingledgerError | None) -> str:
        """Return the object as one line."""
        content = {
            "rows": self.rows,
            "lines": self.getvalue().splitlines(),
            "notes": notes.splitlines(),
            "error": {"code": error.code, "message": error.message} if error else None,
        }
        return json.dumps(content, ensure_ascii=False) + "\n"


def commands_of(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Return every command that does something, by its words."""
    subparsers = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not subparsers:
        yield " ".join(words), parser
    for action in subparsers:
        for name, command in action.choices.items():
            yield from commands_of(command, (*words, name))


def complete(parser: argparse.ArgumentParser, examples: dict[str, str]) -> None:
    """Give every command `--json` and its example."""
    for words, command in commands_of(parser):
        if "--json" not in command._option_string_actions:
            command.add_argument("--json", dest="collect", action="store_true", help="as one JSON object")
        if words in examples and "Example: " not in (command.epilog or ""):
            command.epilog = f"{command.epilog or ''} Example: ringledger {examples[words]}".strip()
