-- The live calls with their legs. A call is in the furthest state of its legs: a talk counts more than a wait.
WITH legs AS (
    SELECT live_legs.*, agents.person,
        array_position(ARRAY['talking', 'waiting', 'ringing', 'dialling'], state) AS rank
    FROM metrics.live_legs LEFT JOIN metrics.agents ON agent = extension
),
live AS (
    SELECT chain, provider, min(began_at) AS since, max(reported_at) AS reported_at, min(rank) AS rank,
        (array_agg(from_number ORDER BY began_at, extension))[1] AS from_number,
        (array_agg(to_number ORDER BY began_at, extension))[1] AS to_number,
        (array_agg(state ORDER BY rank))[1] AS state,
        min(legs.since) FILTER (WHERE state = 'talking') AS talking_since,
        jsonb_agg(jsonb_build_object(
            'extension', extension, 'person', person, 'device', device, 'state', state, 'since', legs.since,
            'seconds', greatest(extract(epoch FROM %(now)s - legs.since)::integer, 0),
            'from_number', from_number, 'to_number', to_number
        ) ORDER BY began_at, extension) AS legs
    FROM legs GROUP BY chain, provider
)
SELECT jsonb_build_object(
    'last_event_at', to_char((SELECT accepted_at FROM metrics.last_event), 'YYYY-MM-DD"T"HH24:MI:SS'),
    'calls', coalesce(jsonb_agg(jsonb_build_object(
        'chain', chain, 'provider', provider, 'state', state, 'from_number', from_number, 'to_number', to_number,
        'since', since, 'seconds', greatest(extract(epoch FROM %(now)s - since)::integer, 0),
        'stale', CASE WHEN talking_since IS NULL THEN since < %(now)s - interval '1 hour'
            ELSE talking_since < %(now)s - %(talk_age)s END,
        'reported_at', date_trunc('second', reported_at), 'legs', legs
    ) ORDER BY since, chain), '[]')
)
FROM live
