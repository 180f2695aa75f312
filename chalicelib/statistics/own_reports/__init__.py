"""Ringledger's own reports: SQL files whose first lines have the title, the parameters and remarks.

`{name}` stands for what reports share, the file `parts/name.sql`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from chalicelib.statistics.report_definitions import ReportDefinition, ReportParameter, Title

_FOLDER = Path(__file__).parent
_ABOUT = "-- about: "
_PART = re.compile(r"^(?P<indent> *)(?P<before>.*)\{(?P<name>\w+)\}", re.MULTILINE)
_PARAMETER = re.compile(r"-- (?P<name>\w+) (?P<type>\w+)(?: = (?P<default>[^:]+))?: (?P<en>[^|]+) \| (?P<ru>.+)")


@lru_cache(maxsize=1)
def own_reports() -> dict[str, ReportDefinition]:
    """Return the reports by name."""
    return {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.sql"))}


def _read(path: Path) -> ReportDefinition:
    lines = path.read_text("utf-8").splitlines()
    head = list(takewhile(lambda line: line.startswith("--"), lines))
    about = [line.removeprefix(_ABOUT).partition(" | ") for line in head if line.startswith(_ABOUT)]
    return ReportDefinition(
        name=path.stem,
        title=Title(en=head[0].removeprefix("-- en: "), ru=head[1].removeprefix("-- ru: ")),
        description=Title(en=about[0][0], ru=about[0][2]) if about else Title(en=""),
        psql=_complete("\n".join(lines[len(head) :])),
        parameters=[_parameter(line) for line in head[2:] if not line.startswith(_ABOUT)],
    )


def _complete(text: str) -> str:
    """Return SQL with its parts, their lines indented like the one that names them."""

    def part(place: re.Match[str]) -> str:
        lines = _complete((_FOLDER / "parts" / f"{place['name']}.sql").read_text("utf-8")).splitlines()
        return f"{place['indent']}{place['before']}" + f"\n{place['indent']}".join(lines)

    return _PART.sub(part, text)


def _parameter(line: str) -> ReportParameter:
    found = _PARAMETER.fullmatch(line)
    if found is None:
        raise ValueError(f"not a parameter of a report: {line}")
    content = {
        "name": found["name"],
        "type": found["type"],
        "default": json.loads(found["default"]) if found["default"] else None,
        "title": {"en": found["en"], "ru": found["ru"]},
    }
    return ReportParameter.model_validate(content)
