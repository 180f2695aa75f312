"""The plot of a replication run: read a source into the ledger page by page, send pending calls, settle answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.nimbox.client import Client, Timing
from chalicelib.platform.postgres import Connection
from chalicelib.replication import deliveries, entering, runs, targets
from chalicelib.replication.cdr_database import CdrUnavailable
from chalicelib.replication.deliveries import Claimant
from chalicelib.replication.runs import Run, RunRequest, RunTaken
from chalicelib.replication.sending import Sending
from chalicelib.settings import Settings

DONE = "done"
# A Lambda stops sending when less time than this is left, so that every answer can still be written down.
RESERVE_SECONDS = 60.0


class SourceAway(Unavailable):
    """A source does not answer. What was read before is sent, and the run continues when it is resumed."""

    code = "source-away"

    def __init__(self, origin: str, message: str) -> None:
        """Store the name of the source in the settings."""
        self.origin = origin
        super().__init__(message)


def unlimited() -> float:
    """Return the remaining seconds of a process without a time limit."""
    return float("inf")


@dataclass(frozen=True)
class Progress:
    """The progress of a run: the current step (`read` or `sent`), the calls done, and their total if it is known."""

    step: str
    done: int
    total: int | None = None


@dataclass(frozen=True)
class RunContext:
    """The connection, settings and hooks of a run. `remaining` returns the seconds left; `report` receives progress."""

    writer: Connection
    settings: Settings
    remaining: Callable[[], float] = unlimited
    report: Callable[[Progress], None] = lambda _: None
    timing: Timing = field(default_factory=Timing)
    new_id: Callable[[], UUID] = uuid4

    def short_of_time(self) -> bool:
        """Return whether the run must be put aside now."""
        return self.remaining() < RESERVE_SECONDS


class _Stopwatch:
    """Measures the seconds between two questions."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()

    def lap(self) -> float:
        """Return the seconds since the last lap, and begin a new one."""
        before, self._last = self._last, self._now()
        return self._last - before


@dataclass(frozen=True)
class _Job:
    """A run that this process works on. `holder` is the id under which the process holds the run and its claims."""

    context: RunContext
    run: Run
    holder: UUID
    stopwatch: _Stopwatch

    @property
    def writer(self) -> Connection:
        return self.context.writer

    @property
    def claimant(self) -> Claimant:
        return Claimant(self.holder, self.run.id, self.run.request.target)

    def keep_alive(self) -> None:
        """Record that this process still works on the run. Raise RunTaken."""
        runs.keep_alive(self.writer, self.run, self.holder, self.stopwatch.lap())

    def leave(self, outcome: str) -> None:
        """End the run with `outcome`, or put it aside if that is empty."""
        runs.leave(self.writer, self.run, self.holder, self.stopwatch.lap(), outcome)


def plan(context: RunContext, kind: str, origin: str, now: datetime, since: datetime | None = None) -> RunRequest:
    """Return which calls of the source `origin` a run reads if it begins at `now`, in naive UTC.

    A run of the kind `since` reads from `since` on. An incremental run looks back REPLICATION_HOURS from the time up to
    which the CRM has answered for every call, however long ago that is.
    """
    settings: Settings = context.settings
    target = targets.name(settings)
    until = now - timedelta(seconds=settings.replication_settled_seconds)
    earliest = until - timedelta(days=settings.replication_days)
    begin = since or earliest
    if kind == "incremental":
        acknowledged = runs.cursor(context.writer, target, origin) or until
        begin = max(min(acknowledged, until) - timedelta(hours=settings.replication_hours), earliest)
    return RunRequest(target, origin, kind, begin, until)


def start(context: RunContext, request: RunRequest) -> Run:
    """Begin a run and continue it while time is left. A run without an outcome can be resumed.

    Raise Misconfigured before the run begins. After SourceAway, Unavailable or DatabaseError it can be resumed, too.
    """
    targets.check(context.settings)
    holder = context.new_id()
    return _continue(context, runs.begin(context.writer, request, holder), holder)


def resume(context: RunContext, number: int | None = None, excluded_sources: Sequence[str] = ()) -> Run | None:
    """Resume the interrupted run with this number, or the oldest interrupted run. Return None if there is none.

    Runs of `excluded_sources` are left alone. Raise the errors of `start`.
    """
    holder = context.new_id()
    run = runs.take_over(context.writer, targets.name(context.settings), holder, number, excluded_sources)
    return _continue(context, run, holder) if run else None


def _continue(context: RunContext, run: Run, holder: UUID) -> Run:
    job = _Job(context, run, holder, _Stopwatch(context.timing.now))
    try:
        outcome = _work(job)
    except RunTaken:
        return runs.summary(context.writer, run.id)
    except SourceAway:
        job.leave("")
        raise
    except Misconfigured as error:
        # Another attempt fails the same way, so the run ends.
        outcome = error.message
    job.leave(outcome)
    return runs.summary(context.writer, run.id)


def _work(job: _Job) -> str:
    """Read, send and settle. Return the outcome, which is empty if the run is to be resumed."""
    request = job.run.request
    try:
        if not (job.run.all_read or _read_pages(job)):
            return ""
    except CdrUnavailable as error:
        runs.mark_away(job.writer, request, str(error.__cause__ or error.message))
        _send_pending(job)
        raise SourceAway(request.origin, error.message) from error.__cause__
    reason = _send_pending(job)
    if request.origin:
        runs.move_cursor(job.writer, request)
    if reason and job.context.short_of_time():
        return ""
    return reason or _done(job)


def _done(job: _Job) -> str:
    """Return the outcome of a run that has sent what it could: calls that another process holds are left."""
    count, until = deliveries.held(job.writer, job.claimant)
    if not count:
        return DONE
    runs.leave_waiting(job.writer, job.run, job.holder, count)
    return f"{DONE}, except {count} calls that another process holds until {until:%H:%M:%S} UTC at most"


def _read_pages(job: _Job) -> bool:
    """Enter the source's calls into the ledger, page by page. Return False if the time is over before the last page."""
    context, request, writer = job.context, job.run.request, job.writer
    source = targets.source(writer, context.settings, request.origin)
    done = job.run.counts["read"]
    with closing(source.pages(request.since, request.until, job.run.position)) as pages:
        for page in pages:
            with writer.transaction():
                entered = entering.enter(writer, request.target, request.origin, page.records, resend=request.resend)
                known = (len(page.records) - entered.added, entered.corrected)
                runs.advance(writer, job.run, job.holder, page, known)
            done += page.read
            context.report(Progress("read", done))
            if context.short_of_time():
                return False
    gone = entering.withdraw(writer, request.target, request.origin) if request.origin == "calls" else 0
    again = 0
    if request.kind == "full":
        again = entering.offer_again(writer, request.target, request.origin, request.since)
    runs.finish_reading(writer, job.run, job.holder, gone, again)
    job.keep_alive()
    return True


def _send_pending(job: _Job) -> str:
    """Send every pending call and settle it by the CRM's answer. Return why sending ended early, or an empty text."""
    context, writer, stop = job.context, job.writer, threading.Event()
    total, done = deliveries.pending(writer, job.run.request.target), 0

    def report(settled: int) -> None:
        nonlocal done
        done += settled
        context.report(Progress("sent", done, max(total, done)))

    service = targets.service(context.settings)
    sending = Sending(
        writer,
        job.claimant,
        service.connections,
        stop,
        time_is_up=context.short_of_time,
        now=context.timing.now,
        keep_alive=job.keep_alive,
        report=report,
    )
    client = Client(service, replace(context.timing, sleep=stop.wait), sending.halted)
    try:
        return sending.run(client.create)
    finally:
        client.close()
