-- The tables that grow with calls are partitioned by month. Their names, columns, comments, grants and indexes stay.
-- Partitions are in a schema of their own: partitions.calls_success_2026_11, and partitions.calls_success_rest for rows
-- without a time or without a partition of their month.

CREATE SCHEMA partitions;
COMMENT ON SCHEMA partitions IS 'Monthly parts of documented tables, which are read under the names of the tables.';

CREATE TABLE ledger.months (
    name text PRIMARY KEY CHECK (name ~ '^[0-9]{4}_[0-9]{2}$')
);
COMMENT ON TABLE ledger.months IS
    'The months with partitions, as 2026_11. Writers lock it for reading: partitions neither come nor go meanwhile.';

ALTER TABLE ledger.records ADD months text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ledger.records.months IS
    'The months of the rows of the record, by which its partitions are found; rest for rows without a time.';

CREATE VIEW ledger.partitioned_tables AS
SELECT format('%I.%I', nspname, relname) AS name, nspname || '_' || relname AS prefix, attname AS key
FROM pg_catalog.pg_partitioned_table
JOIN pg_catalog.pg_class ON pg_class.oid = partrelid
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
JOIN pg_catalog.pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
WHERE nspname <> 'ledger';
COMMENT ON VIEW ledger.partitioned_tables IS 'The documented tables that are partitioned, and the column of the month.';

-- Everyone else reads a table, never its parts. `ringledger roles` says the same; a new part has its grants at once.
CREATE FUNCTION ledger.grant_part(part text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regrole('ringledger_writer') IS NOT NULL THEN
        EXECUTE format('GRANT SELECT, DELETE ON %s TO ringledger_writer', part);
    END IF;
END
$$;

CREATE FUNCTION ledger.make_month(month date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    month_name CONSTANT text := to_char(month, 'YYYY_MM');
    following CONSTANT timestamp := month + interval '1 month';
    parent record;
    part text;
BEGIN
    FOR parent IN SELECT * FROM ledger.partitioned_tables LOOP
        part := format('partitions.%I', parent.prefix || '_' || month_name);
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', part, parent.name);
        PERFORM ledger.grant_part(part);
    END LOOP;
    -- Readers of whole tables hold locks on the rest for as long as they read; writers have locks on the months.
    FOR parent IN SELECT * FROM ledger.partitioned_tables LOOP
        EXECUTE format('LOCK TABLE partitions.%I IN ACCESS EXCLUSIVE MODE', parent.prefix || '_rest');
    END LOOP;
    LOCK TABLE ledger.months IN ACCESS EXCLUSIVE MODE;
    FOR parent IN SELECT * FROM ledger.partitioned_tables LOOP
        part := format('partitions.%I', parent.prefix || '_' || month_name);
        EXECUTE format(
            'WITH moved AS (DELETE FROM partitions.%I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO %s TABLE moved',
            parent.prefix || '_rest', parent.key, parent.key, part
        ) USING month::timestamp, following;
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent.name, part, month, following);
    END LOOP;
    INSERT INTO ledger.months VALUES (month_name);
END
$$;
COMMENT ON FUNCTION ledger.make_month IS
    'Make the partitions of the month that begins on a day, and move the rows into them that came before they existed.';

DO $$
BEGIN
    IF to_regrole('ringledger_writer') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA partitions TO ringledger_writer;
        GRANT SELECT ON ledger.months TO ringledger_writer;
    END IF;
END
$$;
