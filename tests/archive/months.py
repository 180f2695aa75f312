"""Helpers for tests with months that retire and are archived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.admin import commands
from chalicelib.admin.commands import CommandResult
from chalicelib.archive import archiving, surface
from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.platform.postgres import Connection
from infra.local.local_lambda import Functions, Invocation
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger

#: The month of BEGIN is over for more than one whole month.
LATER = BEGIN + timedelta(days=70)
MONTH = "2026_11"
BUCKET = "archive-tests"
_TABLES = "SELECT name FROM ledger.partitioned_tables UNION ALL SELECT 'ledger.events' ORDER BY 1"


def clear(ledger: Ledger) -> None:
    """Delete every row and every partition."""
    ledger.clear()
    ledger.drop_months()
    run(ledger.url, "TRUNCATE ledger.months, ledger.changed_days, ledger.call_figures")


def state(ledger: Ledger, kind: str = "calls", month: str = MONTH) -> object:
    """Return the state of a month's retirement, or None."""
    rows = run(ledger.url, "SELECT state FROM ledger.retirements WHERE kind = %s AND month = %s", [kind, month])
    return rows[0][0] if rows else None


@dataclass
class Archive:
    """A ledger with its archive."""

    ledger: Ledger
    s3: Any

    def maintain(self, now: datetime = LATER) -> list[str]:
        """Close, archived or not, what is older than a month, drop what is archived, and return the dropped months."""
        owner = self.ledger.owner
        calls = monthly_tables.retire(owner, now, 1, archived=True)
        return calls + partitions.retire(owner, now, 1, archived=True)

    def write(self, connection: Connection | None = None) -> list[str]:
        """Archive the closed months, as the Lambda's own role."""
        archiver = connection or Connection(self.ledger.settings.archiver_database_url)
        return archiving.run(archiver, BUCKET, lambda: 1e9)

    def retire(self) -> list[str]:
        """Close, archive and drop what is older than a month."""
        self.maintain()
        self.write()
        return self.maintain()

    def rows(self) -> dict[str, list[str]]:
        """Return all rows of the tables that retire, as sorted text."""
        return self.ledger.tables([str(name) for name in self.ledger.column(_TABLES)])

    def objects(self) -> list[str]:
        """Return the keys of all objects."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def command(self, *words: str) -> CommandResult:
        """Run a command of the operator."""
        return commands.run(["archive", *words], lambda: "")


class InProcess(Functions):
    """Lambda's Invoke API whose only function is the archive's, which runs in this process."""

    def run(self, name: str, event: bytes) -> Invocation:
        """Run the archive's Lambda on `event`."""
        assert name == "archive"
        return Invocation(json.dumps(surface.handle(json.loads(event), lambda: 1e9)).encode())
