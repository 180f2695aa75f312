"""Monthly partitions of documented tables: batches of any month are stored, and nothing waits for readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import psycopg2
import pytest

from chalicelib.ledger import periods
from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.platform import schema_changes
from chalicelib.settings import Settings
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered, missed, ring_group

PLACES = "SELECT DISTINCT tableoid::regclass::text FROM calls.success ORDER BY 1"
MONTH_END = int((datetime(2026, 12, 1) - BEGIN).total_seconds())  # noqa: DTZ001 - naive UTC


@pytest.fixture
def ledger(database: Settings) -> Ledger:
    """Return a ledger without rows and months on the module's database."""
    ledger = Ledger(database)
    ledger.clear()
    ledger.drop_months()
    run(ledger.url, "TRUNCATE ledger.months")
    return ledger


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[psycopg2.extensions.connection]:
    """Return a connection on which a long report on all calls and events is under way."""
    with closing(psycopg2.connect(ledger.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM calls.success, ledger.events")
        yield connection


def test_months_are_made_ahead(ledger: Ledger) -> None:
    """This month and the next two have partitions of each table; a second run makes none."""
    assert monthly_tables.prepare(ledger.owner, BEGIN) == ["2026_11", "2026_12", "2027_01"]
    assert monthly_tables.prepare(ledger.owner, BEGIN) == []
    ledger.take(answered("C1", 0))
    assert ledger.column(PLACES) == ["partitions.calls_success_2026_11"]


def test_a_month_that_exists_is_left_as_it_is(ledger: Ledger) -> None:
    """Making the partitions of a month once more does nothing."""
    monthly_tables.prepare(ledger.owner, BEGIN)
    ledger.take(answered("C1", 0))

    assert monthly_tables.make(ledger.owner, datetime(2026, 11, 1))  # noqa: DTZ001 - naive UTC

    assert ledger.column(PLACES) == ["partitions.calls_success_2026_11"]


def test_rows_that_came_before_their_month_move_into_it(ledger: Ledger) -> None:
    """Rows of a month without partitions are stored in the rest and move once its partitions exist."""
    ledger.take(answered("C1", 0) + missed("C2", 60))
    before = ledger.tables()
    assert ledger.column(PLACES) == ["partitions.calls_success_rest"]

    made = monthly_tables.prepare(ledger.owner, BEGIN + timedelta(days=200))

    assert made[-1] == "2026_11"
    assert ledger.column(PLACES) == ["partitions.calls_success_2026_11"]
    assert ledger.tables() == before


@pytest.mark.parametrize("is_made", [False, True], ids=["in the rest", "in partitions"])
@pytest.mark.parametrize("split", [1, 2, 3, 4, 5])
def test_a_call_over_the_end_of_a_month_is_corrected_in_place(ledger: Ledger, split: int, is_made: bool) -> None:
    """Late events that move a call into the month before leave no row in the other month."""
    events = ring_group("C1", MONTH_END - 5) + answered("C2", MONTH_END - 3)
    ledger.take(events)
    expected = ledger.tables()
    ledger.clear()
    if is_made:
        monthly_tables.prepare(ledger.owner, BEGIN)

    ledger.take(events[split:])
    if not is_made:
        monthly_tables.prepare(ledger.owner, BEGIN)
    ledger.take(events[:split])

    assert ledger.tables() == expected
    assert ledger.column("SELECT DISTINCT unnest(months) FROM ledger.records ORDER BY 1")[0] == "2026_11"


def test_wrong_clocks_make_no_months(ledger: Ledger) -> None:
    """Rows without a time and of impossible years stay in the rest."""
    run(
        ledger.url,
        "INSERT INTO calls.failed (invitedt)"
        " VALUES (NULL), ('infinity'), ('-infinity'), ('1970-01-01'), ('2999-01-01')",
    )
    assert monthly_tables.prepare(ledger.owner, BEGIN) == ["2026_11", "2026_12", "2027_01"]
    assert ledger.column("SELECT count(*) FROM partitions.calls_failed_rest") == [5]


def test_many_strayed_months_take_several_runs(ledger: Ledger) -> None:
    """A run makes the coming months first, then some months that rows came for, the latest first."""
    run(
        ledger.url,
        "INSERT INTO calls.failed (invitedt)"
        " SELECT %s::timestamp - n * interval '1 month' FROM generate_series(1, 20) n",
        [BEGIN],
    )
    first, second = (monthly_tables.prepare(ledger.owner, BEGIN) for _ in range(2))
    assert first[:4] == ["2026_11", "2026_12", "2027_01", "2026_10"]
    assert len(first) == monthly_tables.MONTHS_AT_ONCE
    assert len(second) == 20 - (monthly_tables.MONTHS_AT_ONCE - 3)
    assert ledger.column("SELECT count(*) FROM partitions.calls_failed_rest") == [0]


def test_a_reader_postpones_a_change(
    ledger: Ledger, reader: psycopg2.extensions.connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a report reads the tables nothing changes, calls are taken, and the next run makes the months."""
    monkeypatch.setattr(schema_changes, "_LIMIT", "SET LOCAL lock_timeout = '50ms'")
    run(ledger.url, "INSERT INTO calls.failed (invitedt) VALUES (%s)", [BEGIN])

    assert monthly_tables.prepare(ledger.owner, BEGIN) == []
    assert partitions.prepare(ledger.owner, BEGIN) == []
    ledger.take(answered("C1", 0))

    reader.rollback()
    assert monthly_tables.prepare(ledger.owner, BEGIN) == ["2026_11", "2026_12", "2027_01"]
    assert partitions.prepare(ledger.owner, BEGIN) == ["events_2026_11", "events_2026_12", "events_2027_01"]


def test_statistics_of_whole_tables_are_renewed_daily(ledger: Ledger) -> None:
    """Tables with partitions are analyzed once a day, since autovacuum does not do it."""
    now = datetime.now()  # noqa: DTZ005 - compared with the server's clock, in UTC
    assert "calls.success" in monthly_tables.analyze(ledger.owner, now + timedelta(days=2))
    assert "calls.success" not in monthly_tables.analyze(ledger.owner, now)


def test_writing_into_partitions_counts_as_a_change_of_the_table(ledger: Ledger) -> None:
    """The counter by which readers see that a table changed moves, also when rows only go."""
    monthly_tables.prepare(ledger.owner, BEGIN)
    counter = "SELECT last_value FROM ledger.changes_of_calls_cancelled"
    events = missed("C1", 0)
    ledger.take(events)
    (counted,) = ledger.column(counter)

    ledger.take(answered("C1", 0))

    assert ledger.tables()["calls.cancelled"] == []
    assert ledger.column(counter) > [counted]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["2026_11"], (datetime(2026, 11, 1), datetime(2026, 12, 1))),  # noqa: DTZ001 - naive UTC
        (["2026_12", "2027_01"], (datetime(2026, 12, 1), datetime(2027, 2, 1))),  # noqa: DTZ001 - naive UTC
        (["2026_11", "rest"], None),
        ([], None),
    ],
    ids=["one month", "over the end of a year", "without a time", "unknown"],
)
def test_the_period_of_a_record(names: list[str], expected: tuple[datetime, datetime] | None) -> None:
    """Rows of a record are looked for within its months; rows without a time may be anywhere."""
    assert periods.period(names) == expected
