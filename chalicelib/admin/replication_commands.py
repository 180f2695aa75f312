"""The `replication` commands: show the progress, list and retry rejected calls, and run it by hand."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

from chalicelib import settings
from chalicelib.admin import questions
from chalicelib.admin.progress_bar import ProgressBar
from chalicelib.admin.words import Subparsers, add, add_group, minute, moment, owner, say, table
from chalicelib.errors import InvalidRequest, RingledgerError
from chalicelib.platform import configuration
from chalicelib.replication import (
    adopting,
    correcting,
    correction_rows,
    deliveries,
    number_rules,
    overview,
    replicate,
    run_order,
    targets,
)
from chalicelib.replication.adopting import ScriptCalls
from chalicelib.replication.overview import CallFilter
from chalicelib.replication.replicate import DONE, Progress, RunContext
from chalicelib.replication.runs import Run, RunRequest

READ_COUNTS = ("read", "existing", "left_out", "corrected")
SENT_COUNTS = ("sent", "delivered", "rejected")
#: Counts that are shown only if they are not zero.
RARE_COUNTS = {
    "offered_again": "refused calls were offered again, because their numbers may be known by now",
    "maybe_delivered": "calls may have been delivered before: the CRM refused them after an answer was lost",
    "waiting": "calls wait under the claim of another process; if it is dead, the next run sends them",
}
LIST_LIMIT = 100
RUNS_SHOWN = 10
CORRECTIONS_SHOWN = 10
KEYS_SHOWN = 10
# The years of calls. Time zones cannot be applied far beyond them.
YEARS = range(1970, 2200)
# A run uses this part of the admin Lambda's fifteen minutes. The hourly run resumes the rest.
LAMBDA_SECONDS = 840


class ReplicationStopped(RingledgerError):
    """The run ended before every call was sent."""

    code = "replication-stopped"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `replication`."""
    under = add_group(commands, "replication", "calls to the CRM", "Manage the replication of calls to the CRM.")
    add(under, "status", _status, "show the progress of each CRM, and the latest runs")
    listed = add(under, "list", _list, "list calls: those that failed first, then the latest")
    listed.add_argument("--state", choices=overview.STATES, default=overview.STATES[0], help="rejected without it")
    listed.add_argument("--crm", default="", metavar="NAME", help="only calls to this CRM, as `status` names it")
    time_of_call = partial(moment, years=YEARS)
    listed.add_argument("--since", type=time_of_call, metavar="TIME", help="only calls from then on: ISO 8601, UTC")
    listed.add_argument("--until", type=time_of_call, metavar="TIME", help="only calls before then")
    listed.add_argument("--older", type=int, metavar="DAYS", help="only calls that are older than so many days")
    listed.add_argument(
        "--limit", type=int, default=LIST_LIMIT, metavar="COUNT", help=f"so many; {LIST_LIMIT} without it"
    )
    listed.add_argument("--json", action="store_true", help="as JSON, times in ISO 8601 and UTC")
    retry = add(under, "retry", _retry, "send rejected calls again")
    retry.add_argument("id", nargs="*", type=int, metavar="ID", help="as `replication list` shows it")
    retry.add_argument("--all", action="store_true", help="every rejected call")
    _add_run(under)
    adopt = add(under, "adopt", _adopt, "take over the calls that another program has sent, before the first run")
    adopt.add_argument("--from", choices=["perl"], required=True, dest="program", help="NiMbox's script phonecalls")
    adopt.add_argument(
        "--destinations", metavar="RULES", help="what your convertDestination does, if not `strip:9>area:7:0212`"
    )
    adopt.add_argument("--dry-run", action="store_true", help=f"show the keys of the latest {KEYS_SHOWN} calls only")
    correct = add(under, "correct", _correct, "delete a day's calls at the CRM, and create them again as they are now")
    correct.add_argument("day", type=_day, metavar="DAY", help="a day of the CRM's time zone (CRM_ZONE): 2026-11-20")
    questions.add_options(correct)


def _add_run(under: Subparsers[argparse.ArgumentParser]) -> None:
    command = add(under, "run", _run, "read new calls and send pending ones, as the schedule does every hour")
    which, since = command.add_mutually_exclusive_group(), partial(moment, years=YEARS)
    which.add_argument("--full", action="store_true", help="read the whole window, as the schedule does once a day")
    which.add_argument("--since", type=since, metavar="TIME", help="read from here on: ISO 8601, UTC without a zone")
    command.add_argument("--resend", action="store_true", help="send delivered and rejected calls again")


def _status(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    counts = overview.targets(owner())
    rows = [
        (each.target, each.pending, each.delivered, each.rejected, each.maybe_delivered, each.differs)
        for each in counts
    ]
    table(("CRM", "PENDING", "DELIVERED", "REJECTED", "MAYBE DELIVERED", "DIFFERS"), rows, "targets")
    for each in counts:
        if each.held:
            say(
                f"{each.target}: {each.held} of the pending calls are held by a process, which may be dead;",
                held=each.held,
            )
            say(f"  in that case they are free again within {deliveries.LEASE_SECONDS} seconds")
    for broken in correction_rows.unfinished(owner()):
        _say_unfinished(broken)
    for cursor in overview.cursors(owner()):
        _say_cursor(cursor)
    _table_corrections()
    latest = overview.latest(owner(), RUNS_SHOWN)
    if latest:
        say("")
        head = ("RUN", "CRM", "SOURCE", "KIND", "STARTED", "READ", "KNOWN", "SENT", "DELIVERED", "REJECTED", "MAYBE")
        shown = [
            (*each[:2], each.source, each.kind, each.started_at, *each[5:14], round(each.seconds, 1), each.outcome)
            for each in latest
        ]  # fmt: skip
        table((*head, "UNDELIVERED", "RETRIED", "UNCERTAIN", "SECONDS", "OUTCOME"), shown, "runs")


def _table_corrections() -> None:
    corrections = correction_rows.latest(owner(), CORRECTIONS_SHOWN)
    if corrections:
        say("")
        head = ("CRM", "CORRECTED DAY", "STATE", "KNOWN", "DELETED", "STARTED", "ENDED", "REASON")
        table(head, corrections, "corrections")


def _say_unfinished(broken: correction_rows.UnfinishedCorrection) -> None:
    state = (
        f"its calls wait until {broken.held_until:%H:%M:%S} UTC" if broken.is_held else "its calls are offered again"
    )
    say(f"{broken.target}: the correction of {broken.day} is at work or broke off; {state}.")
    say(f"  If it broke off, repeat `replication correct {broken.day}`")


def _say_cursor(cursor: overview.Cursor) -> None:
    acknowledged = cursor.acknowledged
    until = f"answered for up to {minute(acknowledged)} UTC" if acknowledged else "still to be read whole"
    say(f"{cursor.target}: everything of {cursor.source} is {until}", sources=[cursor._asdict()])
    if cursor.away_reason:
        say(f"{cursor.target}: {cursor.source} is away since {minute(cursor.away_since)} UTC: {cursor.away_reason}")


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    until = arguments.until
    if arguments.older is not None:
        until = min(filter(None, (until, _now() - timedelta(days=arguments.older))))
    chosen = CallFilter(arguments.state, arguments.crm, arguments.since, until)
    listed = overview.listing(owner(), chosen, arguments.limit)
    if arguments.json:
        say(json.dumps([row._asdict() for row in listed], default=datetime.isoformat, ensure_ascii=False))
        return
    rows = [
        (row.id, row.target, row.initiated, row.source, row.destination, row.duration, row.attempts, row.reason)
        for row in listed
    ]  # fmt: skip
    table(("ID", "CRM", "INITIATED", "SOURCE", "DESTINATION", "SECONDS", "TRIED", "REASON"), rows)


def _retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if bool(arguments.id) == arguments.all:
        raise InvalidRequest("Say which rows: their ids, or --all")
    context, now = _context(), _now()
    target = targets.name(context.settings)
    count = deliveries.retry(context.writer, target, arguments.id)
    say(f"{count} rejected rows are pending again.", pending=count)
    if not count:
        return
    run = replicate.start(context, RunRequest(target, "", "retry", now, now))
    _report(run)
    _raise_if_stopped([run.outcome])


def _run(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    context, now = _context(), _now()
    targets.check(context.settings)
    kind = "full" if arguments.full else "since" if arguments.since else "incremental"

    def plan(source: str) -> RunRequest:
        return replicate.plan(context, kind, source, now, arguments.since)._replace(resend=arguments.resend)

    outcomes = []
    for run, resumed, _ in run_order.run_sources(context, context.settings.replication_sources, plan):
        if resumed:
            say(f"run {run.id} was cut off and has been taken up")
        _report(run)
        outcomes.append(run.outcome)
        if not run.outcome:
            break
    _raise_if_stopped(outcomes)


def _adopt(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    context, now = _context(), _now()
    target = targets.name(context.settings)
    window = replicate.plan(context, "full", "cdr", now)
    days, rules = timedelta(days=1), arguments.destinations
    changed = number_rules.changes(rules) if rules else adopting.convert_destination
    calls = ScriptCalls(targets.cdr_table(context.settings), window.since - days, now + days, changed)
    if arguments.dry_run:
        _say_keys(calls)
        return
    done = adopting.adopt(context.writer, target, calls, lambda count: context.report(Progress("read", count)))
    say(f"{done.adopted} of {done.read} rows are taken over. The CRM is asked what it has of them.", **done._asdict())
    run = replicate.start(context, RunRequest(target, "", "adopt", now, now))
    _report(run)
    _raise_if_stopped([run.outcome])


def _say_keys(calls: ScriptCalls) -> None:
    say("The script has sent these calls so, if its convertDestination is as given. Compare them with the CRM.")
    rows = [
        (f"{key.initiated:%Y-%m-%dT%H:%M:%SZ}", key.source, row.dst, key.destination)
        for row, key in adopting.keys(calls, KEYS_SHOWN)
    ]
    table(("INITIATED", "SOURCE", "DIALLED", "DESTINATION"), rows)


def _correct(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    context, now = _context(), _now()
    day = correcting.day_of(context.settings, arguments.day)
    if arguments.dry_run:
        correcting.check(context.settings, day, now)
        counts = correction_rows.count(context.writer, day)
        would = {"crm": day.target, "day": day.day, "since": day.begin, "until": day.end, **counts._asdict()}
        say(f"{day.target} would be asked to delete {day.day}, from {day.begin} to {day.end} UTC.", **would)
        say(f"It has {counts.known} calls of that day by the ledger: {counts.differing} differ, and of these")
        say(f"  {counts.stale} are gone or have another key now. The others would be created again as they are.")
        say(f"{counts.around} calls of the days before and after would be offered again; the CRM has them.")
        return
    if not questions.agreed(arguments, f"Delete the calls of {day.day} at {day.target}, and create them again?", {}):
        return
    done = correcting.correct(context, day, now)
    deleted = "an unknown number of" if done.deleted is None else str(done.deleted)
    say(
        f"{day.target} has deleted {deleted} calls of {day.day}; by the ledger it had {done.counts.known}.",
        deleted=done.deleted,
    )
    if done.deleted is not None and done.deleted > done.counts.known:
        say(f"  {done.deleted - done.counts.known} of them were unknown here: another program may have created them.")
    _report(done.run)
    _raise_if_stopped([done.run.outcome])
    if waiting := deliveries.pending(context.writer, day.target):
        raise ReplicationStopped(f"{waiting} calls are not at the CRM yet. No call is lost: the next run offers them")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write 2026-11-20")
    return day


def _context() -> RunContext:
    began = time.monotonic()
    limited = bool(settings.lambda_handler())
    remaining = (lambda: began + LAMBDA_SECONDS - time.monotonic()) if limited else replicate.unlimited
    return RunContext(owner(), configuration.current(), remaining, ProgressBar().show)


def _report(run: Run) -> None:
    counts, request = run.counts, run.request
    chosen = request.origin or ("rejected rows" if request.kind == "retry" else "pending calls")
    say(
        f"run {run.id}, {request.kind}, {chosen} to {request.target}: {run.outcome or 'put aside'}",
        runs=[{"id": run.id, "kind": request.kind, "outcome": run.outcome, **counts}],
    )
    say("  " + ", ".join(f"{name.replace('_', ' ')} {counts[name]}" for name in READ_COUNTS))
    undelivered = counts["undelivered"] + counts["waiting"]
    say("  " + ", ".join([*(f"{name} {counts[name]}" for name in SENT_COUNTS), f"undelivered {undelivered}"]))
    for name, explanation in RARE_COUNTS.items():
        if counts[name]:
            say(f"  {counts[name]} {explanation}")
    say(f"  retried {counts['retried']}, uncertain {counts['uncertain']}; {run.seconds:.1f} seconds")


def _raise_if_stopped(outcomes: list[str]) -> None:
    stopped = [outcome for outcome in outcomes if outcome and not outcome.startswith(DONE)]
    if stopped:
        raise ReplicationStopped(stopped[0])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
