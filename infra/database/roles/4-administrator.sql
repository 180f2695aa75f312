-- Return the statements that need a superuser: a limit on the reader's temporary files, no server log of its failing
-- queries (their errors quote values), and no right to call built-in functions that act, wait or run SQL text even in a
-- read-only transaction. The guard already refuses these functions; this is the second wall. Afterwards only superusers
-- and the owner can call them in this database (pg_dump needs set_config).

WITH families (pattern) AS (
    VALUES
        ('lo_.*|loread|lowrite'),
        ('pg_(try_)?advisory_.*'),
        ('pg_notify|pg_logical_emit_message'),
        ('txid_current|pg_current_xact_id'),
        ('pg_export_snapshot'),
        ('pg_sleep.*'),
        ('(query|cursor|table|schema|database)_to_xml.*'),
        ('ts_stat|ts_rewrite'),
        ('pg_terminate_backend|pg_cancel_backend'),
        ('set_config')
),
open_to_all (pattern, functions) AS (
    SELECT pattern, string_agg(
        format('pg_catalog.%I(%s)', proname, pg_get_function_identity_arguments(pg_proc.oid)), ', ' ORDER BY proname, pg_proc.oid
    )
    FROM families
    JOIN pg_catalog.pg_proc ON proname ~ ('^(' || pattern || ')$')
    CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner)))
    WHERE pronamespace = 'pg_catalog'::regnamespace AND grantee = 0
    GROUP BY pattern
)
SELECT format('ALTER ROLE %I SET %I TO %L', role, name, value)
FROM (
    VALUES
        ('ringledger_reader', 'temp_file_limit', '1GB'), ('ringledger_reader', 'log_min_messages', 'fatal'),
        ('ringledger_bi', 'temp_file_limit', '1GB')
) AS wanted (role, name, value)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_db_role_setting JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole
    WHERE setdatabase = 0 AND rolname = role AND name || '=' || value = ANY (setconfig)
)
UNION ALL
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', functions, current_user)
FROM open_to_all
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper)
UNION ALL
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', functions)
FROM open_to_all
