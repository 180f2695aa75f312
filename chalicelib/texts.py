"""Texts that PostgreSQL and JSON can hold: without NUL and without half of a surrogate pair."""

from __future__ import annotations


def encodable(text: str) -> str:
    """Return `text` with a question mark for each half of a surrogate pair, so that it can be encoded."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def storable(text: str) -> str:
    """Return `text` as PostgreSQL can store it: encodable, and without NUL."""
    return encodable(text.replace("\0", ""))
