"""An example: the count of answered calls with each given number in the last 30 days."""

from __future__ import annotations

import csv
import io

from chalicelib.oktell import script_files
from chalicelib.oktell.scripts import ScriptRun, script
from chalicelib.platform.postgres import Row, connection

# It runs on the reader's connection, as queries of the statistics channel do. Values are passed as parameters.
CALLS = """
SELECT numbers.number, count(inviteid), coalesce(sum(duration), 0)
FROM unnest(%s::text[]) AS numbers (number)
LEFT JOIN calls.success
    ON (anumber = numbers.number OR bnumber = numbers.number) AND invitedt > now() - interval '30 days'
GROUP BY numbers.number ORDER BY numbers.number
"""


@script("SvcScript1", scope="statistics")
def calls_of_numbers(run: ScriptRun) -> str:
    """Return `number=calls;number=calls` for the start parameters, or the key of a CSV that also has the seconds."""
    rows = connection(run.settings.reader_database_url).execute(CALLS, [[text for text in run.parameters if text]])
    return _file(run, rows) if run.wants_file else ";".join(f"{number}={calls}" for number, calls, _ in rows)


def _file(run: ScriptRun, rows: list[Row]) -> str:
    table = io.StringIO()
    csv.writer(table).writerows([("number", "calls", "seconds"), *rows])
    return script_files.write(run, "calls.csv", table.getvalue().encode(), "text/csv; charset=utf-8")
