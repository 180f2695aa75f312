"""A run: what its source has is entered into the ledger page by page, then everything pending is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.nimbox.client import Client, Timing
from chalicelib.platform.postgres import Connection
from chalicelib.replication import deliveries, runs, targets
from chalicelib.replication.cdr_database import CdrUnavailable
from chalicelib.replication.deliveries import Holder
from chalicelib.replication.runs import Run, RunRequest, RunTaken
from chalicelib.replication.sending import Sending
from chalicelib.settings import Settings

DONE = "done"
# A Lambda that has less left stops here, so that every request it made is answered and written down.
RESERVE_SECONDS = 60.0


class SourceAway(Unavailable):
    """A source does not answer; what was read of it has been sent, and the run goes on when it is taken up."""

    code = "source-away"

    def __init__(self, origin: str, message: str) -> None:
        """Name the source's word in settings."""
        self.origin = origin
        super().__init__(message)


def forever() -> float:
    """The seconds that are left to whoever may take as long as it takes."""
    return float("inf")


@dataclass(frozen=True)
class Progress:
    """How far a run is: `what` it does now, how many are `done`, and of how many when that is known."""

    what: str
    done: int
    total: int | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a run needs besides its order; `remaining` answers the seconds that it still has."""

    writer: Connection
    settings: Settings
    remaining: Callable[[], float] = forever
    tell: Callable[[Progress], None] = lambda _: None
    timing: Timing = field(default_factory=Timing)
    new_id: Callable[[], UUID] = uuid4


def order(around: Surroundings, kind: str, origin: str, now: datetime, since: datetime | None = None) -> RunRequest:
    """What a run of `kind` that begins at `now`, naive UTC, is to read of `origin`; `since` is for the kind `since`.

    An incremental one looks back its hours from where the CRM has answered for everything, however long that is ago.
    """
    settings, target = around.settings, targets.name(around.settings)
    until = now - timedelta(seconds=settings.replication_settled_seconds)
    widest = until - timedelta(days=settings.replication_days)
    begin = since or widest
    if kind == "incremental":
        known = runs.cursor(around.writer, target, origin) or until
        begin = max(min(known, until) - timedelta(hours=settings.replication_hours), widest)
    return RunRequest(target, origin, kind, begin, until)


def start(around: Surroundings, what: RunRequest) -> Run:
    """Begin a run and take it as far as the time allows; one without an outcome is to be taken up later.

    Raises Misconfigured before it begins. After SourceAway, Unavailable and DatabaseError it is to be taken up as well.
    """
    targets.check(around.settings)
    holder = around.new_id()
    return _carry_on(around, runs.begin(around.writer, what, holder), holder)


def resume(around: Surroundings, number: int | None = None, besides: Sequence[str] = ()) -> Run | None:
    """Take up the run of this number, or the oldest that was cut off, of no source in `besides`.

    Answers None when there is none. Raises as `start`.
    """
    holder = around.new_id()
    run = runs.take_up(around.writer, targets.name(around.settings), holder, number, besides)
    return _carry_on(around, run, holder) if run else None


def _carry_on(around: Surroundings, run: Run, holder: UUID) -> Run:
    lap = _Lap(around.timing.now)
    try:
        outcome = _worked(around, run, holder, lap)
    except RunTaken:
        return runs.summary(around.writer, run.id)
    except SourceAway:
        runs.leave(around.writer, run, holder, lap.seconds(), "")
        raise
    except Misconfigured as fault:
        # It would be no better next time.
        outcome = fault.message
    runs.leave(around.writer, run, holder, lap.seconds(), outcome)
    return runs.summary(around.writer, run.id)


def _worked(around: Surroundings, run: Run, holder: UUID, lap: _Lap) -> str:
    """The run's outcome, empty when it is to go on later."""
    try:
        if not (run.read_whole or _read(around, run, holder, lap)):
            return ""
    except CdrUnavailable as fault:
        _send(around, run, holder, lap)
        raise SourceAway(run.order.origin, fault.message) from fault.__cause__
    reason = _send(around, run, holder, lap)
    if run.order.origin:
        runs.move_cursor(around.writer, run.order)
    if reason and _short_of_time(around):
        return ""
    return reason or DONE


def _read(around: Surroundings, run: Run, holder: UUID, lap: _Lap) -> bool:
    """Enter what the source has; whether it was all."""
    what, writer = run.order, around.writer
    source = targets.source(writer, around.settings, what.origin)
    done = run.counts["read"]
    with closing(source.pages(what.since, what.until, run.position)) as pages:
        for page in pages:
            with writer.transaction():
                entered = deliveries.enter(writer, what.target, what.origin, page.records, resend=what.resend)
                known = (len(page.records) - entered.added, entered.corrected)
                runs.advance(writer, run, holder, page, known)
            done += page.read
            around.tell(Progress("read", done))
            if _short_of_time(around):
                return False
    gone = deliveries.withdraw(writer, what.target, what.origin) if what.origin == "calls" else 0
    runs.finish_reading(writer, run, holder, gone)
    runs.keep_alive(writer, run, holder, lap.seconds())
    return True


def _send(around: Surroundings, run: Run, holder: UUID, lap: _Lap) -> str:
    writer, stop = around.writer, threading.Event()
    total, done = deliveries.pending(writer, run.order.target), 0

    def tell(settled: int) -> None:
        nonlocal done
        done += settled
        around.tell(Progress("sent", done, max(total, done)))

    service = targets.service(around.settings)
    sending = Sending(
        writer,
        Holder(holder, run.id, run.order.target),
        service.connections,
        stop,
        time_is_up=partial(_short_of_time, around),
        now=around.timing.now,
        alive=lambda: runs.keep_alive(writer, run, holder, lap.seconds()),
        tell=tell,
    )
    client = Client(service, replace(around.timing, sleep=stop.wait), sending.halted)
    try:
        return sending.run(client.create)
    finally:
        client.close()


def _short_of_time(around: Surroundings) -> bool:
    return around.remaining() < RESERVE_SECONDS


class _Lap:
    """Seconds since they were last asked for."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()

    def seconds(self) -> float:
        """They begin anew now."""
        before, self._last = self._last, self._now()
        return self._last - before
