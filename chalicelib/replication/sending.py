"""Sends pending calls: one thread claims calls and settles them, many threads ask the CRM."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.nimbox.client import PhoneCall, Stopped, Verdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication import deliveries
from chalicelib.replication.deliveries import LEASE_SECONDS, Claimant, ClaimedCall

# Enough to keep every connection busy while calls are claimed and settled.
ROWS_A_CONNECTION = 16
# After this many failures in a row for each connection, the CRM is considered away.
FAILURES_A_CONNECTION = 2
GATHER_SECONDS = 0.03
RENEWALS_A_LEASE = 4
# No request begins in the last half of a lease, so that its answer comes before the lease ends.
SURE_SHARE = 0.5

Offer = Callable[[PhoneCall], Verdict]
#: A call and its verdict, which is None if the call was not offered.
Result = tuple[ClaimedCall, Verdict | None]


class Workers:
    """Threads that offer calls to the CRM until `stop` is set."""

    def __init__(self, offer: Offer, count: int, stop: threading.Event) -> None:
        """Start `count` threads. They begin no request after `stop` is set."""
        self._offer = offer
        self._stop = stop
        self._waiting: queue.SimpleQueue[ClaimedCall | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Result] = queue.SimpleQueue()
        # Daemon threads, so that a CRM that never ends its answer does not keep the process alive.
        self._threads = [threading.Thread(target=self._work, name="replication", daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def offer(self, calls: Sequence[ClaimedCall]) -> None:
        """Queue these calls for the threads."""
        for call in calls:
            self._waiting.put(call)

    def results(self, seconds: float) -> list[Result]:
        """Return the results after `seconds`, or after the first result if there is none by then."""
        results = []
        # Waiting collects many results for one statement.
        self._stop.wait(seconds)
        try:
            results.append(self._done.get(timeout=seconds))
            while True:
                results.append(self._done.get_nowait())
        except queue.Empty:
            return results

    def end(self) -> None:
        """End every thread after its current call."""
        for _ in self._threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while call := self._waiting.get():
            self._done.put((call, None if self._stop.is_set() else self._verdict(call)))

    def _verdict(self, call: ClaimedCall) -> Verdict | None:
        try:
            verdict = self._offer(PhoneCall(call.initiated, call.source, call.destination, call.duration, call.url))
        except Stopped:
            return None
        except Exception as error:  # noqa: BLE001 - an error of one call must not end the thread
            # The message is left out: it may quote the address, which has the token.
            return Verdict("pending", f"it could not be sent: {type(error).__name__}", lost=True)
        if verdict.halts:
            # The other threads stop now, not only when this verdict is settled.
            self._stop.set()
        return verdict


@dataclass
class Sending:
    """The sending of one run. `report` receives the number of calls that each step has settled."""

    writer: Connection
    claimant: Claimant
    connections: int
    stop: threading.Event
    time_is_up: Callable[[], bool]
    now: Callable[[], float]
    keep_alive: Callable[[], None]
    report: Callable[[int], None]
    lease: float = LEASE_SECONDS
    _in_flight: dict[int, ClaimedCall] = field(default_factory=dict)
    _failures: int = 0
    _reason: str = ""
    _renewed: float = 0.0

    def halted(self) -> bool:
        """Return whether no request may begin: sending was stopped, or the claims may have expired."""
        if self.now() > self._renewed + self.lease * SURE_SHARE:
            self._end("the claims could not be renewed in time")
        return self.stop.is_set()

    def run(self, offer: Offer) -> str:
        """Send every pending call that this run has not tried. Return why sending ended early, or an empty text.

        Raise Unavailable and DatabaseError. The calls in flight are then pending again when their claims expire.
        """
        self._renewed = self.now()
        workers = Workers(offer, self.connections, self.stop)
        try:
            self._send_all(workers)
        finally:
            self.stop.set()
            workers.end()
        return self._reason

    def _send_all(self, workers: Workers) -> None:
        more = True
        while more or self._in_flight:
            more = more and not self._stopping()
            if more and len(self._in_flight) <= self._capacity // 2:
                more = self._claim(workers)
            self._settle(workers.results(GATHER_SECONDS))
            if self.now() - self._renewed > self.lease / RENEWALS_A_LEASE:
                self._renew()

    def _renew(self) -> None:
        # Measured before the statement, so that the database counts the lease from this time or later.
        began = self.now()
        deliveries.renew(self.writer, self.claimant, list(self._in_flight), self.lease)
        self.keep_alive()
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
        calls = deliveries.claim(self.writer, self.claimant, self._capacity - len(self._in_flight), self.lease)
        self._in_flight |= {call.id: call for call in calls}
        workers.offer(calls)
        return bool(calls)

    def _settle(self, results: Sequence[Result]) -> None:
        settled = [(call, verdict) for call, verdict in results if verdict]
        if settled:
            deliveries.settle(self.writer, self.claimant, settled)
            self.report(len(settled))
        if unsent := [call.id for call, verdict in results if verdict is None]:
            deliveries.release(self.writer, self.claimant, unsent)
        for call, _ in results:
            del self._in_flight[call.id]
        for _, verdict in settled:
            self._judge(verdict)

    def _judge(self, verdict: Verdict) -> None:
        self._failures = self._failures + 1 if verdict.state == "pending" else 0
        if verdict.halts or self._failures >= self.connections * FAILURES_A_CONNECTION:
            self._end(f"the CRM does not take calls now: {verdict.reason}")

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.stop.set()
