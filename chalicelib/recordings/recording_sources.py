"""Finds the address of a recording at its provider: from Telphin's API, or from a template.

The setting RECORDING_SOURCES is a JSON object. Its names are a provider, or a provider and one of its clients. Its
values are objects, and their fields replace TELPHIN_URL and its application for that integration:

    {"telphin/13596": {"client_id": "…", "client_secret": "…"},
     "mtt": {"url": "https://records.example/{client}/{recording}.mp3", "token": "…"}}
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from pydantic import ConfigDict, TypeAdapter, ValidationError

from chalicelib.errors import Misconfigured
from chalicelib.ledger.recording_facts import File
from chalicelib.platform.downloads import DownloadRefused
from chalicelib.platform.models import DEFERRED, DeferredModel
from chalicelib.providers.telphin_client import Telphin
from chalicelib.recordings import uploaded_files
from chalicelib.settings import Settings

TELPHIN = "telphin"


class RecordingSource(DeferredModel):
    """The place of one integration's recordings."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    url: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""


class Address(NamedTuple):
    """The URL of a file, and the Bearer token that its host needs, empty for none."""

    url: str
    token: str = ""

    def __repr__(self) -> str:
        """Return no content: the URL may itself be a key."""
        return "Address()"


_SOURCES = TypeAdapter(dict[str, RecordingSource], config=DEFERRED)


def address(settings: Settings, file: File) -> Address:
    """Return the address of `file`. Raises Misconfigured, DownloadRefused, and what the provider's API raises."""
    if not all(part.strip(".") for part in file):
        # Dots in a path are resolved, and would lead to another resource.
        raise DownloadRefused("The recording's name cannot be a part of an address")
    source = _source(settings, file)
    if "{recording}" in source.url:
        parts = {name: quote(value, safe="") for name, value in file._asdict().items()}
        return Address(_filled(source.url, parts), source.token)
    if file.provider != TELPHIN:
        raise Misconfigured(f"RECORDING_SOURCES has no address for the recordings of {file.provider}")
    application = replace(
        settings,
        telphin_url=source.url.rstrip("/") or settings.telphin_url,
        telphin_client_id=source.client_id or settings.telphin_client_id,
        telphin_client_secret=source.client_secret or settings.telphin_client_secret,
    )
    return Address(Telphin(application).recording_url(file.recording))


def is_uploaded(settings: Settings, file: File) -> bool:
    """Return True if the PBX uploads `file` itself, and no address is set for it. Raises Misconfigured."""
    return uploaded_files.is_way_of(file.provider) and not _source(settings, file).url


def _source(settings: Settings, file: File) -> RecordingSource:
    sources = _sources(settings.recording_sources)
    return sources.get(f"{file.provider}/{file.client}") or sources.get(file.provider) or RecordingSource()


def _filled(template: str, parts: dict[str, str]) -> str:
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", value)
    return template


@lru_cache(maxsize=1)
def _sources(text: str) -> dict[str, RecordingSource]:
    try:
        return _SOURCES.validate_json(text or "{}")
    except ValidationError:
        fields = ", ".join(sorted(RecordingSource.model_fields))
        raise Misconfigured(
            f"RECORDING_SOURCES must be a JSON object of objects of text, with any of {fields}"
        ) from None
