-- The phones of agents: those that are registered, that told a state within a day, or that talked today.
WITH legs AS (
    SELECT DISTINCT ON (extension) extension AS agent, state, since,
        CASE WHEN from_number = extension THEN to_number ELSE from_number END AS number
    FROM metrics.live_legs WHERE device NOT IN ('queue', 'ivr')
    ORDER BY extension, array_position(ARRAY['talking', 'dialling', 'ringing'], state), since
),
talks AS (
    SELECT agent, max(person) AS person, count(*) FILTER (WHERE direction = 'incoming') AS incoming,
        count(*) FILTER (WHERE direction = 'outgoing') AS outgoing,
        count(*) FILTER (WHERE direction = 'internal') AS internal, sum(talk) AS talk
    FROM metrics.talks WHERE invitedt >= %(today)s AND invitedt <= %(now)s GROUP BY agent
),
rings AS (
    SELECT agent, count(*) FILTER (WHERE answered = 0) AS unanswered
    FROM metrics.rings WHERE invitedt >= %(today)s AND invitedt <= %(now)s GROUP BY agent
),
names AS (
    SELECT agent FROM metrics.agents UNION SELECT agent FROM legs UNION SELECT agent FROM talks UNION
    SELECT login FROM sipuserevents.sipuser_state_changed WHERE eventts > %(yesterday)s AND eventts <= %(now)s
),
phones AS (
    SELECT agent, agents.user_id, coalesce(nullif(agents.person, ''), nullif(talks.person, '')) AS person, number,
        incoming, outgoing, internal, talk, unanswered, legs.state AS live_state, legs.since AS live_since,
        phone.state AS phone_state, phone.eventts AS phone_since, shift.state AS status, shift.eventts AS status_since
    FROM names LEFT JOIN metrics.agents USING (agent) LEFT JOIN talks USING (agent) LEFT JOIN rings USING (agent)
    LEFT JOIN legs USING (agent)
    LEFT JOIN LATERAL (
        SELECT state, eventts FROM sipuserevents.sipuser_state_changed
        WHERE login = agent AND eventts <= %(now)s ORDER BY eventts DESC, state DESC LIMIT 1
    ) AS phone ON true
    LEFT JOIN LATERAL (
        SELECT state, eventts FROM userevents.usr_state_changed
        WHERE usr_state_changed.user_id = coalesce(agents.user_id, agent) AND eventts <= %(now)s
        ORDER BY eventts DESC, state DESC LIMIT 1
    ) AS shift ON true
    WHERE agent <> ''
),
states AS (
    -- A live leg decides. Without one, a phone that was busy or rang is idle: its hangup may be told by another call.
    -- An idle agent is ready, or at a break, since the later of two changes: of the phone, and of the shift.
    SELECT *, coalesce(live_since, CASE
        WHEN phone_state IN ('registered', 'busy', 'early', 'idle') THEN greatest(phone_since, status_since)
        ELSE phone_since
    END) AS since, coalesce(live_state, CASE
        WHEN phone_state IN ('registered', 'busy', 'early', 'idle') THEN 'idle'
        WHEN phone_state IS NOT NULL THEN 'offline'
        ELSE 'unknown'
    END) AS state
    FROM phones
)
SELECT jsonb_build_object(
    'last_event_at', to_char((SELECT accepted_at FROM metrics.last_event), 'YYYY-MM-DD"T"HH24:MI:SS'),
    'agents', coalesce(jsonb_agg(jsonb_build_object(
        'agent', agent, 'person', person, 'state', state, 'since', date_trunc('second', since),
        'seconds', CASE WHEN since IS NOT NULL THEN greatest(extract(epoch FROM %(now)s - since)::integer, 0) END,
        'stale', CASE WHEN state = 'talking' THEN since < %(now)s - %(talk_age)s
            ELSE since IS NULL OR since < %(now)s - interval '1 day' END,
        'number', number, 'status', status, 'status_since', date_trunc('second', status_since),
        'incoming', coalesce(incoming, 0), 'outgoing', coalesce(outgoing, 0), 'internal', coalesce(internal, 0),
        'talk', coalesce(talk, 0), 'unanswered', coalesce(unanswered, 0)
    ) ORDER BY agent), '[]')
)
FROM states
