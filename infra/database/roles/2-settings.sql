-- Return the statements that set the settings of each role where the live roles differ.
-- The settings belong to the roles, because a SET in a session pins a connection of RDS Proxy.

WITH wanted (role, name, value) AS (
    VALUES
        ('ringledger_reader', 'default_transaction_read_only', 'on'),
        ('ringledger_reader', 'statement_timeout', current_setting('ringledger.statement_timeout') || 's'),
        ('ringledger_reader', 'lock_timeout', '2s'),
        ('ringledger_reader', 'idle_in_transaction_session_timeout', '10s'),
        ('ringledger_reader', 'client_connection_check_interval', '2s'),
        -- Names resolve only in pg_catalog, so that no other function can replace a built-in one.
        ('ringledger_reader', 'search_path', ''),
        ('ringledger_reader', 'work_mem', '16MB'),
        ('ringledger_reader', 'hash_mem_multiplier', '1'),
        ('ringledger_reader', 'max_parallel_workers_per_gather', '2'),
        ('ringledger_reader', 'jit', 'off'),
        -- The other settings define the format of values in an answer, and how the server reads a query.
        ('ringledger_reader', 'DateStyle', 'ISO, YMD'),
        ('ringledger_reader', 'TimeZone', 'UTC'),
        ('ringledger_reader', 'IntervalStyle', 'postgres'),
        ('ringledger_reader', 'bytea_output', 'hex'),
        ('ringledger_reader', 'extra_float_digits', '1'),
        ('ringledger_reader', 'standard_conforming_strings', 'on'),
        ('ringledger_reader', 'client_encoding', 'UTF8'),
        -- BI tools keep their connections, may take longer, and read the catalog to draw their menus.
        ('ringledger_bi', 'default_transaction_read_only', 'on'),
        ('ringledger_bi', 'statement_timeout', current_setting('ringledger.bi_statement_timeout') || 's'),
        ('ringledger_bi', 'lock_timeout', '2s'),
        ('ringledger_bi', 'idle_in_transaction_session_timeout', '60s'),
        ('ringledger_bi', 'client_connection_check_interval', '2s'),
        ('ringledger_bi', 'search_path', ''),
        ('ringledger_bi', 'work_mem', '16MB'),
        ('ringledger_bi', 'hash_mem_multiplier', '1'),
        ('ringledger_bi', 'max_parallel_workers_per_gather', '0'),
        ('ringledger_bi', 'jit', 'off'),
        ('ringledger_bi', 'TimeZone', 'UTC'),
        -- A search that takes longer is refused: the surface has half a minute.
        ('ringledger_operator', 'statement_timeout', '20s'),
        ('ringledger_operator', 'lock_timeout', '2s'),
        ('ringledger_operator', 'search_path', ''),
        ('ringledger_archiver', 'lock_timeout', '20s'),
        ('ringledger_archiver', 'search_path', ''),
        ('ringledger_gate', 'statement_timeout', '5s'),
        ('ringledger_gate', 'search_path', ''),
        -- A batch that waits longer is repeated from the queue.
        ('ringledger_writer', 'lock_timeout', '20s'),
        ('ringledger_writer', 'search_path', '')
    UNION ALL
    -- A little longer than the statement timeout, which should fire first. It needs PostgreSQL 17.
    SELECT 'ringledger_reader', 'transaction_timeout', (current_setting('ringledger.statement_timeout')::integer + 5) || 's'
    WHERE current_setting('server_version_num')::integer >= 170000
    UNION ALL
    SELECT 'ringledger_bi', 'transaction_timeout', (current_setting('ringledger.bi_statement_timeout')::integer + 5) || 's'
    WHERE current_setting('server_version_num')::integer >= 170000
),
live (role, entry) AS (
    SELECT rolname, unnest(setconfig)
    FROM pg_catalog.pg_db_role_setting JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole
    WHERE setdatabase = 0
)
SELECT format('ALTER ROLE %I SET %I TO %L', role, name, value)
FROM wanted
-- PostgreSQL keeps an empty search_path as a quoted empty name.
WHERE (role, name || '=' || CASE value WHEN '' THEN '""' ELSE value END) NOT IN (SELECT role, entry FROM live)
UNION ALL
-- A setting for one database would override these.
SELECT format('ALTER ROLE %I IN DATABASE %I RESET ALL', rolname, datname)
FROM pg_catalog.pg_db_role_setting
JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole
JOIN pg_catalog.pg_database ON pg_database.oid = setdatabase
WHERE datname = current_database() AND rolname IN (SELECT role FROM wanted)
