-- The queues: who waits in each now, and today's figures. A caller waits in the queue entered last while no phone talks.
WITH talking AS (SELECT chain FROM metrics.live_legs WHERE state = 'talking' AND device <> 'queue'),
waiting AS (
    -- A queue's calls to its agents are legs of the queue, too: they come from the queue itself, not from the caller.
    SELECT DISTINCT ON (chain) chain, extension AS queue, nullif(from_number, extension) AS number, since
    FROM metrics.live_legs
    WHERE device = 'queue' AND state = 'waiting' AND NOT EXISTS (SELECT FROM talking WHERE talking.chain = live_legs.chain)
    ORDER BY chain, from_number IS NOT DISTINCT FROM extension, since DESC
),
now_waiting AS (
    SELECT queue, min(since) AS first, jsonb_agg(jsonb_build_object(
        'chain', chain, 'number', number, 'since', since,
        'seconds', greatest(extract(epoch FROM %(now)s - since)::integer, 0),
        'stale', since < %(now)s - interval '1 hour'
    ) ORDER BY since, chain) AS callers
    FROM waiting GROUP BY queue
),
today AS (
    SELECT queue, sum(answered) AS answered, sum(abandoned) AS abandoned, round(100 * avg(in_time), 1) AS service_level,
        round(avg(wait) FILTER (WHERE answered = 1)) AS average_wait
    FROM metrics.queue_calls WHERE entered_at >= %(today)s AND entered_at <= %(now)s GROUP BY queue
),
names AS (SELECT queue FROM now_waiting UNION SELECT queue FROM today)
SELECT jsonb_build_object(
    'last_event_at', to_char((SELECT accepted_at FROM metrics.last_event), 'YYYY-MM-DD"T"HH24:MI:SS'),
    'queues', coalesce(jsonb_agg(jsonb_build_object(
        'queue', queue, 'person', person, 'waiting', coalesce(callers, '[]'),
        'longest_wait', CASE WHEN first IS NOT NULL THEN greatest(extract(epoch FROM %(now)s - first)::integer, 0) END,
        'answered', coalesce(answered, 0), 'abandoned', coalesce(abandoned, 0), 'service_level', service_level,
        'average_wait', average_wait
    ) ORDER BY queue), '[]')
)
FROM names LEFT JOIN now_waiting USING (queue) LEFT JOIN today USING (queue) LEFT JOIN metrics.queues USING (queue)
WHERE queue IS NOT NULL
