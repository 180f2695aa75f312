-- metrics.calls makes the rows of changed days of the calls of those days only. The earlier view joined the days above the
-- grouping, so that the planner grouped the calls of the whole period of a query.

DO $$
DECLARE
    definition CONSTANT text := pg_get_viewdef('ledger.computed_calls'::regclass);
    changed CONSTANT text :=
        '(SELECT %1$s.* FROM (SELECT DISTINCT day FROM ledger.changed_days) AS changed'
        ' JOIN calls.%1$s ON invitedt >= changed.day AND invitedt < changed.day + 1'
        -- Implied, for the planner: whatever it reads first, it reads no other months.
        ' AND invitedt >= (SELECT min(day) FROM ledger.changed_days)'
        ' AND invitedt < (SELECT max(day) + 1 FROM ledger.changed_days)) AS %1$s';
    statement text := definition;
    source text;
BEGIN
    FOREACH source IN ARRAY ARRAY['success', 'cancelled', 'failed'] LOOP
        statement := regexp_replace(statement, 'FROM calls\.' || source || '\M', 'FROM ' || format(changed, source));
    END LOOP;
    EXECUTE 'CREATE VIEW ledger.changed_calls AS ' || statement;
END
$$;
COMMENT ON VIEW ledger.changed_calls IS 'The rows of ledger.computed_calls of days in ledger.changed_days.';

CREATE OR REPLACE VIEW metrics.calls AS
SELECT figure.* FROM ledger.call_figures AS figure
-- A set of days is faster than a join where nearly all rows stay.
WHERE figure.invitedt::date NOT IN (SELECT day FROM ledger.changed_days)
UNION ALL
SELECT * FROM ledger.changed_calls
UNION ALL
SELECT * FROM ledger.computed_calls WHERE invitedt IS NULL
UNION ALL
SELECT * FROM ledger.computed_calls WHERE invitedt IN ('infinity', '-infinity');

-- Reports on a year read the kept rows of its days without the table's other rows. Their pages must be known as visible.
ALTER TABLE ledger.call_figures SET (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE ledger.changed_days SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- What reports on calls from outside read, without the wide rows.
CREATE INDEX call_figures_incoming ON ledger.call_figures (invitedt) INCLUDE (wait, number, line, answered, missed, talk)
    WHERE direction = 'incoming';
