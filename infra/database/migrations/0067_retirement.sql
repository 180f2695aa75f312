-- Months of calls and of raw events whose retention is over are retired: closed for changes, archived, then dropped.
-- ledger.retirements has the state of each such month; its row is written once more whenever a row of a closed month
-- changes, so that nothing is dropped that is not in the archive as it is.

ALTER TABLE ledger.months ADD retired boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger.months.retired IS 'Retention of the calls of this month is over: events make no row in it.';
ALTER TABLE ledger.native_rows ADD late boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger.native_rows.late IS 'The row was posted when its month was retired: it was not made.';

CREATE TABLE ledger.retirements (
    kind        text NOT NULL CHECK (kind IN ('calls', 'events')),
    month       text NOT NULL CHECK (month ~ '^[0-9]{4}_[0-9]{2}$'),
    state       text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'archived', 'retired', 'restoring', 'restored')),
    changed     boolean NOT NULL DEFAULT false,
    frozen      boolean NOT NULL DEFAULT false,
    continues   boolean NOT NULL DEFAULT false,
    manifest    jsonb,
    kept_until  timestamp without time zone,
    closed_at   timestamp with time zone NOT NULL DEFAULT now(),
    archived_at timestamp with time zone,
    retired_at  timestamp with time zone,
    PRIMARY KEY (kind, month)
);
COMMENT ON TABLE ledger.retirements IS 'Months whose retention is over, as 2024_01, of calls and of raw events.';
COMMENT ON COLUMN ledger.retirements.state IS
    'closed: waits for the archive; archived: in the archive as it is; retired: dropped from the database; restoring and '
    'restored: brought back from the archive.';
COMMENT ON COLUMN ledger.retirements.changed IS 'Rows changed since they were last read for the archive.';
COMMENT ON COLUMN ledger.retirements.frozen IS 'All calls with rows of the month are frozen.';
COMMENT ON COLUMN ledger.retirements.continues IS 'Rows that came after the month was dropped: its archive gets more files.';
COMMENT ON COLUMN ledger.retirements.manifest IS 'The files that are written so far, or all of them.';
COMMENT ON COLUMN ledger.retirements.kept_until IS 'A restored month is retired again after this time, UTC.';

-- The tables of a kind, the partition of the month in each, and the column of the month.
CREATE FUNCTION ledger.parts_of(kind text, month text)
RETURNS TABLE (name text, schema_name text, part_name text, key name)
LANGUAGE sql STABLE AS $$
    SELECT partitioned.name, 'partitions', prefix || '_' || $2, key FROM ledger.partitioned_tables AS partitioned
    WHERE $1 = 'calls'
    UNION ALL
    SELECT 'ledger.events', 'ledger', 'events_' || $2, 'accepted_at' WHERE $1 = 'events'
    ORDER BY 1
$$;
COMMENT ON FUNCTION ledger.parts_of IS 'The partitions of a month, and their tables, whether they exist or not.';

-- The lock makes a reader for the archive wait for the end of this transaction, whatever order the two come in.
CREATE FUNCTION ledger.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM FROM ledger.retirements WHERE kind = TG_ARGV[0] AND month = TG_ARGV[1] FOR UPDATE;
    UPDATE ledger.retirements SET changed = true WHERE kind = TG_ARGV[0] AND month = TG_ARGV[1] AND NOT changed;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ledger.note_change IS 'Note that a row of a closed month changed.';

CREATE FUNCTION ledger.close_month(closed_kind text, closed_month text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    IF closed_kind = 'calls' THEN
        -- From now on every writer knows that the month is retired.
        LOCK TABLE ledger.months IN ACCESS EXCLUSIVE MODE;
        UPDATE ledger.months SET retired = true WHERE name = closed_month;
    END IF;
    FOR part IN SELECT format('%I.%I', schema_name, part_name) AS name FROM ledger.parts_of(closed_kind, closed_month) LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON %1$s FOR EACH ROW'
            ' EXECUTE FUNCTION ledger.note_change(%2$L, %3$L);'
            'CREATE OR REPLACE TRIGGER note_truncation AFTER TRUNCATE ON %1$s FOR EACH STATEMENT'
            ' EXECUTE FUNCTION ledger.note_change(%2$L, %3$L)',
            part.name, closed_kind, closed_month
        );
    END LOOP;
    INSERT INTO ledger.retirements AS old (kind, month) VALUES (closed_kind, closed_month)
    ON CONFLICT (kind, month) DO UPDATE SET
        state = 'closed', changed = false, frozen = false, continues = old.state = 'retired', manifest = NULL,
        kept_until = NULL, closed_at = now();
END
$$;
COMMENT ON FUNCTION ledger.close_month IS
    'Let events make no more rows in a month, and note all other changes of its rows, before it is archived and dropped.';

-- Readers and writers of the tables wait while this runs, so it reads no rows.
CREATE FUNCTION ledger.drop_month(dropped_kind text, dropped_month text, from_state text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT name, format('%I.%I', schema_name, part_name) AS part_name FROM ledger.parts_of(dropped_kind, dropped_month)
    LOOP
        EXECUTE format('LOCK TABLE ONLY %s, ONLY %s IN ACCESS EXCLUSIVE MODE', part.name, part.part_name);
    END LOOP;
    UPDATE ledger.retirements SET state = 'retired', changed = false, manifest = NULL, retired_at = now()
    WHERE kind = dropped_kind AND month = dropped_month AND state = from_state
        AND (from_state = 'closed' OR NOT changed);
    IF NOT FOUND THEN
        UPDATE ledger.retirements SET state = 'closed' WHERE kind = dropped_kind AND month = dropped_month AND changed;
        RETURN false;
    END IF;
    IF dropped_kind = 'calls' THEN
        PERFORM ledger.mark_month(dropped_month);
    END IF;
    FOR part IN SELECT format('%I.%I', schema_name, part_name) AS name FROM ledger.parts_of(dropped_kind, dropped_month) LOOP
        EXECUTE format('DROP TABLE %s', part.name);
    END LOOP;
    RETURN true;
END
$$;
COMMENT ON FUNCTION ledger.drop_month IS
    'Drop the partitions of a month in this state, and return true; return false when rows changed since it was archived.';

-- Views then make the rows of these days of the tables, until their kept rows are made again.
CREATE FUNCTION ledger.mark_month(marked text) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ledger.changed_days SELECT day::date FROM generate_series(
        to_date(marked, 'YYYY_MM')::timestamp,
        to_date(marked, 'YYYY_MM')::timestamp + interval '1 month' - interval '1 day', interval '1 day'
    ) AS day
$$;
COMMENT ON FUNCTION ledger.mark_month IS 'Mark the days of a month of calls as changed.';

-- A record whose rows are retired has no reasons any more, as it has no rows.
CREATE OR REPLACE VIEW metrics.reasons WITH (security_barrier) AS
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
WHERE records.gone_at IS NULL AND (
    records.months = '{}' OR NOT records.months <@ ARRAY(
        SELECT month FROM ledger.retirements WHERE kind = 'calls' AND state IN ('retired', 'restoring')
    )
);
