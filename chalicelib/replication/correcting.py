"""The plot of a correction: delete one day's calls at the CRM, and create all of them again as they are now.

The protocol has no update, so this is its only means. It deletes whatever the CRM has of the day, also calls of other
programs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from chalicelib.errors import InvalidRequest, Misconfigured, RingledgerError
from chalicelib.nimbox.client import Client, DeletionVerdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication import correction_rows, replicate, run_order, targets
from chalicelib.replication.correction_rows import CorrectedDay, DayCounts, Hold
from chalicelib.replication.deliveries import LEASE_SECONDS
from chalicelib.replication.replicate import DONE, RunContext
from chalicelib.replication.runs import Run, RunRequest
from chalicelib.settings import Settings

# Claims of a process that died end within one lease.
PATIENCE_SECONDS = 2 * LEASE_SECONDS
POLL_SECONDS = 0.2
# The deletion begins soon after the hold was renewed, and its answer comes long before the hold ends.
PREPARATION_SECONDS = 60
# What the whole needs before it sends calls: waiting, the deletion, and the reserve of a run.
NEEDED_SECONDS = 400


class NotCorrected(RingledgerError):
    """Nothing was deleted at the CRM, or it is unknown if it was. The calls are in the ledger and are offered again."""

    code = "not-corrected"


class Correction(NamedTuple):
    """A corrected day: what the ledger knew of it, the CRM's count of deleted calls, and the run that sent it again."""

    counts: DayCounts
    deleted: int | None
    run: Run


def day_of(settings: Settings, day: date) -> CorrectedDay:
    """Return a day of the CRM with its borders. Raise Misconfigured if there is no CRM."""
    return correction_rows.corrected_day(targets.name(settings), day, settings.crm_zone or settings.site_zone)


def check(settings: Settings, day: CorrectedDay, now: datetime) -> None:
    """Check that the day may be deleted at `now`, in naive UTC. Raise Misconfigured and InvalidRequest."""
    targets.check(settings)
    if not settings.crm_ours_alone:
        raise Misconfigured(
            "CRM_OURS_ALONE is not set: a correction deletes every call that the CRM has of the day, also those of"
            f" other programs. Set CRM_OURS_ALONE=1 if only this replication creates calls at {day.target}"
        )
    settled = (now - day.end).total_seconds()
    if settled < settings.replication_settled_seconds:
        raise InvalidRequest(
            f"{day.day} is not over: it ends at {day.end:%Y-%m-%d %H:%M} UTC, and its calls are sent"
            f" {settings.replication_settled_seconds} seconds later. Correct it then"
        )


def correct(context: RunContext, day: CorrectedDay, now: datetime) -> Correction:
    """Delete the day at the CRM, and send its calls again.

    Raise Misconfigured, InvalidRequest, DaysHeld, NotCorrected and the errors of `replicate.start`.
    """
    check(context.settings, day, now)
    _store(context, day, now)
    if context.remaining() < NEEDED_SECONDS:
        raise NotCorrected("There is too little time left for a deletion; nothing was deleted. Repeat the command")
    held = correction_rows.hold(context.writer, day, context.new_id())
    counts, verdict = _delete(context, held)
    ended = verdict.state != "unknown" and correction_rows.end(context.writer, held, verdict)
    if not ended:
        raise NotCorrected(_unknown(context.writer, day, verdict))
    run = replicate.start(context, RunRequest(day.target, "", "correct", now, now))
    if verdict.state != "deleted":
        raise NotCorrected(f"{day.target} did not delete {day.day}, and keeps what it had: {verdict.reason}")
    return Correction(counts, verdict.deleted, run)


def _store(context: RunContext, day: CorrectedDay, now: datetime) -> None:
    """Read the day and its neighbours from every source into the ledger, and send what is pending anyway."""

    def plan(origin: str) -> RunRequest:
        planned = replicate.plan(context, "since", origin, now, day.since)
        return planned._replace(until=min(planned.until, day.until))

    for finished in run_order.run_sources(context, context.settings.replication_sources, plan):
        outcome = finished.run.outcome
        if not outcome.startswith(DONE):
            raise NotCorrected(f"The day could not be stored first, so nothing was deleted: {outcome or 'time is up'}")


def _delete(context: RunContext, held: Hold) -> tuple[DayCounts, DeletionVerdict]:
    """Ask the CRM once to delete the day, after every call of it is pending and held by no process."""
    nothing = DayCounts(0, 0, 0, 0)
    if not _wait(context, held):
        return nothing, DeletionVerdict("refused", "another process holds calls of the day; nothing was deleted")
    began = context.timing.now()
    counts = correction_rows.make_pending(context.writer, held)
    if counts is None or context.timing.now() - began > PREPARATION_SECONDS:
        return nothing, DeletionVerdict("refused", "the hold could not be renewed in time; nothing was deleted")
    client = Client(targets.service(context.settings), context.timing)
    try:
        return counts, client.delete(held.day.day)
    finally:
        client.close()


def _wait(context: RunContext, held: Hold) -> bool:
    """Wait until no process sends calls of these days. Return False if one still does."""
    deadline = context.timing.now() + PATIENCE_SECONDS
    while correction_rows.in_flight(context.writer, held.day):
        if context.timing.now() > deadline:
            return False
        context.timing.sleep(POLL_SECONDS)
    return True


def _unknown(writer: Connection, day: CorrectedDay, verdict: DeletionVerdict) -> str:
    until = [each.held_until for each in correction_rows.unfinished(writer) if each[:2] == day[:2]]
    when = f"after {until[0]:%H:%M:%S} UTC" if until else "with the next run"
    return (
        f"It is unknown if {day.target} has deleted {day.day} ({verdict.reason or 'the hold has expired'})."
        f" No call is lost: all are offered again {when}. Repeat the command then"
    )
