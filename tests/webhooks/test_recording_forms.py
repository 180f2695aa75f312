"""Requests for a form by which a PBX uploads a recording."""

from __future__ import annotations

import pytest

from tests.webhooks.conftest import Surface, key

BODY = '{"name": "out-1130-1801.wav"}'


@pytest.mark.parametrize("provider", ["telphin", "mtt", "native", "unknown"])
def test_providers_whose_recordings_are_fetched_have_no_form(surface: Surface, provider: str) -> None:
    """The address exists only where the PBX uploads its files."""
    address = f"/webhooks/{provider}/{key('telphin') if provider == 'unknown' else key(provider)}/recordings"
    assert surface.post(address, BODY).status_code == 404
    assert surface.queued() == []
