"""Service scripts: each module of this folder registers functions under the names that clients use.

    @script("SvcScript1", scope="statistics")
    def calls_of_numbers(run: ScriptRun) -> str: ...

A token may run the script if it has this scope, and the script's name or `*` among its scripts. The function returns
the value of the script. For `download/byscript` it returns the key of a file in the bucket, below SCRIPT_FILES_PREFIX:
`chalicelib/oktell/script_files.py` writes such files, and reads uploaded ones. It runs in a process of its own for at
most SCRIPT_SECONDS, so an exception or a crash affects nothing else. The interface imports these modules when it needs
a script, so import heavy packages inside the functions.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

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


class RegisteredScript(NamedTuple):
    """A script: its name, its function, and the scope that a caller's token needs."""

    name: str
    function: Script
    scope: str


_registered: dict[str, RegisteredScript] = {}


def script(name: str, *, scope: str) -> Callable[[Script], Script]:
    """Register a function as the script `name`. Clients may write the name in any case.

    `scope` is the scope of the data that the script tells its callers: `oktell` for scripts that tell no other data.
    """

    def register(function: Script) -> Script:
        _registered[name.casefold()] = RegisteredScript(name, function, scope)
        return function

    return register


def find(name: str) -> RegisteredScript | None:
    """Return a registered script, or None if there is no such script."""
    _load()
    return _registered.get(name.strip().casefold())


@lru_cache(maxsize=1)
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        try:
            import_module(f"{__name__}.{module.name}")
        except Exception:  # noqa: BLE001 - the other scripts must run even if one cannot be loaded
            edge.logger().exception("a script cannot be loaded", extra={"module": module.name})
