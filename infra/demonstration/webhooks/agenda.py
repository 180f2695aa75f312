"""The order of a simulation: actions that are due at a time, and the posts that they make, both in order of time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator

from infra.demonstration.webhooks.posts import Post

#: An action at a time; it returns the posts that it causes, none of which is earlier.
Action = Callable[[float], Iterable[Post]]


class Agenda:
    """The actions that are still to happen, and the posts that are not due yet."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._actions: list[tuple[float, int, Action]] = []
        self._posts: list[tuple[float, int, Post]] = []
        self._numbers = itertools.count()

    def at(self, time: float, action: Action) -> None:
        """Let `action` happen at `time`, in seconds since 1970."""
        heapq.heappush(self._actions, (time, next(self._numbers), action))

    def run(self) -> Iterator[Post]:
        """Let everything happen in order, and yield each post when no earlier one can follow."""
        while self._actions:
            time, _, action = heapq.heappop(self._actions)
            yield from self._due(time)
            for post in action(time):
                heapq.heappush(self._posts, (post.at, next(self._numbers), post))
        yield from self._due(float("inf"))

    def _due(self, time: float) -> Iterator[Post]:
        while self._posts and self._posts[0][0] <= time:
            yield heapq.heappop(self._posts)[2]
