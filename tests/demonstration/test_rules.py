"""The rows of the branch office follow the protocol's rules: each rule is a query for rows that break it."""

from __future__ import annotations

import pytest

from chalicelib.catalog import TABLES
from tests.databases import run
from tests.demonstration.conftest import CALLS

ALL_CALLS = """(
    SELECT inviteid, invitedt, 'success' AS kind FROM calls.success
    UNION ALL SELECT inviteid, invitedt, 'cancelled' FROM calls.cancelled
    UNION ALL SELECT inviteid, invitedt, 'failed' FROM calls.failed
) AS c"""

# The rule's breach in words -> a query for it.
BREACHES = {
    "an identifier that two calls share": f"SELECT inviteid FROM {ALL_CALLS} GROUP BY 1 HAVING count(*) > 1",
    "a success without exactly one answering fork": """
        SELECT inviteid FROM calls.success s LEFT JOIN calls.forks f USING (inviteid, invitedt)
        GROUP BY inviteid HAVING count(*) FILTER (WHERE isanswered) <> 1""",
    "an answering fork of another time or result than its call's": """
        SELECT 1 FROM calls.success s JOIN calls.forks f USING (inviteid) WHERE isanswered
        AND (forkansw_dt <> start_dt OR sipcode <> 200 OR reason <> 'OK' OR f.busername <> s.busername)""",
    "a fork that did not answer and says 200 or a time": """
        SELECT 1 FROM calls.forks WHERE NOT isanswered AND (sipcode < 400 OR forkansw_dt IS NOT NULL)""",
    "a cancelled call with an answering fork, or with none": """
        SELECT inviteid FROM calls.cancelled LEFT JOIN calls.forks USING (inviteid, invitedt)
        GROUP BY inviteid HAVING bool_or(isanswered) OR count(eventid) = 0""",
    "a cancelled call whose forks ended otherwise": """
        SELECT 1 FROM calls.cancelled JOIN calls.forks USING (inviteid) WHERE sipcode::text <> stoptype""",
    "a failed call with a fork": "SELECT 1 FROM calls.failed JOIN calls.forks USING (inviteid)",
    "a fork in disorder": """
        SELECT 1 FROM calls.forks WHERE forkpreansw_dt < forkstart_dt OR forkansw_dt < forkpreansw_dt
        OR ispreanswered <> (forkpreansw_dt IS NOT NULL) OR isanswered <> (forkansw_dt IS NOT NULL)""",
    "a fork, hold or route of no call": f"""
        SELECT 1 FROM (
            SELECT inviteid, invitedt FROM calls.forks UNION ALL SELECT inviteid, invitedt FROM calls.routes
            UNION ALL SELECT inviteid, invitedt FROM calls.holds
        ) part WHERE NOT EXISTS (
            SELECT FROM {ALL_CALLS} WHERE c.inviteid = part.inviteid AND c.invitedt = part.invitedt)""",
    "a call without a route": f"""
        SELECT 1 FROM {ALL_CALLS} WHERE NOT EXISTS (SELECT FROM calls.routes r WHERE r.inviteid = c.inviteid)""",
    "a last route that led elsewhere than the call went": """
        SELECT 1 FROM calls.success s JOIN LATERAL (
            SELECT * FROM calls.routes r WHERE r.inviteid = s.inviteid ORDER BY event_dt DESC LIMIT 1
        ) AS last ON true WHERE (routeaction = 'outer') <> bouter OR providercode IS DISTINCT FROM bprovidercode""",
    "two routes of a call at one time": """
        SELECT 1 FROM calls.routes GROUP BY inviteid, event_dt HAVING count(*) > 1""",
    "a provider or feature code beside another action": """
        SELECT 1 FROM calls.routes WHERE (providercode IS NOT NULL) <> (routeaction = 'outer')
        OR (featurecodeid IS NOT NULL) <> (routeaction = 'featurecode')""",
    "times of a success in disorder": """
        SELECT 1 FROM calls.success WHERE NOT (invitedt <= dial_dt AND dial_dt <= start_dt AND start_dt <= stop_dt)""",
    "a duration that is not the time between": """
        SELECT 1 FROM calls.success WHERE dial_duration <> extract(epoch FROM start_dt - dial_dt)
        OR duration <> extract(epoch FROM stop_dt - start_dt)""",
    "times of a cancelled call in disorder": """
        SELECT 1 FROM calls.cancelled WHERE NOT (invitedt <= dial_dt AND dial_dt <= stop_dt)""",
    "an outer side without a provider, or the other way round": """
        SELECT 1 FROM calls.success WHERE aouter <> (aprovidercode IS NOT NULL) OR bouter <> (bprovidercode IS NOT NULL)
        UNION ALL SELECT 1 FROM calls.cancelled WHERE fromouter <> (fromprovidercod IS NOT NULL)
        UNION ALL SELECT 1 FROM calls.failed WHERE fromouter <> (fromprovidercod IS NOT NULL)""",
    "a reason that is not in the protocol's form": """
        SELECT 1 FROM calls.success WHERE stopreason !~ '^<<"Bye from side [ab]">>$'
        UNION ALL SELECT 1 FROM calls.cancelled WHERE stopreason !~ '^<<".+">>$'""",
    "a hold outside of its talk": """
        SELECT 1 FROM calls.holds LEFT JOIN calls.success USING (inviteid, invitedt)
        WHERE (start_dt <= hold_dt AND hold_dt < unhold_dt AND unhold_dt <= stop_dt) IS NOT TRUE
        OR side NOT IN ('a', 'b')""",
    "holds of a call that overlap": """
        SELECT 1 FROM calls.holds a JOIN calls.holds b USING (inviteid)
        WHERE a.eventid <> b.eventid AND a.hold_dt <= b.hold_dt AND b.hold_dt < a.unhold_dt""",
    "a transfer that does not continue a call of its chain": """
        SELECT 1 FROM calls.success t WHERE isreplacing AND NOT EXISTS (
            SELECT FROM calls.success f WHERE f.esgdlg = t.esgdlg AND NOT f.isreplacing
            AND f.invitedt = t.invitedt AND f.stop_dt = t.dial_dt)""",
    "a chain that did not come from outside": "SELECT 1 FROM calls.success WHERE (esgdlg IS NOT NULL) <> aouter",
    "a recording without its facts, or facts without a recording": """
        SELECT 1 FROM calls.success WHERE num_nonnulls(
            callrecpath, callstoragecode, callrecsize, recordruleid, storageruleid, recdomain, recexpirets
        ) <> CASE WHEN isrec THEN 7 ELSE 0 END""",
    "a recording deleted before its time": """
        SELECT 1 FROM calls.success WHERE callrecdel_dt < recexpirets OR recexpirets <= stop_dt""",
    "a passage through a queue that is not its call's": """
        SELECT 1 FROM ivrhuntq.huntq_calls q LEFT JOIN calls.success s USING (inviteid)
        WHERE (s.start_dt = dt_dequeue AND s.stop_dt = dt_final AND s.esgdlg = q.esgdlg AND s.dial_dt = dt_start_call
            ) IS NOT TRUE""",
    "a passage in disorder": """
        SELECT 1 FROM ivrhuntq.huntq_calls WHERE NOT (dt_greet <= dt_enqueue AND dt_enqueue <= dt_start_call
        AND dt_start_call <= coalesce(dt_dequeue, dt_quit) AND coalesce(dt_dequeue, dt_quit) <= dt_final)""",
    "a passage without its greeting, queueing and end": """
        SELECT 1 FROM ivrhuntq.huntq_calls q
        LEFT JOIN ivrhuntqevents.queue_greeting g ON g.huntq_id = q.huntq_id::text AND g.eventts = dt_greet
        LEFT JOIN ivrhuntqevents.queue_enqueue e ON e.huntq_id = q.huntq_id::text AND e.qid = q.qid
        LEFT JOIN ivrhuntqevents.final f ON f.huntq_id = q.huntq_id::text AND f.eventts = dt_final
        LEFT JOIN ivrhuntqevents.queue_start_call s
            ON s.inviteid = q.inviteid AND s.eventts = dt_start_call AND s.userid = start_call_uid::text
        WHERE num_nulls(g.huntq_id, e.huntq_id, f.huntq_id, s.userid) > 0 OR e.eventts <> dt_enqueue""",
    "an end of waiting that its event does not tell": """
        SELECT 1 FROM ivrhuntq.huntq_calls q
        LEFT JOIN ivrhuntqevents.queue_dequeue d USING (inviteid) LEFT JOIN ivrhuntqevents.queue_quit l USING (inviteid)
        WHERE d.eventts IS DISTINCT FROM dt_dequeue OR l.eventts IS DISTINCT FROM dt_quit
        OR (dt_dequeue IS NULL) = (dt_quit IS NULL)""",
    "a ban that its event does not tell": """
        SELECT 1 FROM ivrhuntq.huntq_calls q LEFT JOIN ivrhuntqevents.queue_userban b USING (inviteid)
        WHERE b.eventts IS DISTINCT FROM dt_userban OR b.userid IS DISTINCT FROM banned_user::text""",
    "a state that is no interval between two changes": """
        WITH changes AS (
            SELECT login, state, eventts, lead(eventts) OVER (PARTITION BY login ORDER BY eventts) AS until
            FROM sipuserevents.sipuser_state_changed
        ), between_changes AS (SELECT login, state, eventts, until FROM changes WHERE until IS NOT NULL),
        intervals AS (SELECT login, state, dt_start, dt_stop FROM sipusers.states)
        (TABLE between_changes EXCEPT ALL TABLE intervals)
        UNION ALL (TABLE intervals EXCEPT ALL TABLE between_changes)""",
    "an interval whose length is not its own": """
        SELECT 1 FROM sipusers.states WHERE len <> extract(epoch FROM dt_stop - dt_start) OR len <= 0""",
    "a talk of an agent who was not busy": """
        SELECT 1 FROM calls.success WHERE NOT bouter AND NOT EXISTS (
            SELECT FROM sipusers.states
            WHERE login = bnumber AND state = 'busy' AND dt_start = start_dt AND dt_stop = stop_dt)""",
    "an agent in two talks at once": """
        SELECT 1 FROM calls.success a JOIN calls.success b ON a.inviteid < b.inviteid AND a.start_dt < b.stop_dt
        AND b.start_dt < a.stop_dt AND (NOT a.aouter AND a.anumber IN (b.anumber, b.bnumber)
        OR NOT a.bouter AND a.bnumber IN (b.anumber, b.bnumber))""",
    "a script that did not stop": """
        SELECT scrcode FROM scriptevents.script_start GROUP BY 1
        EXCEPT ALL SELECT scrcode FROM scriptevents.script_stop GROUP BY 1""",
}


@pytest.mark.parametrize("query", BREACHES.values(), ids=list(BREACHES))
def test_no_row_breaks_the_rule(filled: str, query: str) -> None:
    """The query of the rule finds no rows."""
    assert run(filled, f"SELECT count(*) FROM ({query}) AS breaches") == [(0,)]


def test_there_are_as_many_calls_as_asked(filled: str) -> None:
    """The sum of successful, cancelled and failed calls is the requested number."""
    assert run(filled, f"SELECT count(*) FROM {ALL_CALLS}") == [(CALLS,)]


# Only callers of the call centre leave a queue.
UNUSED = {"ivrhuntqevents.queue_quit"}


@pytest.mark.parametrize(
    "table", sorted({f"{schema}.{table}" for schema, tables in TABLES.items() for table in tables} - UNUSED)
)
def test_every_documented_table_has_rows(filled: str, table: str) -> None:
    """Every documented table has rows."""
    assert run(filled, f"SELECT count(*) > 0 FROM {table}") == [(True,)]


INTERESTING = {
    "transfers": "SELECT 1 FROM calls.success WHERE isreplacing",
    "internal calls": "SELECT 1 FROM calls.success WHERE NOT aouter AND NOT bouter",
    "outgoing calls": "SELECT 1 FROM calls.success WHERE NOT aouter AND bouter",
    "calls on several devices": "SELECT inviteid FROM calls.forks GROUP BY 1 HAVING count(*) > 1",
    "routes that could not be applied": "SELECT inviteid FROM calls.routes GROUP BY 1 HAVING count(*) > 1",
    "feature codes": "SELECT 1 FROM calls.routes WHERE routeaction = 'featurecode'",
    "holds of both sides": "SELECT count(DISTINCT side) FROM calls.holds HAVING count(DISTINCT side) = 2",
    "busy, refused and unanswered calls": (
        "SELECT count(DISTINCT stoptype) FROM calls.cancelled HAVING count(DISTINCT stoptype) = 3"
    ),
    "failures of four kinds": "SELECT count(DISTINCT sipcode) FROM calls.failed HAVING count(DISTINCT sipcode) = 4",
    "a quieter weekend": """
        SELECT 1 FROM calls.success HAVING 3 * count(*) FILTER (WHERE extract(isodow FROM invitedt) > 5) < count(*)""",
}


@pytest.mark.parametrize("query", INTERESTING.values(), ids=list(INTERESTING))
def test_there_is_something_to_report_on(filled: str, query: str) -> None:
    """The demonstration has rows for every report."""
    assert run(filled, query)
