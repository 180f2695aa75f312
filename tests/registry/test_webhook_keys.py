"""Webhook keys: made for one extension of one provider, and valid during a rotation of secrets."""

from __future__ import annotations

import re

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.registry import webhook_keys
from chalicelib.settings import Settings, load
from tests.webhooks.conftest import NEWER, OLDER, key


@pytest.mark.parametrize("extension", [0, 1, 7, 2**31 - 1])
@pytest.mark.parametrize("provider", ["telphin", "mtt", "asterisk", "native"])
def test_a_key_leads_back_to_its_extension(provider: str, extension: int) -> None:
    """A key is 32 lower-case letters and digits, always the same ones, and names its extension."""
    issued = webhook_keys.issue((NEWER, OLDER), provider, extension)

    assert re.fullmatch(r"[a-z0-9]{32}", issued)
    assert issued == webhook_keys.issue((NEWER,), provider, extension)
    assert webhook_keys.verify((NEWER, OLDER), provider, issued) == (extension, 2)


def test_a_changed_key_is_invalid() -> None:
    """Changing any character to any other makes the key invalid."""
    issued = key("telphin")
    changed = {
        issued[:place] + letter + issued[place + 1 :]
        for place in range(32)
        for letter in "0123456789abcdefghijklmnopqrstuv"
    } - {issued}

    assert len(changed) == 32 * 31
    assert not any(webhook_keys.verify((NEWER,), "telphin", text) for text in changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 31,
        "a" * 33,
        "0" * 32,
        "A" * 32,
        "\N{LATIN SMALL LETTER LONG S}" * 32,
        "a" * 31 + "\n",
        "a" * 32 + "\n",
    ],
)
def test_other_shapes_are_invalid(text: str) -> None:
    """Other lengths and letters are refused, and so is a valid key in capitals."""
    assert webhook_keys.verify((NEWER,), "telphin", text) is None
    assert webhook_keys.verify((NEWER,), "telphin", key("telphin").upper()) is None


def test_an_unknown_generation_is_invalid() -> None:
    """A generation that is not configured cannot be used, not even with an empty secret."""
    forged = webhook_keys.issue(((5, ""),), "telphin", 7)

    assert webhook_keys.verify((NEWER, OLDER), "telphin", forged) is None


def test_missing_secrets_are_reported() -> None:
    """A deployment without secrets says so, instead of refusing every key."""
    with pytest.raises(Misconfigured, match="WEBHOOK_SECRETS is not set"):
        webhook_keys.verify((), "telphin", key("telphin"))


def test_the_address_for_the_pbx() -> None:
    """Telphin's address is the one that its documents recommend; others name their provider."""
    settings = load({"PUBLIC_URL": "https://calls.example/api/", "WEBHOOK_SECRETS": f"2:{NEWER[1]}"})

    assert webhook_keys.address(settings, "telphin", 7) == f"https://calls.example/api/ext-event/{key('telphin')}"
    assert webhook_keys.address(settings, "mtt", 8) == f"https://calls.example/api/webhooks/mtt/{key('mtt')}"
    with pytest.raises(Misconfigured, match="PUBLIC_URL is not set"):
        webhook_keys.address(Settings(), "telphin", 7)


@pytest.mark.parametrize("value", ["x", "1:short", f"x:{'s' * 32}", f"256:{'s' * 32}", f"1:{'s' * 32} 01:{'t' * 32}"])
def test_unusable_secrets_are_refused(value: str) -> None:
    """The error says what is allowed, and quotes no secret."""
    with pytest.raises(Misconfigured, match="WEBHOOK_SECRETS must be pairs generation:secret") as refused:
        load({"WEBHOOK_SECRETS": value})
    assert "ssss" not in refused.value.message
