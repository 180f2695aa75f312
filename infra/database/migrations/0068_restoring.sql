-- A month comes back from the archive in two steps: tables that no reader sees are made for its rows, and once all rows
-- are there, these become the partitions of the month again.

CREATE FUNCTION ledger.begin_restoring(restored_kind text, restored_month text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    part record;
    known text;
BEGIN
    SELECT state INTO known FROM ledger.retirements WHERE kind = restored_kind AND month = restored_month FOR UPDATE;
    IF known IS NULL OR known NOT IN ('retired', 'restoring') THEN
        RETURN false;
    END IF;
    FOR part IN SELECT name, format('%I.%I', schema_name, part_name) AS part FROM ledger.parts_of(restored_kind, restored_month)
    LOOP
        -- Rows of raw events that came late are in a partition of the month already: it goes to the archive first.
        IF EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = to_regclass(part.part)) THEN
            RETURN false;
        END IF;
        EXECUTE format('DROP TABLE IF EXISTS %1$s; CREATE TABLE %1$s (LIKE %2$s INCLUDING ALL)', part.part, part.name);
        IF to_regrole('ringledger_archiver') IS NOT NULL THEN
            EXECUTE format('GRANT SELECT, INSERT ON %s TO ringledger_archiver', part.part);
        END IF;
    END LOOP;
    UPDATE ledger.retirements SET state = 'restoring' WHERE kind = restored_kind AND month = restored_month;
    RETURN true;
END
$$;
COMMENT ON FUNCTION ledger.begin_restoring IS
    'Make empty tables for the rows of a retired month, and return true; return false when it is not retired.';

CREATE FUNCTION ledger.finish_restoring(restored_kind text, restored_month text, kept timestamp) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first CONSTANT date := to_date(restored_month, 'YYYY_MM');
    following CONSTANT timestamp := first + interval '1 month';
    part record;
BEGIN
    FOR part IN SELECT *, format('%I.%I', schema_name, part_name) AS part FROM ledger.parts_of(restored_kind, restored_month)
    LOOP
        IF to_regrole('ringledger_archiver') IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON %s FROM ringledger_archiver', part.part);
        END IF;
        -- Known to hold for all rows, so that attaching reads none of them while others wait.
        EXECUTE format(
            'ALTER TABLE %1$s ADD CONSTRAINT of_month CHECK (%2$I IS NOT NULL AND %2$I >= %3$L AND %2$I < %4$L)',
            part.part, part.key, first::timestamp, following
        );
    END LOOP;
    FOR part IN SELECT *, format('%I.%I', schema_name, part_name) AS part FROM ledger.parts_of(restored_kind, restored_month)
    LOOP
        EXECUTE format(
            'WITH moved AS (DELETE FROM %1$s WHERE %2$I >= $1 AND %2$I < $2 RETURNING *) INSERT INTO %3$s TABLE moved',
            CASE restored_kind WHEN 'events' THEN 'ledger.events_rest'
                ELSE format('partitions.%I', replace(part.name, '.', '_') || '_rest') END,
            part.key, part.part
        ) USING first::timestamp, following;
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', part.name, part.part, first, following
        );
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT of_month', part.part);
        IF restored_kind = 'calls' THEN
            PERFORM ledger.grant_part(part.part);
        END IF;
    END LOOP;
    IF restored_kind = 'calls' THEN
        PERFORM ledger.mark_month(restored_month);
    END IF;
    UPDATE ledger.retirements SET state = 'restored', changed = false, kept_until = kept
    WHERE kind = restored_kind AND month = restored_month;
END
$$;
COMMENT ON FUNCTION ledger.finish_restoring IS
    'Make the tables of a restored month its partitions again, until a time at which it is retired again.';
