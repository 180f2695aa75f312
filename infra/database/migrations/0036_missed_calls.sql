-- Missed calls, and when their callers were reached. PBXs write one number in several ways: numbers are equal when their
-- last ten digits are, or all digits of the shorter one. The index finds numbers by their last seven digits.

CREATE INDEX success_number_ending ON calls.success (
    right(ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0'), 7), invitedt
);

CREATE VIEW metrics.missed_calls AS
SELECT
    inviteid,
    invitedt,
    number,
    line,
    wait,
    reason,
    reached.at AS reached_at,
    reached.direction AS reached_by,
    reached.agent AS reached_agent,
    CASE WHEN digits ~ '^[0-9]{3,}$' THEN (reached.at IS NOT NULL)::integer END AS called_back
FROM (
    SELECT *, ltrim(translate(number, ' +-().', ''), '0') AS digits FROM metrics.calls WHERE result = 'missed'
) AS missed
LEFT JOIN LATERAL (
    SELECT
        start_dt AS at,
        CASE WHEN aouter THEN 'caller' ELSE 'agent' END AS direction,
        (CASE WHEN aouter THEN coalesce(busername, bnumber) ELSE coalesce(ausername, anumber) END)::text AS agent
    FROM calls.success
    CROSS JOIN LATERAL (
        SELECT ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0') AS reached_digits
    ) AS other
    WHERE right(ltrim(translate(CASE WHEN aouter THEN anumber ELSE bnumber END, ' +-().', ''), '0'), 7) = right(digits, 7)
        AND success.invitedt > missed.invitedt
        AND success.invitedt < missed.invitedt + interval '30 days'
        AND digits ~ '^[0-9]{3,}$'
        AND (aouter OR bouter)
        AND right(reached_digits, least(length(reached_digits), length(digits), 10))
            = right(digits, least(length(reached_digits), length(digits), 10))
    ORDER BY success.invitedt
    LIMIT 1
) AS reached ON true;
