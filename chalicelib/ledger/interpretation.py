"""How calls are interpreted here: a provider's own options, with the settings of this installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event
from chalicelib.calls.options import Options, feature_codes
from chalicelib.calls.records import Records
from chalicelib.errors import Misconfigured
from chalicelib.platform import configuration


def options(provider: str) -> Options:
    """Return how calls of this provider are interpreted. Raises Misconfigured for a wrong FEATURE_CODES."""
    current = configuration.current()
    return _options(provider, current.answer_by_status, current.feature_codes)


def records(key: CallKey, events: Sequence[Event]) -> Records:
    """Return what follows from the events of a call. Raises Misconfigured, and what a provider's rules raise."""
    return providers.correlate(events, options(key.provider)) if events else Records(key)


@lru_cache(maxsize=32)
def _options(provider: str, answer_by_status: bool, codes: tuple[str, ...]) -> Options:  # noqa: FBT001 - a cache's key
    own = providers.options(provider)
    try:
        chosen = feature_codes(codes) or own.feature_codes
    except ValueError as fault:
        raise Misconfigured(f"FEATURE_CODES: {fault}") from None
    return replace(own, answer_by_status=answer_by_status, feature_codes=chosen)
