"""Change the database's roles to the state in infra/database/roles, and report what only an administrator can do.

Each file there reads the live catalog and returns the missing statements. So a second run has nothing to do, and the
catalog itself shows whether a statement worked: for a REVOKE without the right to do it, PostgreSQL only warns.
"""

from __future__ import annotations

import re

from chalicelib.admin.database import SQL, owner_session, text_of
from chalicelib.errors import Misconfigured
from chalicelib.platform.addresses import Credentials, credentials
from chalicelib.platform.postgres import Connection, DatabaseError
from chalicelib.settings import Settings

READER = "ringledger_reader"
GATE = "ringledger_gate"
WRITER = "ringledger_writer"
BI = "ringledger_bi"
OPERATOR = "ringledger_operator"
ARCHIVER = "ringledger_archiver"

#: The statements of this file need a superuser, which a managed server gives to no customer.
ADMINISTRATOR = "4-administrator"
#: The roles by which the managed servers of AWS, Google and Azure are known.
MANAGED = ["rds_superuser", "cloudsqlsuperuser", "azure_pg_admin"]
_IS_MANAGED = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ANY (%s))"
_SETTING = re.compile(r"ALTER ROLE \w+ SET (\w+) TO '(\w+)'")

# Roles belong to the whole cluster, so a run on another database may interfere for a short time.
PASSES = 3


def ensure_roles(settings: Settings) -> list[str]:
    """Create and correct the roles as the user of DATABASE_URL. Return a line for each change, done or not possible.

    Raise Misconfigured when a role's address names another role, Unavailable when the database is away.
    """
    logins = _logins(settings)
    with owner_session(settings.owner_database_url) as owner:
        owner.execute(
            "SELECT pg_catalog.set_config('ringledger.reader_connection_limit', %s, false),"
            " pg_catalog.set_config('ringledger.statement_timeout', %s, false),"
            " pg_catalog.set_config('ringledger.bi_connection_limit', %s, false),"
            " pg_catalog.set_config('ringledger.bi_statement_timeout', %s, false)",
            [
                str(settings.reader_connection_limit),
                str(settings.statement_timeout),
                str(settings.bi_connection_limit),
                str(settings.bi_statement_timeout),
            ],
        )
        lines: list[str] = []
        for path in sorted((SQL / "roles").glob("*.sql")):
            done, missing = _converge(owner, text_of(path))
            lines += done
            if path.stem == ADMINISTRATOR and owner.execute(_IS_MANAGED, [MANAGED])[0][0]:
                lines += _left_to_the_guard(list(missing))
            else:
                lines += [_not_done(statement, refusal) for statement, refusal in missing.items()]
        return lines + [_set_password(owner, login) for login in logins]


def _logins(settings: Settings) -> list[Credentials]:
    """Return the credentials of the roles whose addresses contain a password."""
    addresses = {
        READER: ("READER_DATABASE_URL", settings.reader_database_url),
        GATE: ("GATE_DATABASE_URL", settings.gate_database_url),
        WRITER: ("WRITER_DATABASE_URL", settings.writer_database_url),
        BI: ("BI_DATABASE_URL", settings.bi_database_url),
        OPERATOR: ("OPERATOR_DATABASE_URL", settings.operator_database_url),
        ARCHIVER: ("ARCHIVER_DATABASE_URL", settings.archiver_database_url),
    }
    logins = []
    for role, (variable, url) in addresses.items():
        login = credentials(url) if url else None
        if login and login.user != role:
            raise Misconfigured(f"{variable} must log in as {role}")
        if login and login.password:
            logins.append(login)
    return logins


def _converge(owner: Connection, plan: str) -> tuple[list[str], dict[str, str]]:
    """Run the statements that `plan` returns until none is left, or only those that this owner may not run.

    Return a line for each that was done, and those that were not with PostgreSQL's reason.
    """
    done: list[str] = []
    refusals: dict[str, str] = {}
    missing = _statements(owner, plan)
    for _ in range(PASSES):
        refusals = {statement: refusal for statement in missing if (refusal := _refusal(owner, statement))}
        done += missing
        missing = _statements(owner, plan)
        if not missing:
            break
    lines = [f"done: {statement}" for statement in dict.fromkeys(done) if statement not in missing]
    return lines, {statement: refusals.get(statement, "") for statement in missing}


def _left_to_the_guard(statements: list[str]) -> list[str]:
    """Return the lines about statements of an administrator on a server where none can run them."""
    settings = [f"{match[1]} = {match[2]}" for match in map(_SETTING.match, statements) if match]
    lines = []
    if settings:
        lines.append(f"optional: set {' and '.join(settings)} in the server's parameter group")
    if len(statements) > len(settings):
        lines.append(
            "expected on a managed server: the reader keeps rights on built-in functions such as pg_sleep, as no role"
            " can revoke them here; the guard refuses all of them"
        )
    return lines


def _statements(owner: Connection, plan: str) -> list[str]:
    return [statement for (statement,) in owner.execute(plan)]


def _refusal(owner: Connection, statement: str) -> str:
    try:
        owner.execute(statement)
    except DatabaseError as error:
        return error.primary
    return ""


def _set_password(owner: Connection, login: Credentials) -> str:
    # No plan can check the stored password: only a superuser may read it.
    statement = f"ALTER ROLE {login.user} PASSWORD"
    try:
        owner.execute(f"{statement} %s", [owner.password_verifier(login)])
    except DatabaseError as error:
        return _not_done(f"{statement} '…'", error.primary)
    return f"done: {statement} '…'"


def _not_done(statement: str, refusal: str) -> str:
    reason = refusal or "PostgreSQL only warned and changed nothing"
    return f"not done ({reason}); let an administrator run: {statement};"
