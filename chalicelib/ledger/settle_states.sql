-- Brings sipusers.states and ledger.presence of some extensions to what their events and talks prove.
--
-- An interval lasts from one event of an extension to its next one, in the state that the first one proves. While the
-- extension talks in any call it is busy, whatever a hangup of another call says; such an interval is cut where a talk
-- begins or ends. Only intervals around the new events and the changed talks are made again.
--
-- Parameters: names of extensions, and the first and the last time of each one's new events and changed talks.
--
-- A name and a time are compared as a pair, which only the index of both answers: the planner likes the index of times
-- alone, which leads through the rows of every extension.
WITH span AS MATERIALIZED (
    SELECT name, last,
        CASE WHEN earlier.login = name THEN earlier.eventts ELSE first END AS first,
        CASE WHEN later.login = name THEN later.eventts END AS following
    FROM unnest(%(names)s::text[], %(firsts)s::timestamp[], %(lasts)s::timestamp[]) AS touched (name, first, last)
    LEFT JOIN LATERAL (
        SELECT login, eventts FROM sipuserevents.sipuser_state_changed
        WHERE (login, eventts) < (name, first) ORDER BY login DESC, eventts DESC LIMIT 1
    ) AS earlier ON true
    LEFT JOIN LATERAL (
        SELECT login, eventts FROM sipuserevents.sipuser_state_changed
        WHERE (login, eventts) > (name, last) ORDER BY login, eventts LIMIT 1
    ) AS later ON true
),
-- A talk whose end is unknown counts for a day. Asked by their ends, because few talks end after a new event however
-- many the phone had that day.
talk AS MATERIALIZED (
    SELECT name, stored.since, coalesce(stored.until, stored.since + interval '1 day') AS until
    FROM span CROSS JOIN LATERAL (
        SELECT * FROM ledger.phone_talks AS known
        WHERE known.login = name AND coalesce(known.until, known.since + interval '1 day') >= span.first
            AND known.since <= coalesce(following, 'infinity') OFFSET 0
    ) AS stored
),
event AS MATERIALIZED (
    SELECT name, stored.* FROM span CROSS JOIN LATERAL (
        SELECT eventts, state FROM sipuserevents.sipuser_state_changed
        WHERE (login, eventts) >= (name, first) AND (login, eventts) <= (name, last) OFFSET 0
    ) AS stored
),
-- Talks change nothing after the latest known event: what it proves is the present state.
ending AS MATERIALIZED (
    SELECT span.name, following, coalesce(following, max(eventts)) AS until
    FROM span JOIN event ON event.name = span.name GROUP BY span.name, following
),
-- The events in order of time, and between them the times at which a talk begins (+1) or ends (-1).
mark AS (
    SELECT name COLLATE "C" AS name, eventts AS at, state, 0 AS change FROM event
    UNION ALL
    SELECT name COLLATE "C", since, NULL, 1 FROM talk
    UNION ALL
    SELECT name COLLATE "C", until, NULL, -1 FROM talk
),
counted AS (
    SELECT mark.*, sum(change) OVER (PARTITION BY name ORDER BY at) AS talks,
        count(*) FILTER (WHERE change = 0) OVER (PARTITION BY name ORDER BY at, change <> 0, state) AS events
    FROM mark
),
-- Where a talk begins or ends between two events, the state that the first one proves goes on.
point AS (
    SELECT DISTINCT name, at, proven AS state, talks > 0 AS is_busy, following
    FROM (
        SELECT counted.*, first_value(state) OVER same_event AS proven, first_value(at) OVER same_event AS since
        FROM counted WHERE events > 0
        WINDOW same_event AS (PARTITION BY name, events ORDER BY at, change <> 0, state)
    ) AS proved
    JOIN ending USING (name)
    WHERE change = 0 OR (at > since AND at < until)
),
interval AS MATERIALIZED (
    SELECT * FROM (
        SELECT name, CASE WHEN is_busy THEN 'busy' ELSE state END AS state, at AS dt_start,
            lead(at, 1, following) OVER (PARTITION BY name ORDER BY at, state) AS dt_stop
        FROM point
    ) AS every
    WHERE dt_stop IS NOT NULL
),
known AS MATERIALIZED (
    SELECT name, old.* FROM span CROSS JOIN LATERAL (
        SELECT state, dt_start, dt_stop FROM sipusers.states
        WHERE (login, dt_start) >= (name, first) AND (login, dt_start) < (name, coalesce(following, 'infinity'))
            AND event_name = 'sipuser_state_changed' OFFSET 0
    ) AS old
),
gone AS (
    DELETE FROM sipusers.states AS old USING (TABLE known EXCEPT TABLE interval) AS past
    WHERE old.login = past.name AND old.dt_start = past.dt_start AND event_name = 'sipuser_state_changed'
        AND (old.state, old.dt_stop) IS NOT DISTINCT FROM (past.state, past.dt_stop)
),
made AS (
    INSERT INTO sipusers.states (eventid, event_name, login, state, dt_start, dt_stop, len)
    -- An interval that is made again has the same id.
    SELECT hashtextextended(name || ' ' || extract(epoch FROM dt_start), 0) & 9223372036854775807,
        'sipuser_state_changed', name, state, dt_start, dt_stop, floor(extract(epoch FROM dt_stop - dt_start))
    FROM (TABLE interval EXCEPT TABLE known) AS fresh
)
UPDATE ledger.presence SET state = now.state, since = now.since
FROM span CROSS JOIN LATERAL (
    SELECT login, state, eventts FROM sipuserevents.sipuser_state_changed
    WHERE (login, eventts) <= (span.name, 'infinity') ORDER BY login DESC, eventts DESC, state DESC LIMIT 1
) AS latest
CROSS JOIN LATERAL (
    SELECT coalesce(max('busy'), latest.state), coalesce(min(since), latest.eventts)
    FROM talk WHERE talk.name = span.name AND since <= latest.eventts AND latest.eventts < until
) AS now (state, since)
WHERE presence.kind = 'extension' AND presence.name = span.name AND latest.login = span.name
    AND (presence.state, presence.since) IS DISTINCT FROM (now.state, now.since)
