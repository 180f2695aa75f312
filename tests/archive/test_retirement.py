"""Retention of calls: months leave the database whole, and their late events make no rows."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta

import psycopg2
import pytest

from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.ledger.replay import RangeFrozen, count
from chalicelib.maintenance import call_figures, monthly_tables
from chalicelib.platform import schema_changes
from tests.archive.months import LATER, MONTH, state
from tests.databases import run
from tests.ingest.telephony import BEGIN, CALLER, TABLES, Ledger, answered, message, missed, ring_group

LATE_SECOND = int((LATER - BEGIN).total_seconds())
OF_CALLS = tuple(name for name in TABLES if name.startswith(("calls.", "ivrhunt")))
#: Rows that a view of figures has and the tables have not, or the other way round.
DIFFERENT = """
SELECT * FROM ((TABLE metrics.calls EXCEPT ALL TABLE ledger.computed_calls)
    UNION ALL (TABLE ledger.computed_calls EXCEPT ALL TABLE metrics.calls)) AS different
"""
FLAGS = "SELECT id, open, frozen, late FROM ledger.calls ORDER BY id"


def retire(ledger: Ledger, now: datetime = LATER) -> list[str]:
    """Retire calls that are older than one whole month, without an archive."""
    return monthly_tables.retire(ledger.owner, now, 1)


@pytest.fixture
def retired(ledger: Ledger) -> Ledger:
    """Return a ledger with a call of a retired month and one of a recent month."""
    ledger.take(ring_group("C1", 0) + missed("C2", 60) + answered("C3", LATE_SECOND))
    call_figures.refresh(ledger.owner, LATER + timedelta(days=1))
    assert retire(ledger) == [MONTH]
    return ledger


def test_calls_are_kept_for_good_by_default(ledger: Ledger) -> None:
    """Without a retention of calls, no month is ever retired."""
    ledger.take(answered("C1", 0))
    before = ledger.tables()
    assert monthly_tables.retire(ledger.owner, BEGIN + timedelta(days=40_000), 0) == []
    assert ledger.tables() == before


def test_months_within_the_retention_stay(ledger: Ledger) -> None:
    """The current month and the whole months of the retention are not touched."""
    ledger.take(answered("C1", 0))
    assert retire(ledger, BEGIN + timedelta(days=40)) == []
    assert state(ledger) is None


def test_a_retired_month_leaves_and_the_others_stay(ledger: Ledger) -> None:
    """The month's rows are gone from every table of calls, and those of a recent month are as before."""
    ledger.take(answered("C3", LATE_SECOND))
    recent = ledger.tables(OF_CALLS)
    ledger.take(ring_group("C1", 0) + missed("C2", 60))

    assert retire(ledger) == [MONTH]

    assert ledger.tables(OF_CALLS) == recent
    assert state(ledger) == "retired"
    assert retire(ledger) == []


def test_figures_follow(retired: Ledger) -> None:
    """The kept rows of the figures and the reasons go with the calls."""
    assert run(retired.url, DIFFERENT) == []
    assert retired.column("SELECT result FROM metrics.calls") == ["answered"]
    assert retired.column("SELECT count(*) FROM ledger.call_figures WHERE invitedt < '2026-12-01'") == [0]
    assert retired.column("SELECT count(*) FROM ledger.changed_days WHERE day < '2026-12-01'") == [0]
    reasons = retired.column("SELECT DISTINCT inviteid FROM metrics.reasons")
    assert reasons == retired.column("SELECT inviteid FROM calls.success")


def test_talks_stay_with_their_calls_when_a_retired_call_is_left_out(retired: Ledger) -> None:
    """A batch that also has a late event of a retired call notes the talks of its other calls under these."""
    known = retired.column("SELECT call_id FROM ledger.phone_talks ORDER BY call_id")

    retired.take(answered("C2", 60) + answered("C4", LATE_SECOND + 600))

    assert retired.column("SELECT call_id FROM ledger.phone_talks ORDER BY call_id") == [*known, "C4"]


def test_a_late_event_of_a_retired_call_is_kept_and_flagged(retired: Ledger) -> None:
    """It is stored raw, its call is flagged, and no table gets a row."""
    before = retired.tables()
    (events,) = retired.column("SELECT count(*) FROM ledger.events")

    retired.take(answered("C2", 60))

    assert retired.tables() == before
    assert retired.column("SELECT count(*) FROM ledger.events") == [int(str(events)) + 3]
    assert run(retired.url, FLAGS) == [
        ("C1", False, True, False),
        ("C2", False, True, True),
        ("C3", False, False, False),
    ]


def test_events_of_an_unknown_call_of_a_retired_month_make_no_row(retired: Ledger) -> None:
    """A call of which nothing was stored before its month was retired is flagged too; others of the batch go on."""
    retired.take(answered("C4", 120) + answered("C5", LATE_SECOND + 200))

    assert retired.column("SELECT id FROM ledger.calls WHERE frozen AND late") == ["C4"]
    assert retired.column("SELECT count(*) FROM calls.success") == [2]
    assert retired.column("SELECT count(*) FROM partitions.calls_success_rest") == [0]
    assert retired.column("SELECT count(*) FROM sipuserevents.sipuser_state_changed WHERE eventts < '2026-12-01'") == (
        retired.column("SELECT count(*) FROM sipuserevents.sipuser_state_changed WHERE eventts < '2026-11-20 09:02'")
    )


def test_a_ready_row_of_a_retired_month_is_not_made(retired: Ledger) -> None:
    """A PBX that posts its own rows gets the same: the row is kept raw, flagged, and not made."""
    sender = retired.register("native", "pbx")
    posted = [
        {"table": "calls.failed", "rows": [{"invitedt": f"{day}T10:00:00", "fromnumber": CALLER}]}
        for day in ("2026-11-21", "2027-01-21")
    ]
    for number, content in enumerate(posted):
        text = message(
            sender, identity=f"00000000-0000-0000-0000-00000000000{number}", accepted=LATER, provider="native",
            body=json.dumps(content),
        )  # fmt: skip
        assert store.take(retired.writer, [reading.read(text)]) == []

    assert retired.column("SELECT invitedt::date::text FROM calls.failed") == ["2027-01-21"]
    assert retired.column("SELECT late FROM ledger.native_rows ORDER BY late") == [False, True]


def test_a_retired_month_is_not_made_again(retired: Ledger) -> None:
    """Rows that are inserted by hand stay in the rest."""
    run(retired.url, "INSERT INTO calls.failed (invitedt) VALUES ('2026-11-20 10:00')")
    assert MONTH not in monthly_tables.prepare(retired.owner, LATER)
    assert retired.column("SELECT count(*) FROM partitions.calls_failed_rest") == [1]


def test_replay_refuses_retired_calls(retired: Ledger) -> None:
    """A period with calls of a retired month is not replayed, though its raw events are there."""
    with pytest.raises(RangeFrozen):
        count(retired.owner, BEGIN, LATER)


def test_with_an_archive_a_month_waits_for_it(ledger: Ledger) -> None:
    """A closed month stays readable, takes no events, and is not dropped before the archive has it."""
    ledger.take(missed("C1", 0))
    before = ledger.tables()

    assert monthly_tables.retire(ledger.owner, LATER, 1, archived=True) == []
    ledger.take(answered("C1", 0))

    assert ledger.tables() == before
    assert state(ledger) == "closed"
    assert run(ledger.url, FLAGS) == [("C1", False, True, True)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE calls.success SET isrec = true",
        "DELETE FROM calls.forks",
        "INSERT INTO calls.holds (inviteid, invitedt) VALUES (gen_random_uuid(), '2026-11-20 12:00')",
        "TRUNCATE partitions.calls_routes_2026_11",
    ],
)
def test_a_change_of_an_archived_month_sends_it_back_to_the_archive(ledger: Ledger, change: str) -> None:
    """A month that changed after the archive has read it is not dropped but archived once more."""
    ledger.take(answered("C1", 0))
    monthly_tables.retire(ledger.owner, LATER, 1, archived=True)
    run(ledger.url, "UPDATE ledger.retirements SET state = 'archived'")

    run(ledger.url, change)

    assert monthly_tables.retire(ledger.owner, LATER, 1, archived=True) == []
    assert ledger.column("SELECT count(*) FROM calls.success") == [1]
    assert run(ledger.url, "SELECT state, changed FROM ledger.retirements") == [("archived", True)]


def test_a_reader_postpones_the_retirement(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a report reads the tables the month stays; the next run retires it."""
    monkeypatch.setattr(schema_changes, "_LIMIT", "SET LOCAL lock_timeout = '50ms'")
    ledger.take(answered("C1", 0))
    with closing(psycopg2.connect(ledger.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM calls.success")
        assert retire(ledger) == []
    assert ledger.column("SELECT count(*) FROM calls.success") == [1]
    assert retire(ledger) == [MONTH]


def test_an_interrupted_retirement_goes_on(ledger: Ledger) -> None:
    """When the figures of a dropped month were not made, the next refresh of figures makes them."""
    ledger.take(answered("C1", 0))
    call_figures.refresh(ledger.owner, LATER)
    monthly_tables.retire(ledger.owner, LATER, 1, archived=True)

    run(ledger.url, "SELECT ledger.drop_month('calls', '2026_11', 'closed')")

    assert run(ledger.url, DIFFERENT) == []
    call_figures.refresh(ledger.owner, LATER)
    assert ledger.column("SELECT count(*) FROM ledger.call_figures") == [0]
    assert run(ledger.url, DIFFERENT) == []
