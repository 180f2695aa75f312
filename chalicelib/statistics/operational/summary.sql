-- The present, today's figures, and those of the same day of last week until the same time.
WITH spans (name, since, until) AS (
    VALUES
        ('today', %(today)s::timestamp, %(now)s::timestamp),
        ('last_week', %(day_week_ago)s::timestamp, %(week_ago)s::timestamp)
),
figures AS (
    SELECT name, jsonb_build_object(
        'since', since, 'until', date_trunc('second', until),
        'incoming', coalesce(incoming, 0), 'answered', coalesce(answered, 0),
        'missed', coalesce(missed, 0), 'not_called_back', coalesce(not_called_back, 0),
        'service_level', service_level, 'average_wait', average_wait, 'outgoing', coalesce(outgoing, 0),
        'outgoing_answered', coalesce(outgoing_answered, 0), 'internal', coalesce(internal, 0),
        'talk', coalesce(talk, 0), 'abandoned', coalesce(abandoned, 0)
    ) AS content
    FROM spans CROSS JOIN LATERAL metrics.day_figures(since, until)
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
