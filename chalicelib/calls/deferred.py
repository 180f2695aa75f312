"""A mapping that is worked out when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

V = TypeVar("V")


class Deferred(Mapping[str, V]):
    """A part of a call's records that few readers need: most calls never replace a record."""

    def __init__(self, work: Callable[[], Mapping[str, V]]) -> None:
        """Remember the pure function `work`, which returns the content."""
        self._work = work

    @cached_property
    def _content(self) -> Mapping[str, V]:
        return self._work()

    def __getitem__(self, name: str) -> V:
        """Return the value of `name`. Raises KeyError."""
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._content)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._content)

    def __repr__(self) -> str:
        """Show the content."""
        return repr(self._content)
