"""One name has one meaning in the whole project."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("chalicelib", "infra") for path in sorted((ROOT / folder).rglob("*.py"))]

# Names of a role: a file of this name means the same in each folder.
ROLES = frozenset({"__init__", "__main__", "surface", "rules"})
#: A file name that occurs more than once -> why that is right.
FILES = {
    "call": "what a provider's rules know of a call, in the package of each provider",
}
#: A class name that occurs more than once -> why that is right.
CLASSES: dict[str, str] = {}


def test_file_names() -> None:
    """No two modules have the same name, except for those that mean the same or are listed."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        if path.stem not in ROLES:
            places[path.stem].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1 and name not in FILES} == {}


def test_class_names() -> None:
    """No two public classes have the same name, except for those on the list."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1 and name not in CLASSES} == {}
