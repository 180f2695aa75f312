"""Modules that few requests need although what imports them loads at each start: here they load at their first use.

Such a module is imported whole (`from package import module`), since naming one of its contents would load it. A
package of which only a module is used is left without its own code.
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
    # http.client can read headers that no service sends.
    "email.header": 2,
    # pydantic would search for plugins with it.
    "importlib.metadata": 8,
    # Refusals suggest similar names.
    "difflib": 1,
    # Large uploads have threads, and large answers files.
    "concurrent.futures": 2,
    "tempfile": 3,
    # Logger takes correlation ids out of events with it, which no surface asks for.
    "aws_lambda_powertools.utilities.jmespath_utils": 10,
    # Queries seldom fail.
    "chalicelib.statistics.error_causes": 2,
    "chalicelib.statistics.slow_parts": 1,
    # Most requests of the channel are one query.
    "chalicelib.statistics.batch": 4,
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

#: Milliseconds that the own code of a package takes of which only modules are used.
BARE = {
    # It loads its metrics and its tracer for its logger.
    "aws_lambda_powertools": 4,
    # It reads the version of a package for HTTP/2, which is not installed, with importlib.metadata.
    "urllib3.http2": 8,
}


class _Finder:
    """Finds the modules of LAZY and BARE as Python does; the former run when an attribute is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's place with a loader that runs it later, or with none; or None for any other module."""
        if fullname not in LAZY and fullname not in BARE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            # Python takes a package without a loader for a namespace, which has no code.
            spec.loader = LazyLoader(spec.loader) if fullname in LAZY else None
        return spec


def install() -> None:
    """Make the modules of LAZY lazy, and those of BARE empty, from now on. May be repeated."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
