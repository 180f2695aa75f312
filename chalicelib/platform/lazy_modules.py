"""Parts of libraries that load with their package although hardly anything uses them: here they load at first use."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

#: Milliseconds that each takes on a cold start of the Lambdas that load its package.
LAZY = {
    # The guard reads parse trees as JSON, so neither the classes of their nodes nor the names of their values.
    "pglast.ast": 12,
    "pglast.enums": 25,
    # Logger takes correlation ids out of events with it, which no surface asks for.
    "aws_lambda_powertools.utilities.jmespath_utils": 10,
}


class _Finder(MetaPathFinder):
    """Finds the modules of LAZY as Python does, and lets them run when an attribute is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's place with a lazy loader, or None for any other module."""
        if fullname not in LAZY:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, Loader):
            spec.loader = LazyLoader(spec.loader)
        return spec


def install() -> None:
    """Make the modules of LAZY lazy from now on. May be repeated."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
