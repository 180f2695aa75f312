-- Return the GRANT and REVOKE statements that change the live privileges to the listed ones. A new table of schema
-- ledger has no privileges until it is listed here. The reader and the writer get a new documented table at once.

WITH documented (schema) AS (
    VALUES
        ('alertcallevents'), ('calls'), ('ivrhuntq'), ('ivrhuntqevents'), ('products'), ('providerevents'),
        ('scriptevents'), ('selectorevents'), ('sipuserevents'), ('sipusers'), ('userevents')
),
documented_tables (name) AS (
    -- No views: a view reads with its owner's rights.
    SELECT format('%I.%I', nspname, relname)
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname IN (SELECT schema FROM documented) AND relkind IN ('r', 'p')
),
-- Ringledger's own views, which show what their owner lets readers see.
metrics (name) AS (
    SELECT format('%I.%I', nspname, relname)
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'metrics' AND relkind IN ('r', 'p', 'v', 'm')
),
roles (role) AS (
    VALUES
        ('ringledger_reader'), ('ringledger_bi'), ('ringledger_gate'), ('ringledger_writer'), ('ringledger_operator'),
        ('ringledger_archiver')
),
-- The statistics channel, and BI tools that connect to PostgreSQL themselves
readers (role) AS (
    VALUES ('ringledger_reader'), ('ringledger_bi')
),
-- The writer finds a call's rows in the partitions of their months. Everyone else reads tables as wholes.
parts (name) AS (
    SELECT format('%I.%I', nspname, relname)
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'partitions' AND relkind = 'r'
),
functions (name) AS (
    SELECT format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
    FROM pg_catalog.pg_proc JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
    WHERE (nspname, proname) IN (
        ('ledger', 'contact_of'), ('ledger', 'record_of'), ('ledger', 'add_phonecall_record'), ('ledger', 'create_phonecall'),
        ('ledger', 'is_same_number'), ('ledger', 'is_same_caller')
    )
),
metric_functions (name) AS (
    SELECT format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
    FROM pg_catalog.pg_proc JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = 'metrics'
),
wanted (role, privilege, kind, object) AS (
    SELECT role, 'CONNECT', 'DATABASE', format('%I', current_database())
    FROM roles
    UNION ALL
    SELECT role, 'USAGE', 'SCHEMA', schema FROM documented, readers
    UNION ALL
    SELECT role, 'SELECT', 'TABLE', name FROM documented_tables, readers
    UNION ALL
    SELECT role, 'USAGE', 'SCHEMA', 'metrics' FROM readers
    UNION ALL
    SELECT role, 'SELECT', 'TABLE', name FROM metrics, readers
    UNION ALL
    -- The counters of changes, which give the reader's answers their ETags
    SELECT 'ringledger_reader', 'SELECT', 'SEQUENCE', format('%I.%I', nspname, relname)
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'S' AND nspname = 'ledger' AND relname LIKE 'changes\_of\_%'
    UNION ALL
    SELECT role, 'EXECUTE', 'ROUTINE', name FROM metric_functions, readers
    UNION ALL
    SELECT 'ringledger_writer', 'EXECUTE', 'ROUTINE', name FROM functions
    UNION ALL
    SELECT 'ringledger_writer', 'USAGE', 'SCHEMA', schema FROM documented
    UNION ALL
    SELECT 'ringledger_writer', privilege, 'TABLE', name
    FROM documented_tables, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS rights (privilege)
    UNION ALL
    SELECT 'ringledger_writer', privilege, 'TABLE', name
    FROM parts, (VALUES ('SELECT'), ('DELETE')) AS rights (privilege)
    UNION ALL
    -- Operators look at what is stored, and order jobs, which the owner's Lambda does.
    SELECT 'ringledger_operator', 'USAGE', 'SCHEMA', schema FROM documented
    UNION ALL
    SELECT 'ringledger_operator', 'SELECT', 'TABLE', name FROM documented_tables
    UNION ALL
    SELECT 'ringledger_operator', 'SELECT', 'TABLE', 'ledger.' || name
    FROM (
        VALUES
            ('call_orders'), ('calls'), ('contact_numbers'), ('contacts'), ('events'), ('extensions'), ('faxes'),
            ('migrations'), ('phonecall_deletions'), ('phonecalls'), ('quarantine'), ('recordings'), ('records'),
            ('rejected_phonecalls'), ('replication'), ('replication_corrections'), ('replication_cursors'),
            ('replication_runs'), ('retirements'), ('users')
    ) AS looked_at (name)
    UNION ALL
    -- The archive reads the tables whose months retire. Restoring grants it more on tables that are not attached yet.
    SELECT 'ringledger_archiver', 'USAGE', 'SCHEMA', schema
    FROM (VALUES ('calls'), ('ivrhuntq'), ('ivrhuntqevents'), ('ledger'), ('partitions')) AS archived (schema)
    UNION ALL
    SELECT 'ringledger_archiver', 'SELECT', 'TABLE', name FROM documented_tables
    WHERE name ~ '^(calls|ivrhuntq|ivrhuntqevents)\.'
    UNION ALL
    SELECT 'ringledger_archiver', 'SELECT', 'TABLE', 'ledger.' || name
    FROM (VALUES ('events'), ('partitioned_tables'), ('retirements')) AS archived (name)
    UNION ALL
    SELECT 'ringledger_archiver', 'EXECUTE', 'ROUTINE', 'ledger.parts_of(kind text, month text)'
    UNION ALL
    SELECT 'ringledger_archiver', 'UPDATE' || format(' (%s)', name), 'TABLE', 'ledger.retirements'
    FROM (VALUES ('state'), ('changed'), ('manifest'), ('archived_at')) AS noted (name)
    UNION ALL
    SELECT 'ringledger_operator', 'SELECT' || format(' (%s)', name), 'TABLE', 'ledger.tokens'
    FROM (VALUES ('name'), ('scopes'), ('scripts'), ('networks'), ('created_at'), ('last_used_at'), ('revoked_at')) AS shown (name)
    UNION ALL
    -- The address of a subscription has the extension's key.
    SELECT 'ringledger_operator', 'SELECT' || format(' (%s)', name), 'TABLE', 'ledger.subscriptions'
    FROM (VALUES ('extension'), ('event')) AS shown (name)
    UNION ALL
    VALUES
        ('ringledger_operator', 'USAGE', 'SCHEMA', 'ledger'),
        ('ringledger_operator', 'SELECT', 'TABLE', 'ledger.jobs'),
        ('ringledger_operator', 'INSERT', 'TABLE', 'ledger.jobs'),
        ('ringledger_writer', 'USAGE', 'SCHEMA', 'partitions'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.months'),
        ('ringledger_writer', 'USAGE', 'SCHEMA', 'ledger'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.extensions'),
        ('ringledger_writer', 'UPDATE (mistyped_at)', 'TABLE', 'ledger.extensions'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.events'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.events'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.calls'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.calls'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.calls'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.call_parts'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.call_parts'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.call_parts'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.call_parts'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.records'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.records'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.records'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.presence'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.presence'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.presence'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.phone_talks'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.phone_talks'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.phone_talks'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.native_rows'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.native_rows'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.quarantine'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.quarantine'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.suspects'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.suspects'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.suspects'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.suspects'),
        -- The phone-call service
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.phonecalls'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.phonecalls'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.phonecalls'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.phonecalls'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.phonecall_deletions'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.phonecall_deletions'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.rejected_phonecalls'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.rejected_phonecalls'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.rejected_phonecalls'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.rejected_phonecalls'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.records'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.contact_numbers'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.contact_numbers'),
        ('ringledger_writer', 'SELECT (id)', 'TABLE', 'ledger.contacts'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.contacts'),
        ('ringledger_writer', 'USAGE', 'SEQUENCE', 'ledger.contacts_id_seq'),
        -- Recordings: the recorder fetches files, the gate reads their paths.
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.recordings'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.recordings'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.recordings'),
        ('ringledger_gate', 'USAGE', 'SCHEMA', 'calls'),
        ('ringledger_gate', 'SELECT (inviteid)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (invitedt)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (invitedt)', 'TABLE', 'calls.cancelled'),
        ('ringledger_gate', 'SELECT (invitedt)', 'TABLE', 'calls.failed'),
        ('ringledger_gate', 'SELECT (duration)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (isrec)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (callrecpath)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (callstoragecode)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (callrecdel_dt)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (recexpirets)', 'TABLE', 'calls.success'),
        ('ringledger_gate', 'SELECT (inviteid)', 'TABLE', 'calls.cancelled'),
        ('ringledger_gate', 'SELECT (inviteid)', 'TABLE', 'calls.failed'),
        ('ringledger_gate', 'SELECT (inviteid)', 'TABLE', 'ledger.records'),
        ('ringledger_gate', 'SELECT (successor)', 'TABLE', 'ledger.records'),
        ('ringledger_gate', 'SELECT (months)', 'TABLE', 'ledger.records'),
        ('ringledger_gate', 'SELECT (inviteid)', 'TABLE', 'ledger.recordings'),
        ('ringledger_gate', 'SELECT (state)', 'TABLE', 'ledger.recordings'),
        ('ringledger_gate', 'SELECT (reason)', 'TABLE', 'ledger.recordings'),
        ('ringledger_gate', 'SELECT (links_revoked_at)', 'TABLE', 'ledger.recordings'),
        -- Replication
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.replication'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.replication'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.replication'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.replication_runs'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.replication_runs'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.replication_runs'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.replication_cursors'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.replication_cursors'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.replication_cursors'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.replication_corrections'),
        -- Oktell's interface
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'UPDATE (on_call_center)', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'UPDATE (on_redirect)', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'UPDATE (on_lunch)', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'UPDATE (lunch_reason_id)', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'UPDATE (lunch_reason_message)', 'TABLE', 'ledger.users'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.started_calls'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.started_calls'),
        ('ringledger_writer', 'UPDATE (stopped_at)', 'TABLE', 'ledger.started_calls'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.faxes'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.call_orders'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.call_orders'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.call_orders'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.call_orders'),
        ('ringledger_writer', 'UPDATE (call_id)', 'TABLE', 'ledger.started_calls'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.state_orders'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.state_orders'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.state_orders'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.state_orders'),
        ('ringledger_writer', 'SELECT', 'TABLE', 'ledger.script_runs'),
        ('ringledger_writer', 'INSERT', 'TABLE', 'ledger.script_runs'),
        ('ringledger_writer', 'UPDATE', 'TABLE', 'ledger.script_runs'),
        ('ringledger_writer', 'DELETE', 'TABLE', 'ledger.script_runs'),
        ('ringledger_gate', 'USAGE', 'SCHEMA', 'ledger'),
        ('ringledger_gate', 'SELECT (id)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (name)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (digest)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (scopes)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (scripts)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (networks)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT', 'TABLE', 'ledger.token_guesses'),
        ('ringledger_gate', 'INSERT', 'TABLE', 'ledger.token_guesses'),
        ('ringledger_gate', 'UPDATE', 'TABLE', 'ledger.token_guesses'),
        ('ringledger_gate', 'DELETE', 'TABLE', 'ledger.token_guesses'),
        ('ringledger_gate', 'SELECT (revoked_at)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'SELECT (last_used_at)', 'TABLE', 'ledger.tokens'),
        ('ringledger_gate', 'UPDATE (last_used_at)', 'TABLE', 'ledger.tokens'),
        -- Saved reports: the reader could not write them
        ('ringledger_gate', 'SELECT', 'TABLE', 'ledger.reports'),
        ('ringledger_gate', 'INSERT', 'TABLE', 'ledger.reports'),
        ('ringledger_gate', 'UPDATE', 'TABLE', 'ledger.reports'),
        ('ringledger_gate', 'DELETE', 'TABLE', 'ledger.reports')
),
lists (kind, object, schema, part, acl) AS (
    SELECT 'DATABASE', format('%I', datname), '', '', coalesce(datacl, acldefault('d', datdba))
    FROM pg_catalog.pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA', format('%I', nspname), nspname, '', nspacl FROM pg_catalog.pg_namespace
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', nspname, relname), nspname, '', relacl
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    UNION ALL
    SELECT 'TABLE', format('%I.%I', nspname, relname), nspname, format(' (%I)', attname), attacl
    FROM pg_catalog.pg_attribute
    JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE NOT attisdropped
    UNION ALL
    SELECT 'ROUTINE', format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid)), nspname, '',
        coalesce(proacl, acldefault('f', proowner))
    FROM pg_catalog.pg_proc JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
),
live (role, privilege, kind, object) AS (
    -- Privileges of Ringledger's roles count everywhere, those of PUBLIC only on Ringledger's own objects.
    SELECT coalesce(rolname, 'public'), privilege_type || part, kind, object
    FROM lists CROSS JOIN LATERAL aclexplode(acl) LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = grantee
    WHERE rolname IN (SELECT role FROM roles)
        OR grantee = 0 AND (kind = 'DATABASE' OR schema IN ('ledger', 'metrics', 'partitions') OR schema IN (SELECT schema FROM documented))
        OR grantee = 0 AND kind = 'SCHEMA' AND schema = 'public'
),
steps (step, verb, preposition, role, privilege, kind, object) AS (
    SELECT 1, 'GRANT', 'TO', missing.* FROM (SELECT * FROM wanted EXCEPT SELECT * FROM live) AS missing
    UNION ALL
    SELECT 2, 'REVOKE', 'FROM', extra.* FROM (SELECT * FROM live EXCEPT SELECT * FROM wanted) AS extra
),
-- One statement for all objects with the same change for a role.
by_object AS (
    SELECT step, verb, preposition, role, kind, object, string_agg(privilege, ', ' ORDER BY privilege) AS privileges
    FROM steps GROUP BY step, verb, preposition, role, kind, object
),
statements (step, statement) AS (
    SELECT step, format(
        '%s %s ON %s %s %s %s',
        verb, privileges, kind, string_agg(object, ', ' ORDER BY object), preposition,
        CASE role WHEN 'public' THEN 'PUBLIC' ELSE role END
    )
    FROM by_object GROUP BY step, verb, preposition, role, kind, privileges
    UNION ALL
    -- PostgreSQL lets every role run a new function. Here only the owner may run the owner's functions.
    SELECT 3, 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC'
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_default_acl
        WHERE defaclrole = current_user::regrole AND defaclnamespace = 0 AND defaclobjtype = 'f'
            AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0)
    )
)
SELECT statement FROM statements ORDER BY step, statement
