"""The meanings of the documented schemas, tables and columns, in English and in Russian."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("descriptions.tsv")


class BilingualText(NamedTuple):
    """A sentence in English and in Russian."""

    en: str
    ru: str


def of(schema: str, table: str = "", column: str = "") -> BilingualText:
    """Return the description of a schema, of a table or of a column. Raise KeyError for one without."""
    name = ".".join(filter(None, (schema, table, column)))
    known = _all()
    return known[name] if name in known or not column else known[f"*.{column}"]


@lru_cache(maxsize=1)
def _all() -> dict[str, BilingualText]:
    lines = (line.split("\t") for line in _FILE.read_text("utf-8").splitlines())
    return {name: BilingualText(en, ru) for name, en, ru in lines}
