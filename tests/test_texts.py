"""Texts become storable and stay what they are otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.texts import encodable, storable


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("Иван 😀", "Иван 😀"), ("a\0b", "ab"), ("a\ud83db", "a?b"), ("\0\udc80", "?")],
)
def test_unstorable_characters(text: str, expected: str) -> None:
    """NUL disappears, and half of a surrogate pair becomes a question mark."""
    assert storable(text) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_other_texts_stay(text: str) -> None:
    """A text of whole characters is returned as it is."""
    assert encodable(text) == text
    assert storable(text) == text.replace("\0", "")
