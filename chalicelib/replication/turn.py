"""A turn: what was cut off is brought to its end, then each source is read; one that does not answer stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chalicelib.replication import run
from chalicelib.replication.run import SourceAway, Surroundings
from chalicelib.replication.runs import Run, RunRequest


class Turn:
    """The runs of one turn; `waiting` are the sources still to be read, `taken_up` the runs that others began."""

    def __init__(
        self,
        around: Surroundings,
        sources: Sequence[str],
        order: Callable[[str], RunRequest],
        number: int | None = None,
    ) -> None:
        """Begin nothing yet; `order` says what to read of a source, and the run `number` is to be taken up first."""
        self.waiting = list(sources)
        self.taken_up: set[int] = set()
        self._around = around
        self._order = order
        self._number = number
        self._away: dict[str, SourceAway] = {}

    def runs(self) -> Iterator[Run]:
        """Each run when it has ended; after one without an outcome whoever asks should stop, since the time is up.

        Raises SourceAway when everything else is done, and at once what `run.start` raises besides.
        """
        while True:
            try:
                ended = self._next()
            except SourceAway as fault:
                self._away[fault.origin] = fault
                continue
            if ended is None:
                break
            yield ended
        if self._away:
            raise next(iter(self._away.values()))

    def _next(self) -> Run | None:
        number, self._number = self._number, None
        taken_up = number is not None and run.resume(self._around, number)
        taken_up = taken_up or run.resume(self._around, besides=list(self._away))
        if taken_up:
            self.taken_up.add(taken_up.id)
            return taken_up
        while self.waiting:
            source = self.waiting.pop(0)
            if source not in self._away:
                return run.start(self._around, self._order(source))
        return None
