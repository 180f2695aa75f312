"""Error texts for names that a request may not have, with the nearest name that it may have."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

#: Below this likeness of spelling a suggestion is more likely wrong than right.
_LIKENESS = 0.6
_NAMES_SHOWN = 30
_NAME_LENGTH = 60


def unknown(kind: str, name: str, known: Collection[str], beginning: str) -> str:
    """Return the error text for a `name` of a `kind`; `beginning` stands before the list of the known ones."""
    nearest = difflib.get_close_matches(name.lower(), known, 1, _LIKENESS)
    meant = f" (did you mean {nearest[0]}?)" if nearest else ""
    listed = ", ".join(list(known)[:_NAMES_SHOWN]) or "none"
    return f"unknown {kind} {name[:_NAME_LENGTH]!a}{meant}; {beginning} {listed}"


def first_repeated(names: Iterable[str]) -> str | None:
    """Return the first name that occurs a second time, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
