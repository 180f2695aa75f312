"""The contents of the database of the local stack: its tables, its people, and the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from chalicelib.admin import migrations, roles
from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.platform.postgres import connection
from chalicelib.settings import Settings
from infra.demonstration.webhooks.posts import Post
from infra.local import demonstration, interrupted_calls, sample_contacts, sample_users
from infra.local.demonstration import WantedCalls


def prepare(
    configured: Settings, dead_letters: str, wanted: WantedCalls, say: Callable[[str], None]
) -> Iterator[Post] | None:
    """Bring the database up to date, and fill it with the demonstration on the first start.

    Return the webhooks that follow on the month, if it was taken in and live calls are wanted.
    """
    migrations.migrate(configured.owner_database_url)
    roles.ensure_roles(configured)
    _make_partitions(configured)
    sample_contacts.register(configured.owner_database_url)
    sample_users.register(configured.owner_database_url)
    if demonstration.is_filled(configured):
        interrupted_calls.finish(configured, wanted.number)
        return None
    if not wanted.number:
        return None

    def progress(done: int, total: int) -> None:
        say(f"\rTaking in a month of webhooks: {done:,} of {total:,}" + "\n" * (done >= total))

    due = demonstration.fill(configured, dead_letters, wanted, progress)
    sample_users.occupy(configured.owner_database_url)
    return due if wanted.live else None


def _make_partitions(configured: Settings) -> None:
    """Do what the hourly maintenance does, which waits for its hour."""
    owner, now = connection(configured.owner_database_url), datetime.now(UTC).replace(tzinfo=None)
    partitions.prepare(owner, now)
    monthly_tables.prepare(owner, now)
