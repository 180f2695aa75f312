"""Sends what is pending: one thread claims rows and writes down what became of them, many ask the CRM."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.nimbox.client import PhoneCall, Stopped, Verdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication import deliveries
from chalicelib.replication.deliveries import LEASE_SECONDS, Claimed, Holder

# Enough to keep every connection busy while rows are claimed and settled.
ROWS_A_CONNECTION = 16
# So many in a row without an answer that counts, a connection: the CRM is away, and waiting for each row helps nobody.
FAILURES_A_CONNECTION = 2
GATHER_SECONDS = 0.03
RENEWALS_A_LEASE = 4
# Nothing is asked in the last half of a lease, so that the answer comes within it.
SURE_SHARE = 0.5

Offer = Callable[[PhoneCall], Verdict]
Settled = tuple[Claimed, Verdict]


class Workers:
    """Threads that offer calls to the CRM, until they are told to stop."""

    def __init__(self, offer: Offer, count: int, stop: threading.Event) -> None:
        """Start `count` of them; once `stop` is set they begin nothing more."""
        self._offer = offer
        self._stop = stop
        self._waiting: queue.SimpleQueue[Claimed | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Claimed, Verdict | None]] = queue.SimpleQueue()
        # Daemons: a CRM that never ends its answer must not keep the process from ending.
        self._threads = [threading.Thread(target=self._work, name="replication", daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def offer(self, rows: Sequence[Claimed]) -> None:
        """Have these rows offered."""
        for row in rows:
            self._waiting.put(row)

    def results(self, seconds: float) -> list[tuple[Claimed, Verdict | None]]:
        """What is done after `seconds`, or soon after when that is nothing; a row without a verdict was not offered."""
        found = []
        # So that many rows are settled by one statement.
        self._stop.wait(seconds)
        try:
            found.append(self._done.get(timeout=seconds))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            return found

    def end(self) -> None:
        """Let every thread end when it has done what it is at."""
        for _ in self._threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while row := self._waiting.get():
            self._done.put((row, None if self._stop.is_set() else self._offered(row)))

    def _offered(self, row: Claimed) -> Verdict | None:
        call = PhoneCall(row.initiated, row.source, row.destination, row.duration, row.url)
        try:
            verdict = self._offer(call)
        except Stopped:
            return None
        except Exception as fault:  # noqa: BLE001 - whatever one call does to the client, the others go on
            # Its words are left out: they may quote the address, with the token.
            return Verdict("pending", f"it could not be sent: {type(fault).__name__}")
        if verdict.halts:
            # Here already, since others would go on until this one is written down.
            self._stop.set()
        return verdict


@dataclass
class Sending:
    """One run's sending; `tell` hears after each step how many rows were settled since the last."""

    writer: Connection
    holder: Holder
    connections: int
    stop: threading.Event
    time_is_up: Callable[[], bool]
    now: Callable[[], float]
    alive: Callable[[], None]
    tell: Callable[[int], None]
    lease: float = LEASE_SECONDS
    _flying: dict[int, Claimed] = field(default_factory=dict)
    _failures: int = 0
    _reason: str = ""
    _renewed: float = 0.0

    def halted(self) -> bool:
        """Whether nothing more may be asked: it was stopped, or others may have taken the claims by now."""
        if self.now() > self._renewed + self.lease * SURE_SHARE:
            self._end("the claims could not be renewed in time")
        return self.stop.is_set()

    def run(self, offer: Offer) -> str:
        """Send until nothing is left that this run may try; answers why it ended before, or an empty text.

        Raises Unavailable and DatabaseError; what was being sent then comes back when its claims end.
        """
        self._renewed = self.now()
        workers = Workers(offer, self.connections, self.stop)
        try:
            self._pump(workers)
        finally:
            self.stop.set()
            workers.end()
        return self._reason

    def _pump(self, workers: Workers) -> None:
        more = True
        while more or self._flying:
            more = more and not self._stopping()
            if more and len(self._flying) <= self._capacity // 2:
                more = self._claim(workers)
            self._take(workers.results(GATHER_SECONDS))
            if self.now() - self._renewed > self.lease / RENEWALS_A_LEASE:
                self._renew()

    def _renew(self) -> None:
        # From before the statement: that is when the database's own clock begins, or earlier.
        began = self.now()
        deliveries.renew(self.writer, self.holder, list(self._flying), self.lease)
        self.alive()
        if not self.halted():
            self._renewed = began

    @property
    def _capacity(self) -> int:
        return self.connections * ROWS_A_CONNECTION

    def _stopping(self) -> bool:
        if not self._reason and self.time_is_up():
            self._end("time is up")
        return self.stop.is_set()

    def _claim(self, workers: Workers) -> bool:
        rows = deliveries.claim(self.writer, self.holder, self._capacity - len(self._flying), self.lease)
        self._flying |= {row.id: row for row in rows}
        workers.offer(rows)
        return bool(rows)

    def _take(self, results: Sequence[tuple[Claimed, Verdict | None]]) -> None:
        settled = [(row, verdict) for row, verdict in results if verdict]
        if settled:
            deliveries.settle(self.writer, self.holder, settled)
            self.tell(len(settled))
        if unsent := [row.id for row, verdict in results if verdict is None]:
            deliveries.release(self.writer, self.holder, unsent)
        for row, _ in results:
            del self._flying[row.id]
        for _, verdict in settled:
            self._judge(verdict)

    def _judge(self, verdict: Verdict) -> None:
        self._failures = self._failures + 1 if verdict.state == "pending" else 0
        if verdict.halts or self._failures >= self.connections * FAILURES_A_CONNECTION:
            self._end(f"the CRM does not take calls now: {verdict.reason}")

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.stop.set()
