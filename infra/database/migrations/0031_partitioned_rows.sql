-- Moves the rows of the tables that grow with calls into monthly partitions. It takes about as long as restoring these
-- tables from a backup; webhooks wait in the queue meanwhile.

CREATE TEMPORARY TABLE growing_table (id serial, schema text, name text, key text) ON COMMIT DROP;
INSERT INTO growing_table (schema, name, key) VALUES
    ('calls', 'success', 'invitedt'),
    ('calls', 'cancelled', 'invitedt'),
    ('calls', 'failed', 'invitedt'),
    ('calls', 'forks', 'invitedt'),
    ('calls', 'holds', 'invitedt'),
    ('calls', 'routes', 'invitedt'),
    ('ivrhuntq', 'huntq_calls', 'dt_enqueue'),
    ('ivrhuntqevents', 'final', 'eventts'),
    ('ivrhuntqevents', 'queue_dequeue', 'eventts'),
    ('ivrhuntqevents', 'queue_enqueue', 'eventts'),
    ('ivrhuntqevents', 'queue_greeting', 'eventts'),
    ('ivrhuntqevents', 'queue_preivr_start', 'eventts'),
    ('ivrhuntqevents', 'queue_quit', 'eventts'),
    ('ivrhuntqevents', 'queue_start_call', 'eventts'),
    ('ivrhuntqevents', 'queue_userban', 'eventts');

CREATE TEMPORARY TABLE row_month (inviteid uuid, name text) ON COMMIT DROP;

DO $$
DECLARE
    growing record;
    statement text;
    kept text[];
    description text;
    month_name text;
BEGIN
    FOR growing IN SELECT * FROM growing_table ORDER BY id LOOP
        EXECUTE format(
            'INSERT INTO row_month SELECT DISTINCT inviteid, coalesce(to_char(%I, ''YYYY_MM''), ''rest'') FROM %I.%I',
            growing.key, growing.schema, growing.name
        );
        -- A month that only a wrong clock can show stays in the rest.
        EXECUTE format(
            'INSERT INTO ledger.months SELECT DISTINCT to_char(%1$I, ''YYYY_MM'') FROM %2$I.%3$I '
            'WHERE %1$I >= now() - interval ''10 years'' AND %1$I < now() + interval ''2 months'' ON CONFLICT DO NOTHING',
            growing.key, growing.schema, growing.name
        );
    END LOOP;

    FOR growing IN SELECT *, format('%I.%I', schema, name) AS full_name, schema || '_' || name AS prefix
        FROM growing_table ORDER BY id
    LOOP
        description := obj_description(growing.full_name::regclass);
        SELECT array_agg(definition) INTO kept FROM (
            SELECT indexdef FROM pg_catalog.pg_indexes WHERE schemaname = growing.schema AND tablename = growing.name
            UNION ALL
            SELECT pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger
            WHERE tgrelid = growing.full_name::regclass AND NOT tgisinternal
            UNION ALL
            SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', growing.full_name, tgname) FROM pg_catalog.pg_trigger
            WHERE tgrelid = growing.full_name::regclass AND NOT tgisinternal AND tgenabled = 'A'
            UNION ALL
            SELECT format(
                'GRANT %s%s ON %s TO %s%s', privilege_type, columns, growing.full_name,
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(rolname) END,
                CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END
            )
            FROM (
                SELECT relacl, '' FROM pg_catalog.pg_class WHERE oid = growing.full_name::regclass
                UNION ALL
                SELECT attacl, format(' (%I)', attname) FROM pg_catalog.pg_attribute
                WHERE attrelid = growing.full_name::regclass AND NOT attisdropped
            ) AS granted (acl, columns)
            CROSS JOIN LATERAL aclexplode(acl)
            LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = grantee
            WHERE grantee <> grantor
        ) AS part (definition);

        EXECUTE format('ALTER TABLE %s SET SCHEMA partitions', growing.full_name);
        EXECUTE format(
            'CREATE TABLE %s (LIKE partitions.%I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (%I)',
            growing.full_name, growing.name, growing.key
        );
        EXECUTE format('COMMENT ON TABLE %s IS %L', growing.full_name, description);
        EXECUTE format(
            'CREATE TABLE partitions.%I PARTITION OF %s DEFAULT', growing.prefix || '_rest', growing.full_name
        );
        PERFORM ledger.grant_part(format('partitions.%I', growing.prefix || '_rest'));
        FOR month_name IN SELECT name FROM ledger.months LOOP
            EXECUTE format(
                'CREATE TABLE partitions.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                growing.prefix || '_' || month_name, growing.full_name, to_date(month_name, 'YYYY_MM'),
                to_date(month_name, 'YYYY_MM') + interval '1 month'
            );
            PERFORM ledger.grant_part(format('partitions.%I', growing.prefix || '_' || month_name));
        END LOOP;
        EXECUTE format('INSERT INTO %s TABLE partitions.%I', growing.full_name, growing.name);
        EXECUTE format('DROP TABLE partitions.%I', growing.name);
        FOREACH statement IN ARRAY kept LOOP
            EXECUTE statement;
        END LOOP;
        EXECUTE format('ANALYZE %s', growing.full_name);
    END LOOP;
END
$$;

UPDATE ledger.records SET months = found.months
FROM (SELECT inviteid, array_agg(DISTINCT name ORDER BY name) FROM row_month GROUP BY inviteid) AS found (inviteid, months)
WHERE records.inviteid = found.inviteid;
