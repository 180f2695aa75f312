"""Service scripts: each module of this folder registers functions under the names that clients use.

    @script("SvcScript1")
    def calls_of_numbers(run: ScriptRun) -> str: ...

The function returns the value of the script. For `download/byscript` it returns the key of a file in the bucket, below
SCRIPT_FILES_PREFIX. It runs in a process of its own for at most SCRIPT_SECONDS, so an exception or a crash affects
nothing else. The interface imports these modules at its start, so import heavy packages inside the functions.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from chalicelib import edge
from chalicelib.settings import Settings


@dataclass(frozen=True)
class ScriptRun:
    """One run of a script.

    `parameters` are the five start parameters; a missing one is an empty text. `integration` is the name of the
    caller's token. `wants_file` is true for `download/byscript`.
    """

    id: str
    parameters: tuple[str, ...]
    integration: str
    wants_file: bool
    settings: Settings


Script = Callable[[ScriptRun], str]

_registered: dict[str, tuple[str, Script]] = {}


def script(name: str) -> Callable[[Script], Script]:
    """Register a function as the script `name`. Clients may write the name in any case."""

    def register(function: Script) -> Script:
        _registered[name.casefold()] = (name, function)
        return function

    return register


def find(name: str) -> tuple[str, Script] | None:
    """Return the registered name of a script and its function, or None if there is no such script."""
    _load()
    return _registered.get(name.strip().casefold())


@lru_cache(maxsize=1)
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        try:
            import_module(f"{__name__}.{module.name}")
        except Exception:  # noqa: BLE001 - the other scripts must run even if one cannot be loaded
            edge.logger().exception("a script cannot be loaded", extra={"module": module.name})
