"""Service scripts: each module of this folder registers functions under the names that clients ask for.

    @script("SvcScript1")
    def calls_of_numbers(run: ScriptRun) -> str: ...

The function returns the script's value. For `download/byscript`, it returns the key of a file in the bucket below
SCRIPT_FILES_PREFIX. It runs in its own process, which ends with it or after SCRIPT_SECONDS, so its errors affect
nothing else. The modules are imported with the interface, so they import large packages inside their functions.
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
    """One run: the five start parameters (empty if missing), the integration, and if a file is expected."""

    id: str
    parameters: tuple[str, ...]
    integration: str
    wants_file: bool
    settings: Settings


Script = Callable[[ScriptRun], str]

_registered: dict[str, tuple[str, Script]] = {}


def script(name: str) -> Callable[[Script], Script]:
    """Register the function as the script `name`, which clients may write in any case."""

    def register(function: Script) -> Script:
        _registered[name.casefold()] = (name, function)
        return function

    return register


def find(name: str) -> tuple[str, Script] | None:
    """Return the name and the function of a script, or None if there is no such script."""
    _load()
    return _registered.get(name.strip().casefold())


@lru_cache(maxsize=1)
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        try:
            import_module(f"{__name__}.{module.name}")
        except Exception:  # noqa: BLE001 - a script that cannot be loaded does not affect the others
            edge.logger().exception("a script cannot be loaded", extra={"module": module.name})
