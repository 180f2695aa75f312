-- Why the rows of a call are what they are. Readers may not read the ledger's own table: this view shows them the notes
-- of records that stand, and neither numbers nor raw events.

CREATE VIEW metrics.reasons WITH (security_barrier) AS
SELECT
    records.inviteid,
    records.provider,
    records.version,
    records.complete,
    records.changed_at AT TIME ZONE 'UTC' AS changed_at,
    note.place::integer AS place,
    note.reason
FROM ledger.records
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(facts -> 'reasons') WHEN 'array' THEN facts -> 'reasons' END
) WITH ORDINALITY AS note (reason, place) ON true
WHERE records.gone_at IS NULL;
