"""Modules that few requests need although what imports them loads at each start: here they load at their first use.

Such a module is imported whole (`from package import module`), since naming one of its contents would load it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

#: Milliseconds that each takes on a cold start of the Lambdas that load its package.
LAZY = {
    # The guard reads parse trees as JSON, so neither the classes of their nodes nor the names of their values.
    "pglast.ast": 12,
    "pglast.enums": 25,
    # urllib3 asks for its version of HTTP/2, and http.client can read headers that no service sends.
    "zipfile": 3,
    "email.header": 2,
    # Large uploads have threads.
    "concurrent.futures": 2,
    # Logger takes correlation ids out of events with it, which no surface asks for.
    "aws_lambda_powertools.utilities.jmespath_utils": 10,
    # Most requests of the channel are queries.
    "chalicelib.statistics.report_definitions": 25,
    "chalicelib.statistics.report_files": 1,
    "chalicelib.statistics.report_store": 1,
    "chalicelib.statistics.report_queries": 2,
    # It loads pydantic, which the refusal of a caller does not need.
    "chalicelib.oktell.command_parameters": 90,
    # A request of an operator needs one of these.
    "chalicelib.operations.dead_messages": 3,
    "chalicelib.operations.jobs": 1,
    "chalicelib.operations.operator_answers": 9,
    "chalicelib.operations.operator_requests": 8,
    "chalicelib.operations.pending_work": 20,
    "chalicelib.operations.registers": 15,
    "chalicelib.operations.webhook_log": 10,
}


class _Finder:
    """Finds the modules of LAZY as Python does, and lets them run when an attribute is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's place with a lazy loader, or None for any other module."""
        if fullname not in LAZY:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def install() -> None:
    """Make the modules of LAZY lazy from now on. May be repeated."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
