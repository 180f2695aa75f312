"""The README is true and complete."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.catalog import TABLES
from chalicelib.statistics.allowlist import COLLATIONS, FUNCTIONS, SYMBOLS, TYPES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_name_that_a_query_may_use_is_listed() -> None:
    """Refusals point to the README's lists, so these are complete and exact."""
    section = (ROOT / "chalicelib" / "statistics" / "README.md").read_text("utf-8")
    listed = set(re.sub(r"(?m)^[\w ]+: ", "", section.split("```")[1]).split())
    assert listed == FUNCTIONS | TYPES | SYMBOLS | COLLATIONS


def test_every_schema_is_named() -> None:
    """The README names every schema."""
    assert {schema for schema in TABLES if f"`{schema}`" not in README} == set()


def test_every_package_is_given_a_reason() -> None:
    """The README's table has every runtime dependency with its reason."""
    pinned = re.findall(r"(?m)^([\w-]+)==", (ROOT / "requirements.txt").read_text("utf-8"))
    assert [name for name in pinned if f"| {name} |" not in README] == []


def test_every_path_that_it_names_exists() -> None:
    """Every file and folder that a README names exists."""
    texts = [
        file.read_text("utf-8") for folder in ("chalicelib", "infra") for file in (ROOT / folder).rglob("README.md")
    ]
    paths = set(re.findall(r"`((?:chalicelib|infra|tests)/[\w/.]+)`", "".join([README, *texts])))
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_tree_names_every_room() -> None:
    """The README's tree has every package and module directly below chalicelib and infra, and no others."""
    tree = README.split("## Where things live")[1].split("```")[1]
    named = set(re.findall(r"(\w+/|\w+\.py)(?=[, ])", "".join(re.findall(r"(?m)^  ((?:[\w.]+/?,? )+)", tree))))
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for folder in ("chalicelib", "infra")
        for path in (ROOT / folder).iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or any(path.glob("*.py")) or any(path.glob("*.sql")))
    }
    assert named == rooms
