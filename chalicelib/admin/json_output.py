"""JSON for commands that print lines and tables: an array for lists, and one object for everything else."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from chalicelib.errors import RingledgerError

#: Commands whose verb begins like this answer with an array.
LISTS = "list"


class Collected(io.StringIO):
    """Standard output of a command; with `--json` it keeps rows and facts instead of lines."""

    def __init__(self) -> None:
        """Begin without rows, and as plain text until the arguments are known."""
        super().__init__()
        self.collecting = False
        self.rows: list[dict[str, object]] = []
        self.facts: dict[str, object] = {}

    def take(self, head: Sequence[str], rows: Sequence[Sequence[object]], name: str) -> None:
        """Keep a table's rows as objects; their members are those of the head in lower case."""
        members = [word.lower().replace(" ", "_") for word in head]
        objects = [dict(zip(members, row, strict=True)) for row in rows]
        if name:
            self.learn({name: objects})
        else:
            self.rows += objects

    def learn(self, facts: Mapping[str, object]) -> None:
        """Keep facts. Lists of one name are joined; otherwise the latest value stays."""
        for name, value in facts.items():
            known = self.facts.get(name)
            self.facts[name] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value

    def text(self, verb: str, notes: str) -> str:
        """Return the answer of a command that succeeded, as one line."""
        if verb.startswith(LISTS):
            return _line(self.rows)
        return _line(self._object(notes, None))

    def failed(self, notes: str, error: RingledgerError) -> str:
        """Return the answer of a command that failed, with what it did before, as one line."""
        return _line(self._object(notes, {"code": error.code, "message": error.message}))

    def _object(self, notes: str, error: dict[str, str] | None) -> dict[str, object]:
        return {"rows": self.rows, "result": self.facts, "notes": notes.splitlines(), "error": error}


def _line(content: object) -> str:
    return json.dumps(content, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else str(value)


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
            shape = "an array" if words.split()[-1].startswith(LISTS) else "one object"
            command.add_argument("--json", dest="collect", action="store_true", help=f"as JSON: {shape}")
        if words in examples and "Example: " not in (command.epilog or ""):
            command.epilog = f"{command.epilog or ''} Example: ringledger {examples[words]}".strip()
