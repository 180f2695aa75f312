"""The start of a Lambda, from its first import to its last one."""

from __future__ import annotations

import gc

from chalicelib import settings
from chalicelib.platform import lazy_modules


def begin() -> None:
    """Prepare for the imports: call it before those of the libraries."""
    lazy_modules.install()
    # pydantic searches every installed package for plugins when it builds its first model: 10 ms, and there are none.
    settings.disable_plugins()
    # Imports leave hardly any garbage, and looking for it takes 14 of the 280 ms of the longest start.
    gc.disable()


def end() -> None:
    """Collect garbage from now on, but never again among what the imports made, which stays for good."""
    gc.freeze()
    gc.enable()
