-- The present state, as far as events prove it. These views show a few columns of Ringledger's own tables to readers that
-- may not read those tables. A security barrier keeps conditions of a query away from rows that a view leaves out.

CREATE VIEW metrics.live_legs WITH (security_barrier) AS
SELECT
    calls.id AS chain,
    calls.provider,
    leg.extension,
    leg.device,
    leg.state,
    leg.began AS began_at,
    leg.since,
    leg.a AS from_number,
    leg.b AS to_number,
    calls.last_accepted_at AS reported_at
FROM ledger.calls
CROSS JOIN LATERAL jsonb_to_recordset(live) AS leg (
    extension text, device text, state text, began timestamp, since timestamp, a text, b text
)
WHERE live IS NOT NULL;

CREATE VIEW metrics.agents WITH (security_barrier) AS
SELECT DISTINCT ON (agent) agent, person, user_id
FROM (
    SELECT extension, name, users.agent, 1 FROM ledger.users WHERE extension <> ''
    UNION ALL
    SELECT name, owner, NULL, 2 FROM ledger.extensions WHERE revoked_at IS NULL AND type = 'phone' AND mistyped_at IS NULL
) AS known (agent, person, user_id, place)
ORDER BY agent, place, person;

CREATE VIEW metrics.queues WITH (security_barrier) AS
SELECT name AS queue, max(owner) AS person FROM ledger.extensions WHERE revoked_at IS NULL AND type = 'queue' GROUP BY name;

CREATE VIEW metrics.last_event WITH (security_barrier) AS
SELECT max(accepted_at) AS accepted_at FROM ledger.events;
