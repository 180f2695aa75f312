"""The English of the project: plain words in docstrings and messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "app.py"] + [
    path for folder in ("chalicelib", "infra", "tests") for path in sorted((ROOT / folder).rglob("*.py"))
]
REFUSED = re.compile(r"\b(whom|nobody|somebody|thereof|heed|heeds|heeded|beget|begets|begotten)\b", re.IGNORECASE)
OPENINGS = ("The same", "Of ", "What ", "Whether ")


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield every text with a space in it: docstrings and messages, but not the names of accounts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def _faults(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    words = [f"{match[0]!r} in {text[:60]!r}" for text in _texts(tree) if (match := REFUSED.search(text))]
    return words + [text.splitlines()[0] for text in _docstrings(tree) if text.startswith(OPENINGS)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_words(path: Path) -> None:
    """Docstrings and messages have no archaic words, and no docstring begins with a riddle."""
    assert _faults(path) == []
