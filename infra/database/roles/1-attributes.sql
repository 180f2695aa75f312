-- Return the statements that set the attributes of the roles where the live roles differ.
-- Like the other files here it only reads; run the statements that it returns (in psql: \gexec). It needs the settings
-- ringledger.reader_connection_limit, ringledger.bi_connection_limit, ringledger.statement_timeout and
-- ringledger.bi_statement_timeout (seconds).

WITH wanted (role, connections) AS (
    VALUES
        ('ringledger_reader', current_setting('ringledger.reader_connection_limit')::integer),
        ('ringledger_bi', current_setting('ringledger.bi_connection_limit')::integer),
        ('ringledger_gate', -1),
        ('ringledger_operator', -1),
        ('ringledger_archiver', -1),
        ('ringledger_writer', -1)
),
live AS (
    SELECT * FROM wanted JOIN pg_catalog.pg_roles ON rolname = role
)
SELECT format(
    'CREATE ROLE %I LOGIN NOSUPERUSER NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %s',
    role, connections
)
FROM wanted WHERE role NOT IN (SELECT role FROM live)
UNION ALL
-- Each attribute only where it differs: a statement that names SUPERUSER or REPLICATION needs a superuser.
SELECT format('ALTER ROLE %I %s', role, attribute)
FROM live, LATERAL (
    VALUES
        (NOT rolcanlogin, 'LOGIN'),
        (rolsuper, 'NOSUPERUSER'),
        (rolinherit, 'NOINHERIT'),
        (rolcreatedb, 'NOCREATEDB'),
        (rolcreaterole, 'NOCREATEROLE'),
        (rolreplication, 'NOREPLICATION'),
        (rolbypassrls, 'NOBYPASSRLS'),
        (rolconnlimit <> connections, format('CONNECTION LIMIT %s', connections))
) AS check_of (wrong, attribute)
WHERE wrong
UNION ALL
-- NOINHERIT alone does not stop SET ROLE.
SELECT format('REVOKE %I FROM %I', of_role.rolname, live.role)
FROM live
JOIN pg_catalog.pg_auth_members ON member = live.oid
JOIN pg_catalog.pg_roles AS of_role ON of_role.oid = roleid
