"""Applies the SQL files of infra/database/migrations in order, each once and in a transaction of its own."""

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
        """Changes when the file does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def files(folder: Path) -> list[Migration]:
    """The migrations of `folder` in the order in which they apply."""
    return [Migration(path.stem, text_of(path)) for path in sorted(folder.glob("*.sql"))]


def migrate(database_url: str, folder: Path = SQL / "migrations") -> list[str]:
    """Apply what is new in `folder` to the database of its owner's `database_url`; returns the names applied.

    Runners wait for each other. Raises MigrationFailed when PostgreSQL refuses a file, and when a file
    that was applied earlier has changed since or is gone.
    """
    with owner_session(database_url) as owner:
        owner.execute(text_of(SQL / "bookkeeping.sql"))
        return [_apply(owner, migration) for migration in _pending(owner, files(folder))]


def _pending(owner: Connection, known: list[Migration]) -> list[Migration]:
    applied: dict[str, str] = dict(owner.execute("SELECT name, checksum FROM ledger.migrations"))
    by_name = {migration.name: migration for migration in known}
    for name, checksum in applied.items():
        if name not in by_name:
            raise MigrationFailed(f"{name} was applied to this database, but its file is missing")
        if by_name[name].checksum != checksum:
            raise MigrationFailed(f"{name} was changed after it was applied: restore the file, add a new migration")
    return [migration for migration in known if migration.name not in applied]


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
