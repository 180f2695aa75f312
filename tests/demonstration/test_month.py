"""The month that the demonstration's PBXs have posted: taken in by the product, and plausible."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from chalicelib.catalog import TABLES
from chalicelib.oktell import directory
from chalicelib.platform.postgres import Connection
from infra.demonstration import branch, month
from infra.demonstration.webhooks import staff, stream
from infra.local import demonstration
from tests.databases import Server, run, settings_of

pytestmark = pytest.mark.verify

CALLS = 1_000
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def filled_month(server: Server) -> str:
    """Return the owner's URL of a database with the month before NOW."""
    url = server.migrated_database()
    known = {
        extension.description.name: extension.id for extension in demonstration.registered(settings_of(url), CALLS)
    }
    users = [*map(staff.user, demonstration.team(CALLS)), *branch.users(demonstration.SEED, NOW.date())]
    directory.register(url, users, lambda _: None)
    month.fill(Connection(url), Connection(url), known, NOW, calls=CALLS)
    return url


# The breach of a rule in words -> a query for it.
BREACHES = {
    "a caller who gave up although an agent was free all the while": """
        SELECT 1 FROM ivrhuntq.huntq_calls q JOIN sipusers.states s
            ON s.login LIKE '13596*3%%' AND s.state = 'registered'
            AND s.dt_start <= q.dt_enqueue AND s.dt_stop >= q.dt_quit
        WHERE (
            SELECT state FROM userevents.usr_state_changed u
            WHERE u.user_id = split_part(s.login, '*', 2) AND u.eventts <= q.dt_enqueue ORDER BY eventts DESC LIMIT 1
        ) = 'available' AND NOT EXISTS (
            SELECT FROM userevents.usr_state_changed u
            WHERE u.user_id = split_part(s.login, '*', 2) AND u.eventts BETWEEN q.dt_enqueue AND q.dt_quit
        ) AND s.dt_start < q.dt_enqueue - interval '60 seconds'""",
    "a caller who called all the time": """
        SELECT 1 FROM (SELECT anumber FROM calls.success WHERE aouter UNION ALL
            SELECT fromnumber FROM calls.cancelled WHERE fromouter) AS call GROUP BY anumber HAVING count(*) > 10""",
    "a call over a line that was out of service": """
        SELECT 1 FROM calls.success s JOIN LATERAL (
            SELECT state FROM providerevents.provider_state_changed p
            WHERE p.code = coalesce(s.aprovidercode, s.bprovidercode) AND p.eventts <= s.invitedt
            ORDER BY p.eventts DESC LIMIT 1
        ) AS line ON true WHERE line.state <> 'registered'""",
    "an agent without a name and a login": """
        SELECT 1 FROM ivrhuntq.huntq_calls WHERE start_call_uid IS NOT NULL AND qid LIKE '13596%%'
            AND start_call_uid::text NOT IN (SELECT id::text FROM ledger.users)
        UNION ALL SELECT 1 FROM userevents.usr_state_changed WHERE changed_by <> 'supervisor' AND user_id NOT IN (
            SELECT id::text FROM ledger.users UNION ALL SELECT agent FROM ledger.users)""",
    "a conversation with someone who has no name": """
        SELECT 1 FROM calls.success WHERE aprovidercode = 'telphin' AND bdisplayname IS NULL""",
    "an agent in two talks at once": """
        SELECT 1 FROM calls.success a JOIN calls.success b ON a.inviteid < b.inviteid AND a.start_dt < b.stop_dt
        AND b.start_dt < a.stop_dt AND a.busername = b.busername AND NOT a.bouter AND NOT b.bouter""",
    "a result of a queue in another vocabulary": """
        SELECT 1 FROM ivrhuntq.huntq_calls WHERE enqueue_result <> 'ok'
        OR dequeue_result IS DISTINCT FROM CASE WHEN dt_dequeue IS NULL THEN NULL ELSE 'answered' END""",
    "an interval of a state without an id": """
        SELECT 1 FROM sipusers.states WHERE eventid IS NULL""",
    "a call that was going on for a day": "SELECT 1 FROM ledger.calls WHERE open AND first_accepted_at < '2026-11-27'",
    "a call that goes on although no live calls follow": "SELECT 1 FROM ledger.calls WHERE open",
    "an agent who was at work at night": """
        SELECT 1 FROM userevents.usr_state_changed
        WHERE user_id ~ '^3..$' AND state = 'available' AND extract(hour FROM eventts) NOT BETWEEN 5 AND 19""",
    "a call in the future": "SELECT 1 FROM calls.success WHERE stop_dt > '2026-11-27 15:00:01'",
}


@pytest.mark.parametrize("query", BREACHES.values(), ids=list(BREACHES))
def test_no_row_breaks_the_rule(filled_month: str, query: str) -> None:
    """The query of the rule finds no rows."""
    assert run(filled_month, query.replace("%%", "%")) == []


FINDINGS = {
    "webhooks that no reader understands": "SELECT 1 FROM ledger.quarantine HAVING count(*) = 5",
    "calls that a late answer has corrected": "SELECT 1 FROM ledger.records WHERE version > 1",
    "raw webhooks until now": "SELECT 1 FROM ledger.events HAVING max(accepted_at) > '2026-11-27 14:00'",
    "two providers and rows of a third PBX": """
        SELECT 1 FROM calls.success HAVING count(DISTINCT aprovidercode) FILTER (
            WHERE aprovidercode IN ('telphin', 'mtt', 'north')) = 3""",
    "transfers": "SELECT 1 FROM calls.success WHERE isreplacing",
    "callers who were called back": """
        SELECT 1 FROM calls.cancelled c JOIN calls.success s ON s.bnumber = c.fromnumber
        AND s.invitedt > c.stop_dt""",
    "callers who gave up before any phone rang": """
        SELECT 1 FROM ivrhuntq.huntq_calls WHERE dt_quit IS NOT NULL AND dt_start_call IS NULL""",
}


@pytest.mark.parametrize("query", FINDINGS.values(), ids=list(FINDINGS))
def test_there_is_something_to_find(filled_month: str, query: str) -> None:
    """The month has what operators and analysts look for."""
    assert run(filled_month, query) != []


@pytest.mark.parametrize("table", sorted(f"{schema}.{table}" for schema, tables in TABLES.items() for table in tables))
def test_every_documented_table_has_rows(filled_month: str, table: str) -> None:
    """Every documented table has rows."""
    assert run(filled_month, f"SELECT count(*) > 0 FROM {table}") == [(True,)]


def test_the_protocols_example_gets_the_protocols_answer(filled_month: str) -> None:
    """The example query, which has no ORDER BY, returns the two example calls first."""
    rows = run(filled_month, "select inviteid::text, anumber, bnumber, duration, stopreason from calls.success limit 2")
    number, reason = "375291831767", '<<"Bye from side a">>'
    assert rows == [
        ("a72866b5-0631-87dd-2624-0900000334b5", "205", number, 19, reason),
        ("cb1a456e-0631-883c-c444-5c00000334b5", "205", number, 22, reason),
    ]


def test_webhooks_come_in_order_of_time() -> None:
    """A stream of webhooks never goes back in time, and equal seeds give equal streams."""
    first, again = (list(stream.month(Random(3), 30, 0, 3 * stream.DAY)) for _ in range(2))
    assert first == again
    assert [post.at for post in first] == sorted(post.at for post in first)


def test_a_live_stream_begins_at_once() -> None:
    """The live part has its first call within seconds, and no end."""
    posts = stream.live(Random(1), 100, 1_000)
    calls = (post for post in posts if post.call)
    assert next(calls).at < 1_010
