"""The registry of extensions: who may post webhooks, and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib import providers
from chalicelib.calls.events import Source
from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, Row, connection
from chalicelib.registry import revocations

TYPES = ("phone", "ivr", "queue")
LONGEST = 128

_COLUMNS = """
id, provider, client, name, type, owner, coalesce((settings ->> 'external_only')::boolean, false),
coalesce(settings ->> 'remote_id', ''), coalesce(settings ->> 'agent_id', ''), created_at, revoked_at
"""

_BY_IDS = """
SELECT id, provider, client, name, type, owner, coalesce((settings ->> 'external_only')::boolean, false),
    revoked_at AT TIME ZONE 'UTC'
FROM ledger.extensions WHERE id = ANY (%s::bigint[])
"""

_ADD = f"""
INSERT INTO ledger.extensions (provider, client, name, type, owner, settings) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (provider, client, name) WHERE revoked_at IS NULL DO NOTHING RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant of this module

_PUT = f"""
INSERT INTO ledger.extensions (provider, client, name, type, owner, settings) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (provider, client, name) WHERE revoked_at IS NULL
DO UPDATE SET type = excluded.type, owner = excluded.owner, settings = excluded.settings RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant of this module

_FIND = f"SELECT {_COLUMNS} FROM ledger.extensions WHERE id = ANY (%s) ORDER BY id"  # noqa: S608 - as above

_LISTING = f"SELECT {_COLUMNS} FROM ledger.extensions ORDER BY provider, client, name, id"  # noqa: S608 - as above

_REVOKE = """
UPDATE ledger.extensions SET revoked_at = coalesce(revoked_at, now()) WHERE id = ANY (%s) RETURNING id
"""

_REVOKED = "SELECT id FROM ledger.extensions WHERE revoked_at IS NOT NULL"


class ExtensionRefused(RingledgerError):
    """The extension cannot be registered, changed or found as asked."""

    code = "extension-refused"
    status = 400


@dataclass(frozen=True)
class Description:
    """What an operator says of an extension; `remote_id` and `agent_id` are the provider's own ids of it."""

    provider: str
    client: str
    name: str
    type: str = "phone"
    owner: str = ""
    external_only: bool = False
    remote_id: str = ""
    agent_id: str = ""


@dataclass(frozen=True)
class Extension:
    """A registered extension."""

    id: int
    described: Description
    created_at: datetime
    revoked_at: datetime | None


def by_ids(owner: Connection, ids: Iterable[int]) -> dict[int, Source]:
    """What the registry knows of these ids, revoked ones included; ids that nobody has are left out."""
    wanted = list(ids)
    return {row[0]: Source(*row) for row in owner.execute_planned(_BY_IDS, [wanted])} if wanted else {}


def add(database_url: str, described: Description) -> Extension:
    """Register an extension. Raises ExtensionRefused when it is registered already or cannot be."""
    check(described)
    rows = connection(database_url).execute(_ADD, _values(described))
    if not rows:
        raise ExtensionRefused(
            f"{described.provider} {described.client} {described.name} is registered already; `extension list` shows it"
        )
    return _extension(rows[0])


def put(database_url: str, described: Sequence[Description], done: Callable[[int], None]) -> list[Extension]:
    """Register all of these or none; those registered already are changed and keep their addresses.

    `done` hears how many are through. Raises ExtensionRefused.
    """
    for each in described:
        check(each)
    owner, extensions = connection(database_url), []
    with owner.transaction():
        for each in described:
            extensions.append(_extension(owner.execute(_PUT, _values(each))[0]))
            done(len(extensions))
    return extensions


def find(database_url: str, ids: Sequence[int]) -> list[Extension]:
    """The extensions of these ids. Raises ExtensionRefused naming the first id that nobody has."""
    found = [_extension(row) for row in connection(database_url).execute(_FIND, [list(ids)])]
    _check_found(ids, {extension.id for extension in found})
    return found


def listing(database_url: str) -> list[Extension]:
    """Every extension by provider, client and name, revoked ones included."""
    return [_extension(row) for row in connection(database_url).execute(_LISTING)]


def revoke(database_url: str, ids: Sequence[int], bucket: str) -> None:
    """End the addresses of these extensions for good; doing so again puts the deny-list in `bucket` right.

    Raises ExtensionRefused when an id is nobody's, Unavailable when the list cannot be written: then nothing changed.
    """
    owner = connection(database_url)
    with owner.transaction():
        # Of two that revoke at once, the later must publish what the earlier did.
        owner.execute("LOCK TABLE ledger.extensions IN SHARE ROW EXCLUSIVE MODE")
        _check_found(ids, {row[0] for row in owner.execute(_REVOKE, [list(ids)])})
        revocations.publish(bucket, (row[0] for row in owner.execute(_REVOKED)))


def check(described: Description) -> None:
    """Raises ExtensionRefused when this cannot be an extension, saying what would be right."""
    if described.provider not in providers.NAMES:
        raise ExtensionRefused(f"Unknown provider {described.provider!r}; there are {', '.join(providers.NAMES)}")
    if described.type not in TYPES:
        raise ExtensionRefused(f"Unknown type {described.type!r}; there are {', '.join(TYPES)}")
    if not all(map(_fits, (described.client, described.name))):
        raise ExtensionRefused(f"A client and a name are 1 to {LONGEST} printable characters without outer blanks")
    if "@" in described.name:
        raise ExtensionRefused(f"The name {described.name!r} goes without its @domain")
    remote = described.remote_id + described.agent_id
    if remote and not (remote.isascii() and remote.isalnum()):
        raise ExtensionRefused("The provider's ids of an extension and an agent are letters and digits")
    if len(described.owner) > LONGEST or not described.owner.isprintable():
        raise ExtensionRefused(f"An owner is up to {LONGEST} printable characters")


def _fits(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable() and text == text.strip()


def _check_found(ids: Sequence[int], found: set[int]) -> None:
    for missing in sorted(set(ids) - found):
        raise ExtensionRefused(f"There is no extension {missing}; `extension list` shows those that there are")


def _values(described: Description) -> list[object]:
    settings: dict[str, object] = {"external_only": True} if described.external_only else {}
    settings |= {name: value for name in ("remote_id", "agent_id") if (value := getattr(described, name))}
    return [
        described.provider, described.client, described.name, described.type, described.owner, json.dumps(settings)
    ]  # fmt: skip


def _extension(row: Row) -> Extension:
    number, *described, created_at, revoked_at = row
    return Extension(number, Description(*described), created_at, revoked_at)
