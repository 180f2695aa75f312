"""The Lambda that does jobs: a step at a time, so that another invocation can go on when its time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chalicelib import edge
from chalicelib.errors import Misconfigured, RingledgerError, Unavailable
from chalicelib.ledger import quarantine, retrying
from chalicelib.ledger.replay import count, replay
from chalicelib.operations import dead_messages, jobs
from chalicelib.operations.jobs import Held
from chalicelib.platform import configuration, dead_letters, functions, postgres
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration, fetch_queue
from chalicelib.replication import deliveries

#: Seconds that must be left for another step.
RESERVE_SECONDS = 60.0
#: The part of a period that is replayed in one step.
SLICE = timedelta(hours=1)
MESSAGES_AT_ONCE = 1_000
RECORDINGS_AT_ONCE = 1_000

#: A step: it moves the job and returns True while there is more to do.
Step = Callable[[Connection, Held], bool]


def handle(event: Mapping[str, Any], remaining: Callable[[], float]) -> None:
    """Do the job that `event` names until it ends or the time runs out, when another invocation goes on.

    `remaining` returns the seconds that are left.
    """
    identity = str(event["job"])
    owner = postgres.connection(configuration.current().owner_database_url)
    job = jobs.hold(owner, identity)
    if job is None:
        return
    with _ending(job, identity):
        step = STEPS[job.kind]
        while step(owner, job):
            if remaining() < RESERVE_SECONDS:
                job.leave()
                functions.start(configuration.current().jobs_function, dict(event))
                return
        job.end()


@contextmanager
def _ending(job: Held, identity: str) -> Iterator[None]:
    try:
        yield
    except Unavailable as away:
        # The job stays where it is: an operator, or the next order, starts it again.
        job.end(f"{away.message}; order it again")
        raise
    except RingledgerError as fault:
        job.end(fault.message)
    finally:
        edge.logger().info("job", extra={"surface": "jobs", "job": identity, "kind": job.kind})


def _replay(owner: Connection, job: Held) -> bool:
    since, until = (datetime.fromisoformat(job.parameters[name]) for name in ("since", "until"))
    provider = job.parameters["provider"]
    begin = datetime.fromisoformat(job.position) if job.position else since
    if begin == since:
        # It refuses a period of which retention dropped events.
        job.result["calls"] = count(owner, since, until, provider)
    end = min(begin + SLICE, until)
    report = replay(owner, begin, end, provider, lambda _: None)
    changed = sum(report.changes.values())
    job.result["changed"] = job.result.get("changed", 0) + changed
    job.result["set_aside"] = job.result.get("set_aside", 0) + len(report.faults)
    job.move(end.isoformat(), _slices(end - since), _slices(until - since))
    return end < until


def _slices(period: timedelta) -> int:
    return -(-period // SLICE)


def _retry_quarantine(owner: Connection, job: Held) -> bool:
    listed: list[str] = job.parameters["ids"]
    waiting = listed or [kept.id for kept in quarantine.listing(owner, limit=MESSAGES_AT_ONCE)]
    stored, refused = [], {}
    for identity in waiting:
        reason = _retried(owner, identity)
        if reason:
            refused[identity] = reason
        else:
            stored.append(identity)
    job.result = {"stored": len(stored), "refused": refused}
    job.move("end", len(waiting), len(waiting))
    return False


def _retried(owner: Connection, identity: str) -> str:
    """Try a message again; return why it failed, or nothing."""
    try:
        return retrying.retry(owner, identity)
    except Unavailable:
        raise
    except RingledgerError as fault:
        return str(fault)


def _redrive(_owner: Connection, job: Held) -> bool:
    queue = dead_messages.queue_of(configuration.current())
    chosen = _chosen(job.parameters)

    def report(done: int) -> None:
        job.move("", done, None)

    moved = dead_letters.redrive_chosen(queue, chosen, report) if chosen else dead_letters.redrive(queue, report)
    job.result = {"sent_back": moved}
    job.move("end", moved, moved)
    return False


def _chosen(parameters: Mapping[str, Any]) -> dead_letters.Chosen | None:
    """Return the condition of the order: its ids, its period, or None for all dead letters."""
    ids = set(parameters["ids"])
    since, until = (_moment(parameters[name]) for name in ("since", "until"))
    if not (ids or since or until):
        return None
    return lambda letter: (not ids or letter.id in ids) and dead_messages.is_between(letter, since, until)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _retry_recordings(owner: Connection, job: Held) -> bool:
    queue = configuration.current().recordings_queue_url
    if not queue:
        raise Misconfigured("RECORDINGS_QUEUE_URL is not set: it is the address of the queue recordings")
    ids = [UUID(each) for each in job.parameters["ids"]] or administration.failed(owner, RECORDINGS_AT_ONCE)
    files = administration.retry(owner, ids)
    fetch_queue.send(queue, files)
    job.result = {"fetched_again": len(files)}
    job.move("end", len(files), len(files))
    return False


def _retry_replication(owner: Connection, job: Held) -> bool:
    number = deliveries.retry(owner, job.parameters["target"], job.parameters["ids"])
    job.result = {"pending": number}
    job.move("end", number, number)
    return False


STEPS: Mapping[str, Step] = {
    "replay": _replay,
    "retry-quarantine": _retry_quarantine,
    "redrive": _redrive,
    "retry-replication": _retry_replication,
    "retry-recordings": _retry_recordings,
}
