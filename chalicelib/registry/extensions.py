"""The registry of extensions: who may post webhooks, and what is known of each sender."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib import providers
from chalicelib.calls.events import Source
from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, Row, connection
from chalicelib.providers.provider import Covers
from chalicelib.registry import revocations

TYPES = ("phone", "ivr", "queue")
LONGEST = 128
LONGEST_LIST = 2_000

_COLUMNS = """
id, provider, client, name, type, owner, coalesce((settings ->> 'external_only')::boolean, false),
coalesce(settings ->> 'remote_id', ''), coalesce(settings ->> 'agent_id', ''), coalesce(settings ->> 'trunks', ''),
created_at, revoked_at,
mistyped_at IS NOT NULL AND type = 'phone'
"""

# A short number is dialled without the prefix that the client's extensions share: 107 is 13596*107.
_SENDERS = """
SELECT source.id, source.provider, source.client, source.name, source.type, source.owner,
    coalesce((source.settings ->> 'external_only')::boolean, false), source.revoked_at AT TIME ZONE 'UTC',
    coalesce(source.settings ->> 'trunks', ''),
    ARRAY(
        SELECT named.number FROM unnest(%s::bigint[], %s::text[]) AS named (extension, number)
        WHERE named.extension = source.id AND EXISTS (
            SELECT FROM ledger.extensions AS inner_one
            WHERE inner_one.provider = source.provider AND inner_one.client = source.client
                AND inner_one.name IN (
                    named.number, source.client || '*' || named.number,
                    split_part(source.name, '*', 1) || '*' || named.number
                )
                AND inner_one.revoked_at IS NULL
        )
    )
FROM ledger.extensions AS source WHERE source.id = ANY (%s::bigint[])
"""

_IDS = "SELECT id FROM ledger.extensions WHERE provider = %s AND client = %s ORDER BY id DESC LIMIT 100"

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
    """The extension cannot be registered, changed or looked up as requested."""

    code = "extension-refused"
    status = 400


@dataclass(frozen=True)
class ExtensionDescription:
    """An extension as an operator describes it; `remote_id` and `agent_id` are the provider's own ids.

    `trunks` are the names of a whole PBX's lines to the outside, separated by blanks.
    """

    # Repeats calls.events.Source: that is what rules know of a sender, this is what an operator enters.
    provider: str
    client: str
    name: str
    type: str = "phone"
    owner: str = ""
    external_only: bool = False
    remote_id: str = ""
    agent_id: str = ""
    trunks: str = ""


@dataclass(frozen=True)
class Extension:
    """A registered extension; a `mistyped` one is no phone, since it sends what IVRs and queues alone send."""

    id: int
    description: ExtensionDescription
    created_at: datetime
    revoked_at: datetime | None
    mistyped: bool = False


class Sender(NamedTuple):
    """A registered source, and which of the numbers asked for are extensions of its client."""

    source: Source
    inner_numbers: frozenset[str]


def senders(owner: Connection, ids: Collection[int], named: Collection[tuple[int, str]]) -> dict[int, Sender]:
    """Return the senders with these ids, revoked ones included; unknown ids are left out.

    `named` has short numbers, each with the id of the sender that named it.
    """
    if not ids:
        return {}
    pairs = [list(column) for column in zip(*sorted(named), strict=True)] or [[], []]
    rows = owner.execute_planned(_SENDERS, [*pairs, sorted(ids)])
    return {row[0]: Sender(Source(*row[:-1]), frozenset(row[-1])) for row in rows}


def add(database_url: str, description: ExtensionDescription) -> Extension:
    """Register an extension. Raises ExtensionRefused when it is registered already or its description is wrong."""
    check(description)
    rows = connection(database_url).execute(_ADD, _values(description))
    if not rows:
        name = f"{description.provider} {description.client} {description.name}"
        raise ExtensionRefused(f"{name} is registered already; `extension list` shows it")
    return _extension(rows[0])


def put(
    database_url: str, descriptions: Sequence[ExtensionDescription], progress: Callable[[int], None]
) -> list[Extension]:
    """Register all of these extensions or none; registered ones are changed and keep their addresses.

    `progress` is called with the number of extensions done. Raises ExtensionRefused.
    """
    for description in descriptions:
        check(description)
    owner, extensions = connection(database_url), []
    with owner.transaction():
        for description in descriptions:
            extensions.append(_extension(owner.execute(_PUT, _values(description))[0]))
            progress(len(extensions))
    return extensions


def find(database_url: str, ids: Sequence[int]) -> list[Extension]:
    """Return the extensions with these ids. Raises ExtensionRefused that names the first unknown id."""
    extensions = [_extension(row) for row in connection(database_url).execute(_FIND, [list(ids)])]
    _check_known(ids, {extension.id for extension in extensions})
    return extensions


def ids(connection: Connection, provider: str, client: str) -> list[int]:
    """Return the ids of a client's extensions at a provider, the newest first, revoked ones included."""
    return [identity for (identity,) in connection.execute(_IDS, [provider, client])]


def listing(database_url: str) -> list[Extension]:
    """Return every extension by provider, client and name, revoked ones included."""
    return [_extension(row) for row in connection(database_url).execute(_LISTING)]


def revoke(database_url: str, ids: Sequence[int], bucket: str) -> None:
    """Revoke the addresses of these extensions for good, and publish the deny-list in `bucket`.

    A repetition corrects the deny-list. Raises ExtensionRefused for an unknown id, and Unavailable when the list
    cannot be written; then nothing has changed.
    """
    owner = connection(database_url)
    with owner.transaction():
        # Without the lock, the later of two concurrent revocations could publish a list that lacks the earlier one.
        owner.execute("LOCK TABLE ledger.extensions IN SHARE ROW EXCLUSIVE MODE")
        _check_known(ids, {row[0] for row in owner.execute(_REVOKE, [list(ids)])})
        revocations.publish(bucket, (row[0] for row in owner.execute(_REVOKED)))


def check(description: ExtensionDescription) -> None:
    """Raise ExtensionRefused, saying what would be right, when this cannot be an extension."""
    provider = providers.find(description.provider)
    if provider is None:
        raise ExtensionRefused(f"Unknown provider {description.provider!r}; there are {', '.join(providers.NAMES)}")
    for is_wrong, reason in _FAULTS:
        if is_wrong(description):
            raise ExtensionRefused(reason.format(description))
    if provider.key_covers is Covers.PBX and (description.type, _remote_ids(description)) != (TYPES[0], ""):
        raise ExtensionRefused(f"An address of {provider.name} stands for a whole PBX: leave out type and remote ids")
    if description.trunks and provider.key_covers is not Covers.PBX:
        raise ExtensionRefused(f"An address of {provider.name} stands for one extension: leave out trunks")


def _remote_ids(description: ExtensionDescription) -> str:
    return description.remote_id + description.agent_id


def _fits(text: str) -> bool:
    return bool(text) and _is_label(text) and text == text.strip()


def _is_label(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable()


def _is_identity(text: str) -> bool:
    return not text or (text.isascii() and text.isalnum())


#: What is wrong with a description, and the reason for the operator.
_FAULTS: tuple[tuple[Callable[[ExtensionDescription], bool], str], ...] = (
    (lambda each: each.type not in TYPES, f"Unknown type {{0.type!r}}; there are {', '.join(TYPES)}"),
    (
        lambda each: not (_fits(each.client) and _fits(each.name)),
        f"A client and a name are 1 to {LONGEST} printable characters without outer blanks",
    ),
    (lambda each: "@" in each.name, "The name {0.name!r} goes without its @domain"),
    (
        lambda each: not _is_identity(_remote_ids(each)),
        "The provider's ids of an extension and an agent are letters and digits",
    ),
    (lambda each: not _is_label(each.owner), f"An owner is up to {LONGEST} printable characters"),
    (
        lambda each: len(each.trunks) > LONGEST_LIST or not each.trunks.isprintable(),
        f"Trunks are the names of endpoints, separated by blanks, in up to {LONGEST_LIST} characters",
    ),
)


def _check_known(ids: Sequence[int], known: set[int]) -> None:
    for missing in sorted(set(ids) - known):
        raise ExtensionRefused(f"There is no extension {missing}; `extension list` shows those that there are")


def _values(description: ExtensionDescription) -> list[object]:
    settings: dict[str, object] = {"external_only": True} if description.external_only else {}
    settings |= {name: value for name in ("remote_id", "agent_id", "trunks") if (value := getattr(description, name))}
    return [
        description.provider,
        description.client,
        description.name,
        description.type,
        description.owner,
        json.dumps(settings),
    ]


def _extension(row: Row) -> Extension:
    identity, *description, created_at, revoked_at, mistyped = row
    return Extension(identity, ExtensionDescription(*description), created_at, revoked_at, mistyped)
