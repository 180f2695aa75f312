"""The `replication` commands: show the progress, list and retry rejected calls, and run it by hand."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from chalicelib import settings
from chalicelib.admin.words import Subparsers, add, minute, moment, owner, say, table
from chalicelib.errors import InvalidRequest, RingledgerError
from chalicelib.platform import configuration
from chalicelib.replication import adopting, deliveries, overview, replicate, run_order, targets
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
REASON_WIDTH = 80
# The years of calls. Time zones cannot be applied far beyond them.
YEARS = range(1970, 2200)
BAR_WIDTH = 30
BAR_SECONDS = 0.2
# A run uses this part of the admin Lambda's fifteen minutes. The hourly run resumes the rest.
LAMBDA_SECONDS = 840


class ReplicationStopped(RingledgerError):
    """The run ended before every call was sent."""

    code = "replication-stopped"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `replication`."""
    parser = commands.add_parser(
        "replication", help="calls to the CRM", description="Manage the replication of calls to the CRM."
    )
    under = parser.add_subparsers(metavar="COMMAND", required=True)
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


def _add_run(under: Subparsers[argparse.ArgumentParser]) -> None:
    command = add(under, "run", _run, "read new calls and send pending ones, as the schedule does every hour")
    which, since = command.add_mutually_exclusive_group(), partial(moment, years=YEARS)
    which.add_argument("--full", action="store_true", help="read the whole window, as the schedule does once a day")
    which.add_argument("--since", type=since, metavar="TIME", help="read from here on: ISO 8601, UTC without a zone")
    command.add_argument("--resend", action="store_true", help="send delivered and rejected calls again")


def _status(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    counts = overview.targets(owner())
    rows = [
        tuple(map(str, (each.target, each.pending, each.delivered, each.rejected, each.maybe_delivered, each.differs)))
        for each in counts
    ]
    table(("CRM", "PENDING", "DELIVERED", "REJECTED", "MAYBE DELIVERED", "DIFFERS"), rows)
    for each in counts:
        if each.held:
            say(f"{each.target}: {each.held} of the pending calls are held by a process, which may be dead;")
            say(f"  in that case they are free again within {deliveries.LEASE_SECONDS} seconds")
    for cursor in overview.cursors(owner()):
        _say_cursor(cursor)
    latest = overview.latest(owner(), RUNS_SHOWN)
    if latest:
        say("")
        head = ("RUN", "CRM", "SOURCE", "KIND", "STARTED", "READ", "KNOWN", "SENT", "DELIVERED", "REJECTED", "MAYBE")
        shown = [
            (*map(str, each[:2]), each.source or "-", each.kind, minute(each.started_at), *map(str, each[5:14]),
             f"{each.seconds:.1f}", each.outcome[:REASON_WIDTH])
            for each in latest
        ]  # fmt: skip
        table((*head, "UNDELIVERED", "RETRIED", "UNCERTAIN", "SECONDS", "OUTCOME"), shown)


def _say_cursor(cursor: overview.Cursor) -> None:
    acknowledged = cursor.acknowledged
    until = f"answered for up to {minute(acknowledged)} UTC" if acknowledged else "still to be read whole"
    say(f"{cursor.target}: everything of {cursor.source} is {until}")
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
        (str(row.id), row.target, minute(row.initiated), row.source, row.destination, str(row.duration),
         str(row.attempts), row.reason[:REASON_WIDTH])
        for row in listed
    ]  # fmt: skip
    table(("ID", "CRM", "INITIATED", "SOURCE", "DESTINATION", "SECONDS", "TRIED", "REASON"), rows)


def _retry(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    if bool(arguments.id) == arguments.all:
        raise InvalidRequest("Say which rows: their ids, or --all")
    context, now = _context(), _now()
    target = targets.name(context.settings)
    count = deliveries.retry(context.writer, target, arguments.id)
    say(f"{count} rejected rows are pending again.")
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


def _adopt(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    context, now = _context(), _now()
    target = targets.name(context.settings)
    window = replicate.plan(context, "full", "cdr", now)
    days = timedelta(days=1)
    done = adopting.adopt(
        context.writer,
        target,
        targets.cdr_table(context.settings),
        (window.since - days, now + days),
        lambda count: context.report(Progress("read", count)),
    )
    say(f"{done.adopted} of {done.read} rows are taken over. The CRM is asked what it has of them.")
    run = replicate.start(context, RunRequest(target, "", "adopt", now, now))
    _report(run)
    _raise_if_stopped([run.outcome])


def _context() -> RunContext:
    began = time.monotonic()
    limited = bool(settings.lambda_handler())
    remaining = (lambda: began + LAMBDA_SECONDS - time.monotonic()) if limited else replicate.unlimited
    return RunContext(owner(), configuration.current(), remaining, _Bar().show)


def _report(run: Run) -> None:
    counts, request = run.counts, run.request
    work = f"{request.kind}, {request.origin or 'rejected rows'} to {request.target}"
    say(f"run {run.id}, {work}: {run.outcome or 'put aside'}")
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


class _Bar:
    """A progress bar that grows in place on a terminal, and prints lines elsewhere."""

    def __init__(self) -> None:
        # Not sys.stderr, which is captured until the command ends.
        self._stream = sys.__stderr__
        self._shown = 0.0
        self._step = ""

    def show(self, progress: Progress) -> None:
        """Show the progress, unless the bar was drawn a moment ago."""
        stream = self._stream
        if stream is None or not self._is_due(progress, on_terminal=stream.isatty()):
            return
        begin, end = self._frame(progress) if stream.isatty() else ("", "\n")
        self._shown, self._step = time.monotonic(), progress.step
        stream.write(begin + _line(progress) + end)
        stream.flush()

    def _is_due(self, progress: Progress, *, on_terminal: bool) -> bool:
        if progress.done == progress.total or progress.step != self._step:
            return True
        return time.monotonic() - self._shown >= BAR_SECONDS * (1 if on_terminal else 10)

    def _frame(self, progress: Progress) -> tuple[str, str]:
        """Return what goes around the bar on a terminal: each step has a line of its own."""
        is_new_step = self._step not in {"", progress.step}
        return ("\n\r" if is_new_step else "\r", "\n" if progress.done == progress.total else "")


def _line(progress: Progress) -> str:
    if progress.total is None:
        return f"{progress.step} {progress.done:,}"
    filled = BAR_WIDTH * progress.done // max(1, progress.total)
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    return f"{progress.step} [{bar}] {progress.done:,} of {progress.total:,}"
