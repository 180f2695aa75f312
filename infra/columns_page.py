"""`python -m infra.columns_page`: docs/columns.md, from the catalog, its descriptions and the providers' own rules.

The columns that a provider fills are those that its rules fill for the simulated calls of the demonstration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from chalicelib import providers
from chalicelib.calls import presence
from chalicelib.calls.events import Event, Raw, Source
from chalicelib.calls.records import Row, Table
from chalicelib.catalog import TABLES
from chalicelib.statistics import descriptions
from infra.demonstration.webhooks import stream
from infra.demonstration.webhooks.posts import Post
from infra.demonstration.webhooks.staff import CLIENT

PAGE = Path(__file__).parents[1] / "docs/columns.md"
BEGAN, DAYS, CALLS_A_DAY = 1_790_000_000.0, 4, 200.0
_TYPES = {"13596*099": "ivr", "13596*200": "queue", "13596*210": "queue", "13596*220": "queue"}
#: Columns that no rule fills, but the ledger itself: from the file of a recording, and from neighbouring events.
_LEDGER: Mapping[Table, str] = {
    ("calls", "success"): "isrec callrecpath callstoragecode callrecsize callrecdel_dt recdomain recexpirets",
    ("sipusers", "states"): "eventid event_name login state dt_start dt_stop len",
}
_SCRIPTS = ("scriptevents",)
_TITLE = """\
# The documented tables

This page is made from the catalog by `python -m infra.columns_page`; a test compares it. Times are UTC without a zone.

The column *filled by* says who fills a column: **T** Telphin's events, **M** MTT's, **R** Ringledger itself (the file
of a recording, intervals between states, runs of scripts). Every column can be filled by a PBX that posts ready rows
(`native`).

Words of providers are kept: `stopreason` of `calls.success` and of missed calls, and `reason` of forks, are the
CallStatus of Telphin's hangup (`ANSWER`, `CANCEL`, `BUSY`, `NOANSWER`), and for MTT `Bye from side a` or `b` and the
meaning of the cause. PBXs that post rows themselves write their own, such as `<<"Bye from side a">>` in the protocol's
example. To ask who hung up, compare with `ilike '%side a%'`. SIP codes (`stoptype`, `sipcode`) mean the same for all
of them. Names of queues and phones are extensions in full, such as `13596*200`. Results of queues:
[calls.md](calls.md#queues).
"""

Filled = Mapping[str, Mapping[Table, frozenset[str]]]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """Return the page as Markdown."""
    filled = {"T": _filled("telphin"), "M": _filled("mtt")}
    return "\n".join([_TITLE, *(line for schema in TABLES for line in _schema(schema, filled))])


def _schema(schema: str, filled: Filled) -> Iterator[str]:
    yield f"## {schema}\n\n{descriptions.of(schema).en}\n"
    for table in TABLES[schema]:
        yield f"### {schema}.{table}\n\n{descriptions.of(schema, table).en}\n"
        yield "| column | type | filled by | meaning |\n| --- | --- | --- | --- |"
        for column, kind in TABLES[schema][table]:
            by = " ".join(_fillers((schema, table), column, filled))
            meaning = descriptions.of(schema, table, column).en
            yield f"| `{column}` | {kind.removesuffix(' without time zone')} | {by} | {meaning} |"
        yield ""


def _fillers(table: Table, column: str, filled: Filled) -> Iterator[str]:
    yield from (letter for letter, columns in filled.items() if column in columns.get(table, ()))
    if table[0] in _SCRIPTS or column in _LEDGER.get(table, "").split():
        yield "R"


def _filled(provider: str) -> dict[Table, frozenset[str]]:
    """Return the columns of each table that the rules of a provider fill."""
    columns: dict[Table, set[str]] = defaultdict(set)
    calls: dict[str, list[Event]] = defaultdict(list)
    for post in stream.month(Random(1), CALLS_A_DAY, BEGAN, BEGAN + DAYS * stream.DAY):  # noqa: S311 - no secret
        if post.provider == provider:
            calls[post.call] += _events(post)
    for call, events in calls.items():
        rows = providers.correlate(events).rows if call else {}
        _note(columns, rows)
        _note(columns, presence.changes(events))
    return {table: frozenset(names) for table, names in columns.items()}


def _events(post: Post) -> list[Event]:
    accepted = datetime.fromtimestamp(post.at, UTC).replace(tzinfo=None)
    raw = Raw(f"{post.at}", accepted, post.provider, body=post.body)
    source = Source(1, post.provider, CLIENT, post.sender, _TYPES.get(post.sender, "phone"), owner="Anna")
    return providers.parse(raw, source)


def _note(columns: dict[Table, set[str]], rows: Mapping[Table, Iterable[Row]]) -> None:
    for table, some in rows.items():
        columns[table].update(name for row in some for name, value in row.items() if value is not None)


if __name__ == "__main__":
    main()
