-- A counter of changes for each documented table, from which the statistics channel makes ETags. Counting takes no lock
-- that a writer waits for, because a sequence is not part of the transaction. So a reader must not trust a counter while
-- a writer is at work: see chalicelib/statistics/versions.py.

CREATE FUNCTION ledger.count_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_catalog.nextval(TG_ARGV[0]::pg_catalog.regclass);
    RETURN NULL;
END
$$;

-- Changes must be made through the table itself, not through a partition. Call this again for a new table, and for a
-- table that was made anew.
CREATE FUNCTION ledger.count_changes_of(changed regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    counter text;
BEGIN
    SELECT format('ledger.%I', 'changes_of_' || nspname || '_' || relname) INTO counter
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE pg_class.oid = changed;
    EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %s', counter);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION ledger.count_change(%L)',
        changed, counter
    );
    -- Also while a subscription or a restore writes.
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER count_change', changed);
END
$$;

SELECT ledger.count_changes_of(pg_class.oid)
FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname IN (
    'alertcallevents', 'calls', 'ivrhuntq', 'ivrhuntqevents', 'products', 'providerevents', 'scriptevents',
    'selectorevents', 'sipuserevents', 'sipusers', 'userevents'
);
