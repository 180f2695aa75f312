"""Where a provider keeps its recordings: Telphin's own API, or an address made from a template.

The setting RECORDING_SOURCES is a JSON object. Its names are a provider, or a provider and one of its clients; the
values say what that integration needs beside or instead of TELPHIN_URL and its application:

    {"telphin/13596": {"client_id": "…", "client_secret": "…"},
     "mtt": {"url": "https://records.example/{client}/{recording}.mp3", "token": "…"}}
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from chalicelib.errors import Misconfigured
from chalicelib.ledger.recordings import File
from chalicelib.platform.downloads import DownloadRefused
from chalicelib.platform.telphin import Telphin
from chalicelib.settings import Settings

TELPHIN = "telphin"
_FIELDS = frozenset({"url", "token", "client_id", "client_secret"})


class Address(NamedTuple):
    """Where a file can be fetched, and the token that its host wants, if any."""

    url: str
    token: str = ""

    def __repr__(self) -> str:
        """Nothing: the address may itself be a key."""
        return "Address()"


def address(settings: Settings, file: File) -> Address:
    """Where `file` can be fetched now. Raises Misconfigured, DownloadRefused, and what the provider's API raises."""
    if not all(part.strip(".") for part in file):
        # As a part of a path it would lead elsewhere.
        raise DownloadRefused("No address can hold a recording of this name")
    known = _sources(settings.recording_sources)
    source = known.get(f"{file.provider}/{file.client}") or known.get(file.provider) or {}
    template = source.get("url", "")
    if "{recording}" in template:
        parts = {name: quote(value, safe="") for name, value in file._asdict().items()}
        return Address(_filled(template, parts), source.get("token", ""))
    if file.provider != TELPHIN:
        raise Misconfigured(f"RECORDING_SOURCES names no place for the recordings of {file.provider}")
    application = replace(
        settings,
        telphin_url=template.rstrip("/") or settings.telphin_url,
        telphin_client_id=source.get("client_id") or settings.telphin_client_id,
        telphin_client_secret=source.get("client_secret") or settings.telphin_client_secret,
    )
    return Address(Telphin(application).recording_url(file.recording))


def _filled(template: str, parts: dict[str, str]) -> str:
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", value)
    return template


@lru_cache(maxsize=1)
def _sources(text: str) -> dict[str, dict[str, str]]:
    try:
        said = json.loads(text or "{}")
        fit = all(set(source) <= _FIELDS and all(map(_is_text, source.values())) for source in said.values())
    except (ValueError, TypeError, AttributeError):
        fit = False
    if not fit:
        raise Misconfigured(
            "RECORDING_SOURCES must be a JSON object of objects of text, with any of " + ", ".join(sorted(_FIELDS))
        )
    return dict(said)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
