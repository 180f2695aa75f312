-- The rows of metrics.calls are kept for days that no longer change, since they take long to make of many calls. A change
-- of a call marks its day; until `maintain` has made the day's rows again, the view makes them of the tables as before.

DO $$
BEGIN
    EXECUTE 'CREATE VIEW ledger.computed_calls AS ' || pg_get_viewdef('metrics.calls'::regclass);
END
$$;
COMMENT ON VIEW ledger.computed_calls IS 'The definition of metrics.calls, made of the documented tables at each use.';

CREATE TABLE ledger.call_figures AS TABLE ledger.computed_calls WITH NO DATA;
COMMENT ON TABLE ledger.call_figures IS 'Rows of ledger.computed_calls, of all days that are not in ledger.changed_days.';
CREATE INDEX call_figures_invitedt ON ledger.call_figures (invitedt);
CREATE INDEX call_figures_number ON ledger.call_figures (number, invitedt);

-- No key: writers of one day would wait for each other.
CREATE TABLE ledger.changed_days (day date NOT NULL);
COMMENT ON TABLE ledger.changed_days IS 'Days whose calls changed since their rows in ledger.call_figures were made.';

INSERT INTO ledger.changed_days
SELECT invitedt::date FROM calls.success WHERE isfinite(invitedt) UNION
SELECT invitedt::date FROM calls.cancelled WHERE isfinite(invitedt) UNION
SELECT invitedt::date FROM calls.failed WHERE isfinite(invitedt);

CREATE FUNCTION ledger.mark_changed_days() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO ledger.changed_days SELECT DISTINCT invitedt::date FROM new_rows WHERE isfinite(invitedt);
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO ledger.changed_days SELECT DISTINCT invitedt::date FROM old_rows WHERE isfinite(invitedt);
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM ledger.call_figures;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION ledger.mark_changes_of(changed regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER mark_inserted AFTER INSERT ON %1$s REFERENCING NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.mark_changed_days();'
        'CREATE TRIGGER mark_updated AFTER UPDATE ON %1$s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.mark_changed_days();'
        'CREATE TRIGGER mark_deleted AFTER DELETE ON %1$s REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.mark_changed_days();'
        'CREATE TRIGGER mark_truncated AFTER TRUNCATE ON %1$s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.mark_changed_days()',
        changed
    );
END
$$;
COMMENT ON FUNCTION ledger.mark_changes_of IS 'Let changes of a table or of one of its partitions mark the days of its calls.';

-- A statement fires the triggers of the relation that it names. Writers name tables, and partitions where they delete.
SELECT count(ledger.mark_changes_of(relation)) FROM (
    SELECT unnest(ARRAY['calls.success', 'calls.cancelled', 'calls.failed', 'calls.forks'])::regclass
    UNION ALL
    SELECT inhrelid::regclass FROM pg_catalog.pg_inherits
    WHERE inhparent = ANY (ARRAY['calls.success', 'calls.cancelled', 'calls.failed', 'calls.forks']::regclass[])
) AS marked (relation);

-- Partitions of new months get the triggers with their grants.
CREATE OR REPLACE FUNCTION ledger.grant_part(part text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regrole('ringledger_writer') IS NOT NULL THEN
        EXECUTE format('GRANT SELECT, DELETE ON %s TO ringledger_writer', part);
    END IF;
    IF part ~ '\.calls_(success|cancelled|failed|forks)_' THEN
        PERFORM ledger.mark_changes_of(part::regclass);
    END IF;
END
$$;

CREATE FUNCTION ledger.make_call_figures(made date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    since CONSTANT timestamp := made;
BEGIN
    -- First: a change that is committed later than this leaves its mark.
    DELETE FROM ledger.changed_days WHERE day = made;
    DELETE FROM ledger.call_figures WHERE invitedt >= since AND invitedt < since + interval '1 day';
    INSERT INTO ledger.call_figures
    SELECT * FROM ledger.computed_calls WHERE invitedt >= since AND invitedt < since + interval '1 day';
END
$$;
COMMENT ON FUNCTION ledger.make_call_figures IS 'Make the rows of a day in ledger.call_figures again.';

CREATE OR REPLACE VIEW metrics.calls AS
SELECT figure.* FROM ledger.call_figures AS figure
WHERE NOT EXISTS (SELECT FROM ledger.changed_days WHERE day = figure.invitedt::date)
UNION ALL
SELECT computed.* FROM (SELECT DISTINCT day FROM ledger.changed_days) AS changed
CROSS JOIN LATERAL (
    SELECT * FROM ledger.computed_calls
    WHERE invitedt >= changed.day::timestamp AND invitedt < changed.day::timestamp + interval '1 day'
) AS computed
UNION ALL
SELECT * FROM ledger.computed_calls WHERE invitedt IS NULL
UNION ALL
SELECT * FROM ledger.computed_calls WHERE invitedt IN ('infinity', '-infinity');
