"""No statement that requests send through RDS Proxy pins a session to one connection of the database."""

from __future__ import annotations

import re

import pytest

from tests.aws import reachable

# AWS's list for PostgreSQL. SET LOCAL counts too, and any statement over 16 KB, which the guard prevents.
PINNING = re.compile(
    r"(?im)(^\s*(SET|RESET|PREPARE|EXECUTE|DEALLOCATE|DISCARD|DECLARE|LISTEN|LOAD|CREATE\s+TEMP\w*)\s"
    r"|\b(set_config|pg_advisory\w*|nextval|setval|lastval)\s*\()"
)
#: Prepared statements pin a session. Only these functions send them, to the database's own endpoint.
PLANNED = ("execute_planned", "execute_while", "post")


def test_the_ways_to_plan_are_known() -> None:
    """Every method that sends planned statements is one that the next test looks for."""
    source = (reachable.ROOT / "chalicelib/platform/postgres.py").read_text("utf-8")
    assert set(re.findall(r"def (\w+)\([^)]*\)[^\n]*\n(?:(?!    def ).*\n)*?.*planned=True", source)) == set(PLANNED)


@pytest.mark.parametrize("surface", ["statistics", "recordings", "health"])
def test_no_statement_of_a_request_pins(surface: str) -> None:
    """The test reads every text that the surface's code can reach."""
    units = reachable.reachable(f"chalicelib.{surface}.surface")
    planning = {unit for unit in units if unit[0] == "chalicelib.platform.plans"}
    connections = {unit for unit in units if unit[0] == "chalicelib.platform.postgres"}

    assert [text for text in reachable.texts(units - planning) if PINNING.search(text)] == []
    assert reachable.attributes(units - connections) & set(PLANNED) == set()


@pytest.mark.parametrize(
    "statement", ["SET LOCAL x = 1", "select set_config('a', 'b', true)", "  PREPARE p AS select 1"]
)
def test_what_pins_is_recognised(statement: str) -> None:
    """The pattern finds statements that pin."""
    assert PINNING.search(statement)
