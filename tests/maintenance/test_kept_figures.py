"""Kept figures of days: equal to the plain queries that define them, after whatever late changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest

from chalicelib.maintenance import call_figures
from tests.databases import run
from tests.ingest.telephony import Ledger

FIRST = datetime(2026, 9, 28)  # noqa: DTZ001 - naive UTC, as everywhere
DAYS = 40
NUMBERS = ["+79031112233", "89031112233", "9031112233", "+375 29 555-00-11", "375295550011", "205", "", "anonymous"]
AGENTS = ["101", "102", "103"]
#: The plain query of each view.
DEFINITIONS = {
    "calls": "TABLE ledger.computed_calls",
    "quarters": """
        SELECT invitedt::date, date_bin('15 minutes', invitedt, '2000-01-01'), direction, line, count(*)::int,
            sum(answered)::int, sum(missed)::int, sum(in_time)::int,
            (array_agg(wait ORDER BY wait) FILTER (WHERE answered = 1 AND wait IS NOT NULL))::int[],
            (array_agg(talk ORDER BY talk) FILTER (WHERE answered = 1 AND talk IS NOT NULL))::int[],
            count(in_time)::int, sum(wait) FILTER (WHERE answered = 1), sum(talk)::bigint
        FROM ledger.computed_calls WHERE isfinite(invitedt) GROUP BY 1, 2, 3, 4""",
    # The number of calls at each moment at which a call or a quarter begins
    "peaks": """
        WITH call AS (
            SELECT invitedt, coalesce(ended_at, invitedt) AS ended_at, answered_at FROM ledger.computed_calls
        ),
        moment (at) AS (
            SELECT invitedt FROM call UNION SELECT answered_at FROM call UNION
            SELECT generate_series(date_bin('15 minutes', invitedt, '2000-01-01'), ended_at, '15 minutes') FROM call
        ),
        counted AS (
            SELECT at, count(*) FILTER (WHERE invitedt <= at) AS calls,
                count(*) FILTER (WHERE answered_at <= at) AS talks
            FROM moment JOIN call ON ended_at > at AND invitedt >= at::date - 1 AND invitedt < at::date + 1 GROUP BY at
        )
        SELECT at::date, date_bin('15 minutes', at, '2000-01-01'), max(calls)::int, max(talks)::int
        FROM counted GROUP BY 1, 2 HAVING max(calls) > 0""",
    "transfers": """
        SELECT invitedt::date, * FROM (
            SELECT invitedt, chain, lag(agent) OVER passing, agent, lag(talk) OVER passing, talk FROM metrics.talks
            WHERE direction <> 'internal' OR transferred
            WINDOW passing AS (PARTITION BY invitedt, chain ORDER BY started_at, inviteid)
        ) AS talks (invitedt, chain, before) WHERE before IS NOT NULL""",
    "agent_days": """
        SELECT coalesce(t.day, r.day), agent, person, coalesce(incoming, 0), coalesce(outgoing, 0),
            coalesce(internal, 0), talk, longest, ring, coalesce(unanswered, 0), first_talk, last_talk
        FROM (
            SELECT invitedt::date AS day, agent, max(person) AS person,
                count(*) FILTER (WHERE direction = 'incoming')::int AS incoming,
                count(*) FILTER (WHERE direction = 'outgoing')::int AS outgoing,
                count(*) FILTER (WHERE direction = 'internal')::int AS internal,
                sum(talk)::bigint AS talk, max(talk) AS longest,
                sum(ring) FILTER (WHERE direction = 'incoming') AS ring,
                min(started_at) AS first_talk, max(stopped_at) AS last_talk
            FROM metrics.talks WHERE agent IS NOT NULL GROUP BY 1, 2
        ) AS t FULL JOIN (
            SELECT invitedt::date AS day, agent, count(*)::int AS unanswered FROM metrics.rings
            WHERE agent IS NOT NULL AND answered = 0 GROUP BY 1, 2
        ) AS r USING (day, agent)""",
    "missed_calls": """
        SELECT inviteid, invitedt, number, line, wait, reason, at, direction, agent,
            CASE WHEN digits ~ '^[0-9]{3,}$' THEN (at IS NOT NULL)::int END
        FROM (
            SELECT *, ltrim(translate(number, ' +-().', ''), '0') AS digits FROM ledger.computed_calls
            WHERE result = 'missed'
        ) AS missed (chain, inviteid, invitedt, missed_direction, result, number, line, missed_agent)
        LEFT JOIN LATERAL (
            SELECT start_dt AS at, CASE WHEN aouter THEN 'caller' ELSE 'agent' END AS direction,
                (CASE WHEN aouter THEN coalesce(busername, bnumber) ELSE coalesce(ausername, anumber) END)::text
                    AS agent
            FROM (
                SELECT *, ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0') AS other
                FROM calls.success WHERE aouter OR bouter
            ) AS talk
            WHERE talk.invitedt > missed.invitedt AND talk.invitedt < missed.invitedt + interval '30 days'
                AND digits ~ '^[0-9]{3,}$' AND right(other, 7) = right(digits, 7)
                AND right(other, least(length(other), length(digits), 10))
                    = right(digits, least(length(other), length(digits), 10))
            ORDER BY talk.invitedt, start_dt, inviteid LIMIT 1
        ) AS reached ON true""",
}
CORRECTIONS = [
    ("DELETE FROM calls.success", "calls.success"),
    ("DELETE FROM calls.cancelled", "calls.cancelled"),
    (
        "UPDATE calls.success SET invitedt = invitedt - interval '1 day', start_dt = start_dt - interval '1 day'",
        "calls.success",
    ),
    ("UPDATE calls.success SET stop_dt = stop_dt + interval '3 hours', bnumber = '101'", "calls.success"),
    ("UPDATE calls.forks SET isanswered = NOT isanswered", "calls.forks"),
    ("UPDATE calls.cancelled SET invitedt = NULL", "calls.cancelled"),
]
DIFFERENCE = "SELECT * FROM (({view} EXCEPT ALL {plain}) UNION ALL ({plain} EXCEPT ALL {view})) AS different"


def check(ledger: Ledger) -> None:
    """Compare each view with its plain query."""
    for name, plain in DEFINITIONS.items():
        difference = DIFFERENCE.replace("{view}", f"TABLE metrics.{name}").replace("{plain}", f"({plain})")
        assert run(ledger.url, difference.replace("%", "%%")) == [], name


def moment(chance: Random) -> datetime:
    """Return a random time, often near midnight."""
    day = FIRST + timedelta(days=chance.randrange(DAYS))
    hours = chance.choice([0, 23, chance.randrange(24)])
    return day + timedelta(hours=hours, minutes=chance.randrange(60), seconds=chance.randrange(60))


def talk(ledger: Ledger, chance: Random) -> None:
    """Add a talk from or to the outside, sometimes with a second leg or over midnight."""
    begin, chain, incoming = moment(chance), f"chain-{chance.random()}", chance.random() < 0.6
    outside, inside = (chance.choice(NUMBERS), True), (chance.choice(AGENTS), False)
    for leg in range(chance.choice([1, 1, 2])):
        (a, a_outer), (b, b_outer) = (outside, inside) if incoming else (inside, outside)
        start = begin + timedelta(seconds=10 + 50 * leg)
        stop = start + timedelta(seconds=chance.choice([0, 40, 2_000, 40_000]))
        run(
            ledger.url,
            "INSERT INTO calls.success (inviteid, invitedt, anumber, aouter, acallednum, bnumber, bouter, dial_dt,"
            " start_dt, stop_dt, dial_duration, duration, esgdlg, isreplacing)"
            " VALUES (gen_random_uuid(), %s, %s, %s, '500', %s, %s, %s, %s, %s, 10, %s, %s, %s)",
            [begin, a, a_outer, b, b_outer, begin, start, stop, int((stop - start).total_seconds()), chain, leg > 0],
        )
        inside = (chance.choice(AGENTS), False)


def missed(ledger: Ledger, chance: Random) -> None:
    """Add a call that rang in vain."""
    begin = moment(chance)
    run(
        ledger.url,
        "WITH call AS (INSERT INTO calls.cancelled (inviteid, invitedt, stop_dt, fromnumber, fromouter, callednum)"
        " VALUES (gen_random_uuid(), %s, %s, %s, %s, '500') RETURNING inviteid, invitedt)"
        " INSERT INTO calls.forks (inviteid, invitedt, busername, isanswered) SELECT inviteid, invitedt, %s, false"
        " FROM call",
        [begin, begin + timedelta(seconds=30), chance.choice(NUMBERS), chance.random() < 0.8, chance.choice(AGENTS)],
    )


def corrected(ledger: Ledger, chance: Random) -> None:
    """Change, move or delete calls, as late events do."""
    template, table = chance.choice(CORRECTIONS)
    chosen = f"inviteid IN (SELECT inviteid FROM {table} ORDER BY md5(inviteid || %s) LIMIT 2)"
    run(ledger.url, f"{template} WHERE {chosen}", [str(chance.random())])


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.verify) for seed in (1, 2, 3)])
def test_kept_figures_equal_their_plain_queries(ledger: Ledger, seed: int) -> None:
    """Calls and corrections of any days come between runs of the maintenance, which knows days up to a random one."""
    chance = Random(seed)
    for _ in range(8):
        for step in chance.choices([talk, missed, corrected], [5, 5, 2], k=12):
            step(ledger, chance)
        check(ledger)
        call_figures.refresh(ledger.owner, FIRST + timedelta(days=chance.randrange(DAYS + 10)))
        check(ledger)
    assert ledger.column("SELECT count(*) > 0 FROM ledger.missed_calls") == [True]


def test_emptying_one_table_keeps_the_calls_of_the_others(ledger: Ledger) -> None:
    """The views make the rows that TRUNCATE leaves once more."""
    chance = Random(7)
    for step in [talk, missed] * 5:
        step(ledger, chance)
    call_figures.refresh(ledger.owner, FIRST + timedelta(days=DAYS))

    run(ledger.url, "TRUNCATE calls.success")

    check(ledger)
    assert ledger.column("SELECT sum(missed) > 0 FROM metrics.quarters") == [True]


def test_a_run_ends_in_time(ledger: Ledger) -> None:
    """A run makes the latest days first, and the next run continues where the time ran out."""
    chance = Random(5)
    for _ in range(20):
        missed(ledger, chance)
    days = ledger.column("SELECT DISTINCT day FROM ledger.changed_days ORDER BY day DESC")
    ticks = iter(range(1_000))

    made = call_figures.refresh(ledger.owner, FIRST + timedelta(days=DAYS), seconds=3, clock=lambda: next(ticks))

    assert made == 3
    assert ledger.column("SELECT DISTINCT day FROM ledger.changed_days ORDER BY day DESC") == days[3:]
    assert isinstance(days[0], date)
