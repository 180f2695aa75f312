"""The stored reports: Ringledger's own, and those in the database, which replace an own report of their name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal, NamedTuple

from chalicelib.errors import InvalidRequest
from chalicelib.platform.postgres import Connection
from chalicelib.statistics.own_reports import own_reports
from chalicelib.statistics.report_definitions import ReportDefinition, UnknownReport

REPORTS_LIMIT = 500

_LIST = "SELECT name, definition, changed_at, changed_by FROM ledger.reports ORDER BY name"
_FIND = "SELECT name, definition, changed_at, changed_by FROM ledger.reports WHERE name = %s"
_PUT = """
INSERT INTO ledger.reports (name, definition, changed_by)
SELECT %(name)s, %(definition)s::jsonb, %(by)s
WHERE (SELECT count(*) FROM ledger.reports WHERE name <> %(name)s) < %(limit)s
ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, changed_by = excluded.changed_by, changed_at = now()
RETURNING name
"""
_DROP = "DELETE FROM ledger.reports WHERE name = %s RETURNING definition IS NOT NULL"


class StoredReport(NamedTuple):
    """A report, where it comes from, and who saved it when."""

    definition: ReportDefinition
    origin: Literal["ringledger", "saved"]
    changed_at: datetime | None = None
    changed_by: str = ""


def listing(connection: Connection) -> list[StoredReport]:
    """Return every report in the order of the names. Raise Unavailable."""
    rows = connection.execute(_LIST)
    gone = {row[0] for row in rows}
    own = [StoredReport(report, "ringledger") for name, report in own_reports().items() if name not in gone]
    saved = [_saved(row) for row in rows if row[1] is not None]
    return sorted([*own, *saved], key=lambda stored: stored.definition.name)


def find(connection: Connection, name: str) -> StoredReport:
    """Return the report of this name. Raise UnknownReport, Unavailable."""
    rows = [] if "\0" in name else connection.execute(_FIND, [name])
    if rows and rows[0][1] is not None:
        return _saved(rows[0])
    if rows or name not in own_reports():
        raise UnknownReport(f"there is no report {name[:60]!a}; GET /reports lists them")
    return StoredReport(own_reports()[name], "ringledger")


def put(connection: Connection, definition: ReportDefinition, by: str) -> None:
    """Save a checked report in place of an earlier one of its name. Raise InvalidRequest when there are too many."""
    content = definition.model_dump_json(exclude={"name"})
    values = {"name": definition.name, "definition": content, "by": by, "limit": REPORTS_LIMIT}
    if not connection.execute(_PUT, values):
        raise InvalidRequest(f"there are {REPORTS_LIMIT} saved reports; remove one first")


def remove(connection: Connection, name: str, by: str) -> bool:
    """Remove a report; where it replaced one of Ringledger's own, that one is back, and the result is True.

    Raise UnknownReport.
    """
    find(connection, name)
    dropped = connection.execute(_DROP, [name])
    if not dropped:
        connection.execute(
            _PUT, {"name": name, "definition": None, "by": by, "limit": REPORTS_LIMIT + len(own_reports())}
        )
    return bool(dropped) and name in own_reports()


def restore(connection: Connection, name: str) -> None:
    """Bring back Ringledger's own report of this name, whatever replaced it. Raise UnknownReport."""
    if name not in own_reports():
        raise UnknownReport(f"{name[:60]!a} is none of Ringledger's own reports: {', '.join(own_reports())}")
    connection.execute(_DROP, [name])


def _saved(row: tuple[str, dict[str, object], datetime, str]) -> StoredReport:
    name, content, changed_at, changed_by = row
    definition = ReportDefinition.model_validate({"name": name, **content})
    return StoredReport(definition, "saved", changed_at, changed_by)


def summary(stored: StoredReport) -> dict[str, object]:
    """Return a report as clients see it, with every parameter that it takes."""
    definition = stored.definition
    content: dict[str, object] = json.loads(definition.model_dump_json())
    return {
        **content,
        "parameters": [json.loads(parameter.model_dump_json()) for parameter in definition.every_parameter()],
        "origin": stored.origin,
        "changed_at": stored.changed_at.isoformat(timespec="seconds") if stored.changed_at else None,
        "changed_by": stored.changed_by or None,
    }
