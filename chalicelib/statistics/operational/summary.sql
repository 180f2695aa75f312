-- The present, today's figures, and those of the same day of last week until the same time.
WITH spans (name, since, until) AS (
    VALUES ('today', %(today)s, %(now)s), ('last_week', %(day_week_ago)s, %(week_ago)s)
),
figures AS (
    SELECT name, jsonb_build_object(
        'since', since, 'until', date_trunc('second', until),
        'incoming', coalesce(counted.incoming, 0), 'answered', coalesce(counted.answered, 0),
        'missed', coalesce(counted.missed, 0), 'not_called_back', coalesce(not_called_back, 0),
        'service_level', service_level, 'average_wait', average_wait, 'outgoing', coalesce(outgoing, 0),
        'outgoing_answered', coalesce(outgoing_answered, 0), 'internal', coalesce(internal, 0),
        'talk', coalesce(talk, 0), 'abandoned', coalesce(abandoned, 0)
    ) AS content
    FROM spans
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE direction = 'incoming') AS incoming,
            sum(answered) FILTER (WHERE direction = 'incoming') AS answered, sum(missed) AS missed,
            round(100 * avg(in_time), 1) AS service_level,
            round(avg(wait) FILTER (WHERE direction = 'incoming' AND answered = 1)) AS average_wait,
            count(*) FILTER (WHERE direction = 'outgoing') AS outgoing,
            sum(answered) FILTER (WHERE direction = 'outgoing') AS outgoing_answered,
            count(*) FILTER (WHERE direction = 'internal') AS internal, sum(talk) AS talk
        FROM metrics.calls WHERE invitedt >= since AND invitedt <= until
    ) AS counted
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT number) FILTER (WHERE called_back = 0 OR reached_at > until) AS not_called_back
        FROM metrics.missed_calls WHERE invitedt >= since AND invitedt <= until
    ) AS returned
    CROSS JOIN LATERAL (
        SELECT sum(abandoned) AS abandoned FROM metrics.queue_calls WHERE entered_at >= since AND entered_at <= until
    ) AS queued
),
legs AS (
    SELECT chain, bool_or(state = 'talking') AS talking, bool_or(state = 'waiting') AS waiting,
        min(since) FILTER (WHERE state = 'waiting' AND device = 'queue') AS waiting_since,
        min(since) FILTER (WHERE state = 'talking') AS talking_since, min(began_at) AS began_at
    FROM metrics.live_legs GROUP BY chain, provider
),
live AS (
    SELECT jsonb_build_object(
        'calls', count(*), 'talking', count(*) FILTER (WHERE talking),
        'waiting', count(*) FILTER (WHERE waiting AND NOT talking),
        'ringing', count(*) FILTER (WHERE NOT waiting AND NOT talking),
        'waiting_since', min(waiting_since) FILTER (WHERE NOT talking),
        'stale', count(*) FILTER (WHERE CASE WHEN talking_since IS NULL THEN began_at < %(now)s - interval '1 hour'
            ELSE talking_since < %(now)s - %(talk_age)s END)
    ) AS content
    FROM legs
)
SELECT jsonb_build_object(
    'last_event_at', to_char((SELECT accepted_at FROM metrics.last_event), 'YYYY-MM-DD"T"HH24:MI:SS'),
    'live', (SELECT content FROM live),
    'today', (SELECT content FROM figures WHERE name = 'today'),
    'last_week', (SELECT content FROM figures WHERE name = 'last_week')
)
