"""The README is true and complete."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.catalog import TABLES
from chalicelib.statistics.allowlist import COLLATIONS, FUNCTIONS, SYMBOLS, TYPES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
LINES_OF_TWO_SCREENS = 100


def test_every_name_that_a_query_may_use_is_listed() -> None:
    """Refusals point to the README's lists, so these are complete and exact."""
    section = (ROOT / "chalicelib" / "statistics" / "README.md").read_text("utf-8")
    listed = set(re.sub(r"(?m)^[\w ]+: ", "", section.split("```")[1]).split())
    assert listed == FUNCTIONS | TYPES | SYMBOLS | COLLATIONS


def test_every_schema_is_named() -> None:
    """The README names every schema."""
    assert {schema for schema in TABLES if f"`{schema}`" not in README} == set()


def test_every_package_is_given_a_reason() -> None:
    """The table of dependencies has every runtime dependency with its reason."""
    pinned = re.findall(r"(?m)^([\w-]+)==", (ROOT / "requirements.txt").read_text("utf-8"))
    assert [name for name in pinned if f"| {name} |" not in ARCHITECTURE] == []


def test_every_path_that_it_names_exists() -> None:
    """Every file and folder that a page names exists."""
    folders = ("chalicelib", "infra", "docs")
    texts = [file.read_text("utf-8") for folder in folders for file in (ROOT / folder).rglob("*.md")]
    paths = set(re.findall(r"`((?:chalicelib|infra|tests)/[a-z_\d/.]+)`", "".join([README, *texts])))
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_tree_names_every_room() -> None:
    """The tree of the architecture has every folder and module directly below chalicelib and infra, and no others."""
    tree = ARCHITECTURE.split("## Where things live")[1].split("```")[1]
    named = set(re.findall(r"(\w+/|\w+\.py)(?=[, ])", "".join(re.findall(r"(?m)^  ((?:[\w.]+/?,? )+)", tree))))
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for folder in ("chalicelib", "infra")
        for path in (ROOT / folder).iterdir()
        if path.name not in {"__init__.py", "__pycache__"} and (path.is_dir() or path.suffix == ".py")
    }
    assert named == rooms


def test_every_step_of_a_webhook_is_where_the_page_says() -> None:
    """Each step from a webhook to a row names a function that its file defines."""
    steps = re.findall(r"\| `([\w/.]+)`, `(\w+)` \|", ARCHITECTURE)
    assert steps
    assert [step for step in steps if f"\ndef {step[1]}(" not in (ROOT / step[0]).read_text("utf-8")] == []


def test_it_is_short() -> None:
    """The README fits two screens; its readers have pages of their own."""
    assert len(README.splitlines()) <= LINES_OF_TWO_SCREENS


def test_every_link_leads_somewhere() -> None:
    """Every file that a page links to exists."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/*/README.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []
