-- Missed calls are kept with the first talk that followed. A row stays right while no day from the call to that talk
-- changes, or none of the 30 days after the call where no talk followed.

DO $do$
DECLARE
    -- %1$s: the view's name; %2$s: missed calls, with the columns of ledger.call_figures that are named here.
    reached CONSTANT text := $view$
        CREATE VIEW ledger.%1$s AS
        SELECT missed.invitedt::date AS day, missed.inviteid, missed.invitedt, missed.number, missed.line, missed.wait,
            missed.reason, reached.at AS reached_at, reached.direction AS reached_by, reached.agent AS reached_agent,
            CASE WHEN digits ~ '^[0-9]{3,}$' THEN (reached.at IS NOT NULL)::integer END AS called_back,
            daterange(
                missed.invitedt::date, coalesce(reached.invitedt, missed.invitedt + interval '30 days')::date, '[]'
            ) AS depends_on
        FROM (
            SELECT inviteid, invitedt, number, line, wait, reason, ltrim(translate(number, ' +-().', ''), '0') AS digits
            FROM %2$s
        ) AS missed
        LEFT JOIN LATERAL (
            SELECT
                success.invitedt,
                start_dt AS at,
                CASE WHEN aouter THEN 'caller' ELSE 'agent' END AS direction,
                (CASE WHEN aouter THEN coalesce(busername, bnumber) ELSE coalesce(ausername, anumber) END)::text AS agent
            FROM calls.success
            CROSS JOIN LATERAL (
                SELECT ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0') AS reached_digits
            ) AS other
            WHERE right(ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0'), 7)
                    = right(digits, 7)
                AND success.invitedt > missed.invitedt
                AND success.invitedt < missed.invitedt + interval '30 days'
                AND digits ~ '^[0-9]{3,}$'
                AND (aouter OR bouter)
                AND right(reached_digits, least(length(reached_digits), length(digits), 10))
                    = right(digits, least(length(reached_digits), length(digits), 10))
            ORDER BY success.invitedt, start_dt, success.inviteid
            LIMIT 1
        ) AS reached ON true
    $view$;
BEGIN
    EXECUTE format(reached, 'changed_missed', $$ledger.changed_calls WHERE result = 'missed'$$);
    CREATE TABLE ledger.missed_calls AS TABLE ledger.changed_missed WITH NO DATA;
    -- Their own day stays, while a later one changed.
    EXECUTE format(reached, 'stale_missed', $$ledger.missed_calls WHERE NOT EXISTS (
        SELECT FROM ledger.changed_days WHERE changed_days.day = missed_calls.day
    ) AND depends_on && (SELECT range_agg(daterange(day, day, '[]')) FROM ledger.changed_days)$$);
    EXECUTE format(reached, 'undated_missed', $$ledger.computed_calls
        WHERE result = 'missed' AND (invitedt IS NULL OR invitedt IN ('infinity', '-infinity'))$$);
END
$do$;
COMMENT ON VIEW ledger.changed_missed IS 'The rows of metrics.missed_calls of days in ledger.changed_days.';
COMMENT ON VIEW ledger.stale_missed IS 'The rows of metrics.missed_calls that depend on one of these days, while their own stays.';
COMMENT ON VIEW ledger.undated_missed IS 'The rows of metrics.missed_calls without a day.';
COMMENT ON TABLE ledger.missed_calls IS 'Kept rows of metrics.missed_calls, and the days on which each depends.';
CREATE INDEX missed_calls_day ON ledger.missed_calls (day);
CREATE INDEX missed_calls_invitedt ON ledger.missed_calls (invitedt);

CREATE OR REPLACE VIEW metrics.missed_calls AS
SELECT inviteid, invitedt, number, line, wait, reason, reached_at, reached_by, reached_agent, called_back
FROM ledger.missed_calls
WHERE NOT EXISTS (SELECT FROM ledger.changed_days WHERE changed_days.day = missed_calls.day)
    AND (depends_on && (SELECT range_agg(daterange(day, day, '[]')) FROM ledger.changed_days)) IS NOT TRUE
UNION ALL
SELECT inviteid, invitedt, number, line, wait, reason, reached_at, reached_by, reached_agent, called_back
FROM ledger.changed_missed
UNION ALL
SELECT inviteid, invitedt, number, line, wait, reason, reached_at, reached_by, reached_agent, called_back
FROM ledger.stale_missed
UNION ALL
SELECT inviteid, invitedt, number, line, wait, reason, reached_at, reached_by, reached_agent, called_back
FROM ledger.undated_missed;
