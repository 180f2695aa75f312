"""The connection that runs queries. It refuses a role that may do more than read the documented tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.catalog import READABLE
from chalicelib.errors import RingledgerError
from chalicelib.platform import configuration, postgres
from chalicelib.statistics.allowlist import CALLABLE_NAMES, ServerNames

#: Seconds. API Gateway gives up after 29, and the answer still has to be delivered.
LONGEST_STATEMENT = 25

# One round trip: the faults of the role, every name that this server would call for `value.name`, the collations that
# work (a server without ICU lists one of ICU all the same), the counters of changes, and the database.
_EXAMINE = """
with me as (select * from pg_catalog.pg_roles where rolname = current_user),
     spaces as (select oid, nspname from pg_catalog.pg_namespace
                 where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'),
     tables as (select c.oid, s.nspname || '.' || c.relname as name
                  from pg_catalog.pg_class c join spaces s on s.oid = c.relnamespace
                 where c.relkind in ('r', 'v', 'm', 'f', 'p')),
     checks (fault, holds) as (values
       ('it is a superuser', (select rolsuper from me)),
       ('it bypasses row security', (select rolbypassrls from me)),
       ('it may create roles or databases', (select rolcreaterole or rolcreatedb from me)),
       ('it may replicate', (select rolreplication from me)),
       ('it is a member of other roles', exists (
          select 1 from pg_catalog.pg_auth_members where member = (select oid from me))),
       ('it can become another role', session_user <> current_user),
       ('its transactions can write', pg_catalog.current_setting('transaction_read_only') <> 'on'),
       ('its search_path is not empty', pg_catalog.current_setting('search_path') not in ('', '""')),
       ('its statement_timeout is absent or too long', (
          select setting::int not between 1 and %s * 1000
            from pg_catalog.pg_settings where name = 'statement_timeout')),
       ('its lock_timeout is absent', pg_catalog.current_setting('lock_timeout') = '0'),
       ('its idle_in_transaction_session_timeout is absent',
          pg_catalog.current_setting('idle_in_transaction_session_timeout') = '0'),
       ('standard_conforming_strings is off', pg_catalog.current_setting('standard_conforming_strings') <> 'on'),
       ('client_encoding is not UTF8', pg_catalog.current_setting('client_encoding') <> 'UTF8'),
       ('its time zone is not UTC', pg_catalog.current_setting('TimeZone') <> 'UTC'),
       ('it may create schemas or temporary tables', pg_catalog.has_database_privilege(
          pg_catalog.current_database(), 'CREATE, TEMP')),
       ('it may create objects in a schema', exists (
          select 1 from spaces where pg_catalog.has_schema_privilege(oid, 'CREATE'))),
       ('it may read tables that are not documented', exists (
          select 1 from tables where name <> all (%s) and pg_catalog.has_any_column_privilege(oid, 'SELECT'))),
       ('it may write', exists (
          select 1 from tables
           where pg_catalog.has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
              or pg_catalog.has_any_column_privilege(oid, 'INSERT, UPDATE, REFERENCES'))),
       -- Where set_config cannot be revoked, it still changes no limit that only an administrator sets. What it does
       -- to other settings ends with the transaction of the query, which is rolled back.
       ('it may change the settings of administrators', exists (
          select 1 from pg_catalog.pg_settings where context in ('superuser', 'superuser-backend')
             and pg_catalog.has_parameter_privilege(name, 'SET, ALTER SYSTEM'))),
       ('it may call functions outside of pg_catalog', exists (
          select 1 from pg_catalog.pg_proc p join spaces s on s.oid = p.pronamespace
           where (s.nspname <> 'metrics' or p.prosecdef) and pg_catalog.has_schema_privilege(s.oid, 'USAGE')
             and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')))
     )
select array(select fault from checks where holds is not false),
       array(select proname from pg_catalog.pg_proc
              where pronamespace = 'pg_catalog'::pg_catalog.regnamespace
                and pronargs - pronargdefaults <= 1 and (pronargs >= 1 or provariadic <> 0)
              union
             select typname from pg_catalog.pg_type where typnamespace = 'pg_catalog'::pg_catalog.regnamespace)::text[],
       array(select collname from pg_catalog.pg_collation
              where collnamespace = 'pg_catalog'::pg_catalog.regnamespace
                and collencoding in (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding()))
                and (collprovider <> 'i' or has_icu))::text[],
       array(select pg_catalog.concat_ws(' ', t.name, t.oid, c.oid)
               from tables t
               join pg_catalog.pg_class c on c.relname = 'changes_of_' || pg_catalog.replace(t.name, '.', '_')
               join pg_catalog.pg_namespace s on s.oid = c.relnamespace and s.nspname = 'ledger'
              where case c.relkind when 'S' then pg_catalog.has_sequence_privilege(c.oid, 'SELECT') end),
       (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
  from (select count(*) > 1 as has_icu from pg_catalog.pg_collation where collprovider = 'i') icu
"""
_DOCUMENTED = [f"{schema}.{table}" for schema, tables in READABLE.items() for table in tables]


class UnsafeRole(RingledgerError):
    """The statistics channel is off: its database role may do more than it should; the log has the details."""

    code = "unsafe-role"
    status = 503


class Counter(NamedTuple):
    """The OIDs of a documented table and of the sequence that counts its changes."""

    table: int
    sequence: int


class Examined(NamedTuple):
    """The findings of an examination: names that depend on the server, counters of changes by table, the database."""

    server: ServerNames
    counters: Mapping[str, Counter]
    database: int


def examine(connection: postgres.Connection) -> Examined:
    """Check that the role of `connection` can only read, and look up what depends on its server.

    Raise UnsafeRole with every fault.
    """
    faults, names, collations, counters, database = connection.execute(_EXAMINE, (LONGEST_STATEMENT, _DOCUMENTED))[0]
    if faults:
        raise UnsafeRole(details="; ".join(faults))
    # Usually the same object, so that the guard's cache need not compare all names.
    callable_names = CALLABLE_NAMES if CALLABLE_NAMES.issuperset(names) else CALLABLE_NAMES.union(names)
    by_table = {table: Counter(*map(int, oids)) for table, *oids in map(str.split, counters)}
    return Examined(ServerNames(callable_names, frozenset(collations)), by_table, database)


def reader() -> tuple[postgres.Connection, Examined]:
    """Return this thread's open and examined connection, and the result of `examine` for it.

    Raise Unavailable or UnsafeRole.
    """
    connection = postgres.connection(configuration.current().reader_database_url, examine)
    connection.open()
    return connection, connection.verified
