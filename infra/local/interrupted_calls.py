"""Ends of the calls and shifts that an earlier run of the demonstration left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random

from chalicelib.ledger import closing, store
from chalicelib.platform.postgres import Connection
from chalicelib.registry import extensions
from chalicelib.settings import Settings
from infra.demonstration import branch, incidents
from infra.demonstration.webhooks import cut_short, staff
from infra.demonstration.webhooks.posts import Post
from infra.local import demonstration

#: Calls that no PBX of the demonstration ends are closed when they have had no webhook for so long.
FORGOTTEN_SECONDS = 60

_LAST = """
SELECT extract(epoch FROM accepted_at AT TIME ZONE 'UTC')::float FROM ledger.events
WHERE extension = ANY(%s) ORDER BY accepted_at DESC LIMIT 1
"""
_OPEN = """
SELECT extract(epoch FROM accepted_at AT TIME ZONE 'UTC')::float, events.provider, extension, call_id, body
FROM ledger.calls JOIN ledger.events
    ON events.provider = calls.provider AND events.client = calls.client AND events.call_id = calls.id
WHERE calls.open AND NOT calls.frozen AND extension = ANY(%s) ORDER BY accepted_at
"""
_PRESENT = """
SELECT name FROM ledger.presence
WHERE kind = 'agent' AND state = 'available' OR kind = 'extension' AND state NOT IN ('', 'out_of_service')
"""


def finish(settings: Settings, calls: int) -> None:
    """Take in the ends of what was going on when a demonstration of so many calls stopped, as of that moment.

    A database without the demonstration stays as it is.
    """
    writer = Connection(settings.writer_database_url)
    try:
        senders = _senders(settings, calls)
        if staff.person(0).extension in senders:
            _take_ends(writer, senders, calls)
            closing.close_due(writer, datetime.now(UTC).replace(tzinfo=None), FORGOTTEN_SECONDS)
    finally:
        writer.close()


def _senders(settings: Settings, calls: int) -> dict[str, int]:
    """Return the ids of the extensions of the demonstration, those that are registered, by their names."""
    keys = {(each.provider, each.client, each.name) for each in demonstration.senders(calls)}
    known = [each for each in extensions.listing(settings.owner_database_url) if each.revoked_at is None]
    described = [(each.id, each.description) for each in known]
    return {each.name: identity for identity, each in described if (each.provider, each.client, each.name) in keys}


def _take_ends(writer: Connection, senders: Mapping[str, int], calls: int) -> None:
    names = {identity: name for name, identity in senders.items()}
    last = writer.execute(_LAST, [list(names)])
    if not last:
        return
    at = float(last[0][0])
    posts = [
        Post(accepted, provider, names[extension], call, "", bytes(body))
        for accepted, provider, extension, call, body in writer.execute(_OPEN, [list(names)])
    ]
    ends = [*cut_short.of_calls(posts, at), *_shifts(writer, calls, at)]
    messages = incidents.messages(Random(at), ends, senders, at)  # noqa: S311 - ids of webhooks, not secrets
    store.take(writer, list(messages))


def _shifts(writer: Connection, calls: int, at: float) -> Iterator[Post]:
    """Return that everyone who is still at work goes home."""
    present = {name for (name,) in writer.execute(_PRESENT)}
    yield from cut_short.of_shifts([person for person in demonstration.team(calls) if person.agent in present], at)
    office = branch.users(demonstration.SEED, datetime.fromtimestamp(at, UTC).date())
    yield from branch.closing({person.login: person.id for person in office if person.login in present}, at)
