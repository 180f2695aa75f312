"""The commands of the archive: list, run, verify and restore; and its part of `forget`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib.admin.words import Subparsers, add, add_group, note, owner, progress, say, table
from chalicelib.archive import archive_orders, restoring, retirement
from chalicelib.archive.archived_months import ArchivedFile, Manifest
from chalicelib.errors import InvalidRequest, RingledgerError
from chalicelib.ledger import forgetting

HEAD = ("KIND", "MONTH", "STATE", "ROWS", "FILES", "BYTES", "ARCHIVED")
DAYS_KEPT = 30
_STATES = "SELECT kind, replace(month, '_', '-'), state FROM ledger.retirements ORDER BY kind, month"


class ArchiveDamaged(RingledgerError):
    """Files of the archive are missing or changed; the lines above name them."""

    code = "archive-damaged"


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `archive` and its subcommands."""
    under = add_group(commands, "archive", "months that left the database", "Look after months that left the database.")
    add(under, "list", _list, "list the months whose retention is over, and their state")
    add(under, "run", _run, "archive the closed months now instead of in the next hour")
    verify = add(under, "verify", _verify, "read archived files and compare them with their manifests")
    verify.add_argument("month", metavar="MONTH", nargs="?", type=_month, help="such as 2024-01; all without it")
    restore = add(under, "restore", _restore, "bring a month back into the database")
    restore.add_argument("month", metavar="MONTH", type=_month, help="such as 2024-01")
    restore.add_argument("--kind", choices=retirement.KINDS, default=retirement.CALLS, help="calls, or raw events")
    restore.add_argument(
        "--days", type=_days, default=DAYS_KEPT, metavar="N", help=f"keep it for N days, {DAYS_KEPT} without this"
    )
    restore.add_argument("--dry-run", action="store_true", help="count what would be restored, and restore nothing")


def _month(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - naive UTC
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month: write it as 2024-01") from None


def _days(text: str) -> int:
    days = int(text)
    if not 0 < days <= 100 * 366:
        raise ValueError(text)
    return days


def _manifests() -> list[Manifest]:
    return [Manifest.model_validate(each) for each in archive_orders.order("list")["manifests"]]


def _list(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    archived = {(each.kind, each.month): each for each in _manifests()}
    states = {(kind, month): state for kind, month, state in owner().execute(_STATES)}
    rows = [_row(*key, states.get(key, "unknown here"), archived.get(key)) for key in sorted({*archived, *states})]
    table(HEAD, rows)


def _row(kind: str, month: str, state: str, manifest: Manifest | None) -> tuple[str, ...]:
    if manifest is None:
        return (kind, month, state, "-", "-", "-", "-")
    files = manifest.files
    figures = (sum(file.rows for file in files), len(files), sum(file.bytes for file in files))
    return (kind, month, state, *map(str, figures), f"{manifest.written_at:%Y-%m-%d %H:%M}")


def _run(_arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    archived = archive_orders.run()
    for month in archived:
        say(f"archived: {month}")
    if not archived:
        say("No closed month waits for the archive.")


def _verify(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    chosen = [each for each in _manifests() if arguments.month in {None, each.month}]
    if not chosen:
        raise InvalidRequest(f"The archive has nothing of {arguments.month or 'any month'}")
    faults = []
    for manifest in chosen:
        found = archive_orders.order("verify", kind=manifest.kind, month=manifest.month)["faults"]
        say(f"{manifest.kind} of {manifest.month}: {len(manifest.files)} files, {len(found)} faults")
        faults += found
    for fault in faults:
        note(fault)
    if faults:
        raise ArchiveDamaged


def _restore(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    shown = archive_orders.order("show", kind=arguments.kind, month=arguments.month)["manifest"]
    manifest = Manifest.model_validate(shown)
    if arguments.dry_run:
        for name in manifest.tables():
            say(f"{name}: {manifest.rows_of(name)} rows")
        say("Nothing was restored.")
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    tell = progress("files restored", len(manifest.files))
    rows = restoring.restore(owner(), manifest, now + timedelta(days=arguments.days), _fill, tell)
    say(f"{rows} rows of {manifest.kind} of {manifest.month} are back for {arguments.days} days.")


def _fill(file: ArchivedFile, place: str) -> int:
    return int(archive_orders.order("fill", file=file.model_dump(mode="json"), place=place)["rows"])


def forget(number: str, erase_recordings: forgetting.EraseRecordings | None) -> Counter[str]:
    """Erase a number from the archive, and return how many rows of each archived table held it.

    Without `erase_recordings`, count only. Raises as `archive_orders.order` does.
    """
    digits = forgetting.digits_of(number)
    held: Counter[str] = Counter()
    for answer in _erased(digits, preview=erase_recordings is None):
        held.update({f"archive: {name}": rows for name, rows in answer["rows"].items()})
        if erase_recordings and answer["recorded"]:
            now = datetime.now(UTC).replace(tzinfo=None)
            held[forgetting.VOICES] += erase_recordings([UUID(each) for each in answer["recorded"]], now)
    return +held


def _erased(digits: str, *, preview: bool) -> Iterator[archive_orders.Answer]:
    if not owner().execute(_STATES):
        return
    for manifest in _manifests():
        yield archive_orders.order("erase", kind=manifest.kind, month=manifest.month, digits=digits, preview=preview)
