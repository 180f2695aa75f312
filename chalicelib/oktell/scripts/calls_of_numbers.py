"""An example: how often people talked with the numbers that it is given, in the last thirty days."""

from __future__ import annotations

import csv
import io

from chalicelib.oktell.scripts import ScriptRun, script
from chalicelib.platform import objects
from chalicelib.platform.postgres import Row, connection

# Of the reader's connection, like any query of the statistics channel; values are parameters and never text.
CALLS = """
SELECT asked.number, count(inviteid), coalesce(sum(duration), 0)
FROM unnest(%s::text[]) AS asked (number)
LEFT JOIN calls.success ON (anumber = asked.number OR bnumber = asked.number) AND invitedt > now() - interval '30 days'
GROUP BY asked.number ORDER BY asked.number
"""


@script("SvcScript1")
def calls_of_numbers(run: ScriptRun) -> str:
    """`number=calls;number=calls` for the numbers of its start parameters; as a file, a CSV with the seconds too."""
    rows = connection(run.settings.reader_database_url).execute(CALLS, [[text for text in run.parameters if text]])
    return _file(run, rows) if run.wants_file else ";".join(f"{number}={calls}" for number, calls, _ in rows)


def _file(run: ScriptRun, rows: list[Row]) -> str:
    table = io.StringIO()
    csv.writer(table).writerows([("number", "calls", "seconds"), *rows])
    key = f"{run.settings.script_files_prefix}calls-{run.id}.csv"
    objects.write(run.settings.bucket, key, table.getvalue().encode(), "text/csv; charset=utf-8")
    return key
