"""How many examples Hypothesis makes: all in continuous integration, a quarter of them in `make test`."""

from __future__ import annotations

import os

from hypothesis import settings

_SHARE = 1 if os.environ.get("CI") else 4
#: Hypothesis' own number.
_USUAL = 100


def examples(whole: int) -> int:
    """Return the number of examples of a property that has `whole` in continuous integration."""
    return max(whole // _SHARE, 1)


def load_profile() -> None:
    """Set the number of examples for properties that name none."""
    settings.register_profile("share", max_examples=examples(_USUAL))
    settings.load_profile("share")
