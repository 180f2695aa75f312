"""Apply the SQL files of infra/database/migrations in order, each once and in its own transaction."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from chalicelib.admin.database import SQL, owner_session, text_of
from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, DatabaseError


class MigrationFailed(RingledgerError):
    """A migration could not be applied."""

    code = "migration-failed"


class Migration(NamedTuple):
    """One SQL file: its name without the suffix, and its text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Return a digest that changes with the file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def files(folder: Path) -> list[Migration]:
    """Return the migrations of `folder` in their order."""
    return [Migration(path.stem, text_of(path)) for path in sorted(folder.glob("*.sql"))]


def migrate(database_url: str, folder: Path = SQL / "migrations") -> list[str]:
    """Apply the new migrations of `folder` to the database of `database_url` and return their names.

    Parallel runs wait for each other. Raise MigrationFailed when PostgreSQL refuses a file, and when a file that was
    applied earlier has changed or is missing.
    """
    with owner_session(database_url) as owner:
        owner.execute(text_of(SQL / "bookkeeping.sql"))
        return [_apply(owner, migration) for migration in _pending(owner, files(folder))]


def _pending(owner: Connection, migrations: list[Migration]) -> list[Migration]:
    applied: dict[str, str] = dict(owner.execute("SELECT name, checksum FROM ledger.migrations"))
    by_name = {migration.name: migration for migration in migrations}
    for name, checksum in applied.items():
        if name not in by_name:
            raise MigrationFailed(f"{name} was applied to this database, but its file is missing")
        if by_name[name].checksum != checksum:
            raise MigrationFailed(f"{name} was changed after it was applied: restore the file, add a new migration")
    return [migration for migration in migrations if migration.name not in applied]


def _apply(owner: Connection, migration: Migration) -> str:
    try:
        with owner.transaction():
            owner.execute(migration.sql)
            owner.execute(
                "INSERT INTO ledger.migrations (name, checksum) VALUES (%s, %s)", [migration.name, migration.checksum]
            )
    except DatabaseError as error:
        raise MigrationFailed(f"{migration.name}: {error.primary} (SQLSTATE {error.sqlstate})") from None
    return migration.name
