"""Lasting links: a key opens one call, under one secret, until its expiry."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Misconfigured
from chalicelib.recordings import links
from chalicelib.recordings.links import LinkVerdict
from tests.examples import examples

NOW = datetime(2026, 11, 21)  # noqa: DTZ001 - naive UTC
CALL = UUID("b6a7c39e-0b57-4c5e-9f4e-0e1d2c3b4a59")
OTHER = uuid5(CALL, "other")
OLD = (1, "an-older-secret-of-the-links-1234")
NEW = (2, "the-newer-secret-of-the-links-567")
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_link_without_an_expiry_never_expires() -> None:
    """It is genuine after a hundred years."""
    key = links.key((NEW,), CALL)
    assert len(key) == 32
    assert links.verify((NEW,), CALL, key, NOW + timedelta(days=36_500)) is LinkVerdict.GENUINE


def test_a_link_opens_no_other_call() -> None:
    """The key is part of one id's MAC."""
    assert links.verify((NEW,), OTHER, links.key((NEW,), CALL), NOW) is LinkVerdict.FORGED


def test_a_link_expires_at_its_second() -> None:
    """It is genuine until then, and expired from then on."""
    key = links.key((NEW,), CALL, NOW)
    assert links.verify((NEW,), CALL, key, NOW - timedelta(seconds=1)) is LinkVerdict.GENUINE
    assert links.verify((NEW,), CALL, key, NOW) is LinkVerdict.EXPIRED


@settings(max_examples=examples(200))
@given(place=st.integers(0, 31), letter=st.sampled_from(BASE64), expires=st.sampled_from([None, NOW]))
def test_a_key_with_a_changed_character_is_forged(place: int, letter: str, expires: datetime | None) -> None:
    """Expiry, generation and MAC are protected."""
    key = links.key((NEW, OLD), CALL, expires)
    changed = key[:place] + letter + key[place + 1 :]
    if changed != key:
        assert links.verify((NEW, OLD), CALL, changed, NOW - timedelta(days=1)) is LinkVerdict.FORGED


@given(st.text(max_size=50))
def test_any_text_is_checked_without_an_error(text: str) -> None:
    """A text that is not a key counts as forged."""
    assert links.verify((NEW,), CALL, text, NOW) is LinkVerdict.FORGED
    assert links.read_call_code((NEW,), text) is None


def test_older_links_work_while_their_secret_is_kept() -> None:
    """New links use the new secret; links of a removed or renumbered secret are forged."""
    key = links.key((OLD,), CALL)
    assert links.verify((NEW, OLD), CALL, key, NOW) is LinkVerdict.GENUINE
    assert links.verify((NEW,), CALL, key, NOW) is LinkVerdict.FORGED
    assert links.verify(((1, NEW[1]),), CALL, key, NOW) is LinkVerdict.FORGED
    assert links.key((NEW, OLD), CALL) == links.key((NEW,), CALL)


def test_a_removed_secret_is_not_an_empty_secret() -> None:
    """A key of an unknown generation, made with an empty secret, is forged."""
    key = links.key(((7, ""),), CALL)
    assert links.verify((NEW,), CALL, key, NOW) is LinkVerdict.FORGED
    assert links.read_call_code((NEW,), links.call_code(((7, ""),), CALL)) is None


def test_a_call_code_names_its_call() -> None:
    """It has 44 characters, and a changed code names no call."""
    code = links.call_code((OLD,), CALL)
    assert len(code) == 44
    assert links.read_call_code((NEW, OLD), code) == CALL
    assert links.read_call_code((NEW,), code) is None
    assert links.read_call_code((NEW, OLD), ("B" if code[0] == "A" else "A") + code[1:]) is None


def test_a_key_is_not_a_call_code() -> None:
    """Each form has a MAC of its own."""
    assert links.read_call_code((NEW,), links.key((NEW,), CALL)) is None
    assert links.verify((NEW,), CALL, links.call_code((NEW,), CALL)[-32:], NOW) is LinkVerdict.FORGED


def test_a_url_needs_its_settings() -> None:
    """The error names the missing setting."""
    assert links.recording_url("https://calls.example", (NEW,), CALL).startswith(
        f"https://calls.example/rest/v1/journal/calls/{CALL}/attachment1?key="
    )
    with pytest.raises(Misconfigured, match="PUBLIC_URL"):
        links.recording_url("", (NEW,), CALL)
    with pytest.raises(Misconfigured, match="LINK_SECRETS"):
        links.recording_url("https://calls.example", (), CALL)
