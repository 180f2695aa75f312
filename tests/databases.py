"""Databases for tests, on a server of their own, since roles belong to a whole server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import psycopg2.errors
import pytest

from chalicelib.admin.migrations import migrate
from chalicelib.admin.roles import ensure_roles
from chalicelib.settings import Settings
from infra.local.embedded_postgres import Postgres
from infra.local.gateway import bound

PASSWORDS = {
    "reader": "reader's-password",
    "gate": "gate's-password",
    "writer": "writer's-password",
    "bi": "bi's-password",
    "operator": "operator's-password",
    "archiver": "archiver's-password",
}

_numbers = itertools.count(1)


#: What a test may do to the roles, which belong to the whole server.
_ROLES = """
SELECT array(SELECT r::text FROM pg_authid r ORDER BY oid), array(SELECT m::text FROM pg_auth_members m ORDER BY oid),
       array(SELECT p::text FROM pg_parameter_acl p ORDER BY oid),
       array(SELECT s::text FROM pg_db_role_setting s ORDER BY setdatabase, setrole)
"""
#: CREATE DATABASE copies no rights on the database itself.
_COPY_RIGHTS = """
UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database WHERE datname = %s) WHERE datname = %s
"""


class Server:
    """A PostgreSQL server with a superuser, and the roles that a test creates."""

    def __init__(self, url: str) -> None:
        """Use the server at the superuser's URL."""
        self.url = url
        self._template = ""
        self._roles: list[tuple[object, ...]] = []

    def migrated_database(self) -> str:
        """Create a database with every migration and role, and return its owner's URL.

        It is a copy: migrations and roles take two seconds. Roles are corrected when a test has changed them.
        """
        if not self._template:
            self._template = self.new_database()
            migrate(self._template)
        template = urlsplit(self._template).path[1:]
        if self._roles != run(self.url, _ROLES):
            ensure_roles(settings_of(self._template))
            self._roles = run(self.url, _ROLES)
        url = self.new_database(template=template)
        run(self.url, _COPY_RIGHTS, [template, urlsplit(url).path[1:]])
        return url

    def new_database(self, owner: str = "", *, template: str = "template1") -> str:
        """Create an empty database and return its owner's URL; `owner` is a role without superuser's rights."""
        name = f"fresh_{next(_numbers)}"
        run(self.url, f"CREATE DATABASE {name} TEMPLATE {template}")
        if not owner:
            return urlsplit(self.url)._replace(path=f"/{name}").geturl()
        run(self.url, f"ALTER DATABASE {name} OWNER TO {owner}")
        return address(urlsplit(self.url)._replace(path=f"/{name}").geturl(), owner, owner)


def address(url: str, user: str, password: str) -> str:
    """Return the URL of the same database for another user."""
    place = urlsplit(url).netloc.rpartition("@")[2]
    return urlsplit(url)._replace(netloc=f"{user}:{password.replace(chr(39), '%27')}@{place}").geturl()


def settings_of(url: str) -> Settings:
    """Return settings of a bundle on the database of this owner's URL."""
    reader, gate, writer, bi, operator, archiver = (
        address(url, f"ringledger_{role}", word) for role, word in PASSWORDS.items()
    )
    return Settings(
        owner_database_url=url,
        reader_database_url=reader,
        gate_database_url=gate,
        writer_database_url=writer,
        bi_database_url=bi,
        operator_database_url=operator,
        archiver_database_url=archiver,
    )


def run(url: str, statement: str, parameters: list[object] | None = None) -> list[tuple[object, ...]]:
    """Run one statement on a connection of its own and return its rows."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


def refusal(url: str, statement: str) -> str:
    """Return the SQLSTATE with which a statement is refused, or an empty text when it succeeds."""
    try:
        run(url, statement)
    except psycopg2.Error as error:
        return error.pgcode or "refused"
    return ""


def migrated(server: Server) -> Settings:
    """Return settings of a bundle on a new database with every migration and role."""
    return settings_of(server.migrated_database())


def start_server(folder: Path) -> Iterator[Server]:
    """Run a new server in `folder` for as long as the iterator lives."""
    with closing(bound("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = Postgres(folder, "superuser")
    try:
        yield Server(server.start(port))
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server, which has Ringledger's roles after the first `database`."""
    yield from start_server(tmp_path_factory.mktemp("server"))


@pytest.fixture
def empty_database(server: Server) -> str:
    """Return the owner's URL of a new database."""
    return server.new_database()


@pytest.fixture(scope="module")
def database(server: Server) -> Settings:
    """Return a migrated database with its roles, shared by the tests of a module."""
    return migrated(server)
