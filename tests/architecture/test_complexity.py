"""The complexity of functions is limited."""

from __future__ import annotations

from pathlib import Path

import pytest
from radon.visitors import ComplexityVisitor

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("chalicelib", "infra") for path in sorted((ROOT / folder).rglob("*.py"))]
# radon's rank B ends here.
RANK_B = 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_complexity(path: Path) -> None:
    """No function has a cyclomatic complexity above radon's rank B."""
    name, blocks = str(path.relative_to(ROOT)), ComplexityVisitor.from_code(path.read_text("utf-8")).blocks  # type: ignore[no-untyped-call]
    found = {block.name for block in blocks if block.complexity > RANK_B and block.letter != "C"}
    assert found == set(), name
