-- Figures of days for reports on years: kept for days that no longer change, made anew at each use for the others. Each
-- has a view `ledger.changed_…` that makes the rows of the days in ledger.changed_days; maintenance keeps its rows, and
-- the view in `metrics` joins both. So the kept rows and the definition cannot differ.

CREATE VIEW ledger.changed_quarters AS
SELECT changed.day, figures.*
FROM (SELECT DISTINCT day FROM ledger.changed_days) AS changed
CROSS JOIN LATERAL (
    SELECT
        date_bin('15 minutes', invitedt, timestamp '2000-01-01') AS quarter,
        direction,
        line,
        count(*)::integer AS calls,
        sum(answered)::integer AS answered,
        sum(missed)::integer AS missed,
        sum(in_time)::integer AS in_time,
        (array_agg(wait ORDER BY wait) FILTER (WHERE answered = 1 AND wait IS NOT NULL))::integer[] AS waits,
        (array_agg(talk ORDER BY talk) FILTER (WHERE answered = 1 AND talk IS NOT NULL))::integer[] AS talks,
        count(in_time)::integer AS rated,
        sum(wait) FILTER (WHERE answered = 1) AS wait,
        sum(talk)::bigint AS talk
    FROM ledger.computed_calls
    WHERE invitedt >= changed.day AND invitedt < changed.day + 1
    GROUP BY quarter, direction, line
) AS figures;

-- A call may last until the end of the next day, so a changed day changes two.
CREATE VIEW ledger.changed_peaks AS
SELECT affected.day, peaks.*
FROM (SELECT day FROM ledger.changed_days UNION SELECT day + 1 FROM ledger.changed_days) AS affected
CROSS JOIN LATERAL (
    WITH call AS (
        SELECT invitedt, coalesce(ended_at, invitedt) AS ended_at, answered_at
        FROM ledger.computed_calls WHERE invitedt >= affected.day - 1 AND invitedt < affected.day + 1
    ),
    step (at, call, talk) AS (
        SELECT invitedt, 1, 0 FROM call
        UNION ALL SELECT ended_at, -1, 0 FROM call
        UNION ALL SELECT answered_at, 0, 1 FROM call WHERE answered_at IS NOT NULL
        UNION ALL SELECT ended_at, 0, -1 FROM call WHERE answered_at IS NOT NULL
        -- A quarter begins with the calls that are on.
        UNION ALL SELECT affected.day + number * interval '15 minutes', 0, 0 FROM generate_series(0, 95) AS number
    ),
    running AS (
        SELECT at, sum(call) OVER moments AS calls, sum(talk) OVER moments AS talks
        FROM step WINDOW moments AS (ORDER BY at, call, talk)
    )
    SELECT date_bin('15 minutes', at, timestamp '2000-01-01') AS quarter,
        max(calls)::integer AS most_calls, max(talks)::integer AS most_talks
    FROM running WHERE at >= affected.day AND at < affected.day + 1
    GROUP BY quarter HAVING max(calls) > 0
) AS peaks;

CREATE VIEW ledger.changed_transfers AS
SELECT changed.day, transfers.*
FROM (SELECT DISTINCT day FROM ledger.changed_days) AS changed
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT invitedt, chain, lag(agent) OVER passing AS from_agent, agent AS to_agent,
            lag(talk) OVER passing AS talk_before, talk AS talk_after
        FROM metrics.talks
        WHERE invitedt >= changed.day AND invitedt < changed.day + 1 AND (direction <> 'internal' OR transferred)
        WINDOW passing AS (PARTITION BY invitedt, chain ORDER BY started_at, inviteid)
    ) AS talks
    WHERE from_agent IS NOT NULL
) AS transfers;

CREATE VIEW ledger.changed_agent_days AS
SELECT changed.day, agents.*
FROM (SELECT DISTINCT day FROM ledger.changed_days) AS changed
CROSS JOIN LATERAL (
    SELECT agent, max(person) AS person, sum(incoming)::integer AS incoming, sum(outgoing)::integer AS outgoing,
        sum(internal)::integer AS internal, sum(talk)::bigint AS talk, max(longest) AS longest, sum(ring)::bigint AS ring,
        sum(unanswered)::integer AS unanswered, min(first_talk) AS first_talk, max(last_talk) AS last_talk
    FROM (
        SELECT agent, person, (direction = 'incoming')::integer AS incoming, (direction = 'outgoing')::integer AS outgoing,
            (direction = 'internal')::integer AS internal, talk, talk AS longest,
            CASE WHEN direction = 'incoming' THEN ring END AS ring, 0 AS unanswered,
            started_at AS first_talk, stopped_at AS last_talk
        FROM metrics.talks WHERE invitedt >= changed.day AND invitedt < changed.day + 1
        UNION ALL
        SELECT agent, NULL, 0, 0, 0, NULL, NULL, NULL, 1, NULL, NULL
        FROM metrics.rings WHERE invitedt >= changed.day AND invitedt < changed.day + 1 AND answered = 0
    ) AS parts
    WHERE agent IS NOT NULL
    GROUP BY agent
) AS agents;

CREATE TABLE ledger.quarters AS TABLE ledger.changed_quarters WITH NO DATA;
CREATE TABLE ledger.peaks AS TABLE ledger.changed_peaks WITH NO DATA;
CREATE TABLE ledger.transfers AS TABLE ledger.changed_transfers WITH NO DATA;
CREATE TABLE ledger.agent_days AS TABLE ledger.changed_agent_days WITH NO DATA;
CREATE INDEX quarters_day ON ledger.quarters (day);
CREATE INDEX peaks_day ON ledger.peaks (day);
CREATE INDEX transfers_day ON ledger.transfers (day);
CREATE INDEX agent_days_day ON ledger.agent_days (day);
COMMENT ON TABLE ledger.quarters IS 'Kept rows of metrics.quarters.';
COMMENT ON TABLE ledger.peaks IS 'Kept rows of metrics.peaks.';
COMMENT ON TABLE ledger.transfers IS 'Kept rows of metrics.transfers.';
COMMENT ON TABLE ledger.agent_days IS 'Kept rows of metrics.agent_days.';

CREATE VIEW metrics.quarters AS
SELECT * FROM ledger.quarters WHERE NOT EXISTS (SELECT FROM ledger.changed_days WHERE changed_days.day = quarters.day)
UNION ALL
SELECT * FROM ledger.changed_quarters;

CREATE VIEW metrics.peaks AS
SELECT * FROM ledger.peaks
WHERE NOT EXISTS (
    SELECT FROM (SELECT day FROM ledger.changed_days UNION SELECT day + 1 FROM ledger.changed_days) AS affected
    WHERE affected.day = peaks.day
)
UNION ALL
SELECT * FROM ledger.changed_peaks;

CREATE VIEW metrics.transfers AS
SELECT * FROM ledger.transfers WHERE NOT EXISTS (SELECT FROM ledger.changed_days WHERE changed_days.day = transfers.day)
UNION ALL
SELECT * FROM ledger.changed_transfers;

CREATE VIEW metrics.agent_days AS
SELECT * FROM ledger.agent_days WHERE NOT EXISTS (SELECT FROM ledger.changed_days WHERE changed_days.day = agent_days.day)
UNION ALL
SELECT * FROM ledger.changed_agent_days;

COMMENT ON VIEW metrics.quarters IS 'Calls by quarter of an hour, direction and line.';
COMMENT ON COLUMN metrics.quarters.day IS 'The day of the quarter, UTC; a condition on it makes queries fast.';
COMMENT ON COLUMN metrics.quarters.quarter IS 'Beginning of the quarter of an hour in which the calls began, UTC.';
COMMENT ON COLUMN metrics.quarters.direction IS 'incoming, outgoing or internal.';
COMMENT ON COLUMN metrics.quarters.line IS 'The number that outside callers dialled.';
COMMENT ON COLUMN metrics.quarters.calls IS 'Number of calls.';
COMMENT ON COLUMN metrics.quarters.answered IS 'How many were answered.';
COMMENT ON COLUMN metrics.quarters.missed IS 'How many outside calls were not answered.';
COMMENT ON COLUMN metrics.quarters.in_time IS 'How many outside calls were answered within 20 seconds.';
COMMENT ON COLUMN metrics.quarters.waits IS 'Seconds until the answer of each answered call, in ascending order.';
COMMENT ON COLUMN metrics.quarters.talks IS 'Seconds of talk of each answered call, in ascending order.';
COMMENT ON COLUMN metrics.quarters.rated IS 'How many calls count for the service level: in_time divided by rated.';
COMMENT ON COLUMN metrics.quarters.wait IS 'Sum of waits.';
COMMENT ON COLUMN metrics.quarters.talk IS 'Seconds of all talks.';
COMMENT ON VIEW metrics.peaks IS 'The most calls and talks that went on at one moment of each quarter of an hour with calls.';
COMMENT ON COLUMN metrics.peaks.day IS 'The day of the quarter, UTC; a condition on it makes queries fast.';
COMMENT ON COLUMN metrics.peaks.quarter IS 'Beginning of the quarter of an hour, UTC.';
COMMENT ON COLUMN metrics.peaks.most_calls IS 'The most calls at one moment. A call counts until the end of the day after its start.';
COMMENT ON COLUMN metrics.peaks.most_talks IS 'The most answered calls at one moment.';
COMMENT ON VIEW metrics.transfers IS 'One row for each time that a call passed from one agent to the next.';
COMMENT ON COLUMN metrics.transfers.day IS 'The day of the call, UTC; a condition on it makes queries fast.';
COMMENT ON COLUMN metrics.transfers.invitedt IS 'Start of the primary call, UTC.';
COMMENT ON COLUMN metrics.transfers.chain IS 'The same along the talks of one call.';
COMMENT ON COLUMN metrics.transfers.from_agent IS 'The agent who talked before.';
COMMENT ON COLUMN metrics.transfers.to_agent IS 'The agent who talked next.';
COMMENT ON COLUMN metrics.transfers.talk_before IS 'Seconds of the earlier talk.';
COMMENT ON COLUMN metrics.transfers.talk_after IS 'Seconds of the later talk.';
COMMENT ON VIEW metrics.agent_days IS 'One row for each agent and day, UTC, with talks and unanswered rings.';
COMMENT ON COLUMN metrics.agent_days.day IS 'The day on which the calls began, UTC.';
COMMENT ON COLUMN metrics.agent_days.agent IS 'The agent''s phone.';
COMMENT ON COLUMN metrics.agent_days.person IS 'The name of the agent, where the PBX tells it.';
COMMENT ON COLUMN metrics.agent_days.incoming IS 'Number of talks with outside callers.';
COMMENT ON COLUMN metrics.agent_days.outgoing IS 'Number of talks in calls to the outside.';
COMMENT ON COLUMN metrics.agent_days.internal IS 'Number of talks with colleagues.';
COMMENT ON COLUMN metrics.agent_days.talk IS 'Seconds of all talks.';
COMMENT ON COLUMN metrics.agent_days.longest IS 'Seconds of the longest talk.';
COMMENT ON COLUMN metrics.agent_days.ring IS 'Seconds of ringing before the talks of incoming calls.';
COMMENT ON COLUMN metrics.agent_days.unanswered IS 'How often the phone rang without an answer of this phone.';
COMMENT ON COLUMN metrics.agent_days.first_talk IS 'Start of the first talk, UTC.';
COMMENT ON COLUMN metrics.agent_days.last_talk IS 'End of the last talk, UTC.';
