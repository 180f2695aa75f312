"""The state of everything that may wait for an operator: quarantine, calls, replication, recordings, registry."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.authentication import tokens
from chalicelib.envelope import reading
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import Unavailable
from chalicelib.ledger import faults, quarantine
from chalicelib.ledger.quarantine import Kept
from chalicelib.operations.operator_answers import (
    ExtensionLine,
    ExtensionsAnswer,
    MessageAnswer,
    Overview,
    QuarantineAnswer,
    QuarantinedMessage,
    RecordingsAnswer,
    ReplicatedCalls,
    ReplicationAnswer,
    SetAsideAnswer,
    SetAsideCall,
    Target,
    TokenLine,
    TokensAnswer,
)
from chalicelib.platform import dead_letters, queues
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration
from chalicelib.registry import extensions, webhook_keys
from chalicelib.replication import overview
from chalicelib.replication.overview import CallFilter
from chalicelib.settings import Settings

RUNS_LISTED = 20

_COUNTS = """
SELECT (SELECT count(*) FROM ledger.quarantine WHERE retried_at IS NULL),
    (SELECT count(*) FROM ledger.calls WHERE fault <> ''),
    (SELECT count(*) FROM ledger.calls WHERE open),
    (SELECT coalesce(max(name), '') FROM ledger.migrations)
"""
_RECORDINGS = "SELECT state, count(*) FROM ledger.recordings WHERE state <> 'none' GROUP BY state ORDER BY state"


def everything(database: Connection, current: Settings) -> Overview:
    """Return one look at what waits for an operator."""
    quarantined, set_aside, open_calls, migration = database.execute(_COUNTS)[0]
    return Overview(
        queued=queued(current),
        dead_letters=dead(current),
        quarantined=quarantined,
        set_aside=set_aside,
        open_calls=open_calls,
        recordings=dict(database.execute(_RECORDINGS)),
        replication=_targets(database),
        migration=migration,
    )


def queued(current: Settings) -> int | None:
    """Return about how many messages the event queue has; None where it does not say."""
    try:
        return queues.count(current.events_queue_url) if current.events_queue_url else None
    except Unavailable:
        return None


def dead(current: Settings) -> int | None:
    """Return about how many dead letters the event queue has; None where it does not say."""
    try:
        return dead_letters.count(current.events_queue_url) if current.events_queue_url else None
    except Unavailable:
        return None


def quarantined(database: Connection, *, everything: bool, limit: int) -> QuarantineAnswer:
    """Return the newest messages that wait; with `everything`, also those that were retried."""
    kept = quarantine.listing(database, everything=everything, limit=limit)
    return QuarantineAnswer(messages=[_message(each) for each in kept])


def message(database: Connection, identity: str) -> MessageAnswer:
    """Return one message in quarantine. Raises NotInQuarantine."""
    kept = quarantine.find(database, identity)
    text = kept.message.decode(errors="replace")
    try:
        body = reading.read(text).raw.body.decode(errors="backslashreplace")
    except UnreadableMessage:
        body = None
    return MessageAnswer(message=_message(kept), text=text, body=body)


def set_aside(database: Connection, limit: int) -> SetAsideAnswer:
    """Return the calls that are set aside."""
    calls = [
        SetAsideCall(**fault.call._asdict(), reason=fault.reason, last_accepted_at=last)
        for fault, last in faults.listing(database, limit)
    ]
    return SetAsideAnswer(calls=calls)


def replication(database: Connection) -> ReplicationAnswer:
    """Return the state of each CRM, how far its sources were read, and the latest runs."""
    return ReplicationAnswer(
        targets=_targets(database),
        cursors=[cursor._asdict() for cursor in overview.cursors(database)],
        runs=[run._asdict() for run in overview.latest(database, RUNS_LISTED)],
    )


def replicated(database: Connection, state: str, limit: int) -> ReplicatedCalls:
    """Return the calls of the replication in one of overview.STATES."""
    return ReplicatedCalls(calls=[row._asdict() for row in overview.listing(database, CallFilter(state), limit)])


def recordings(database: Connection, state: str, limit: int) -> RecordingsAnswer:
    """Return the recordings in one of administration.STATES, or of all states."""
    listed = administration.recordings(database, state, limit)
    return RecordingsAnswer(recordings=[row._asdict() for row in listed])


def registered(current: Settings) -> ExtensionsAnswer:
    """Return every extension with its address."""
    lines = [
        ExtensionLine(
            id=each.id,
            **{name: getattr(each.description, name) for name in ("provider", "client", "name", "type", "owner")},
            created_at=each.created_at,
            revoked_at=each.revoked_at,
            url=webhook_keys.address(current, each.description.provider, each.id),
        )
        for each in extensions.listing(current.operator_database_url)
    ]
    return ExtensionsAnswer(extensions=lines)


def issued(current: Settings) -> TokensAnswer:
    """Return every token without its value."""
    lines = [
        TokenLine(
            name=each.name, scopes=list(each.scopes), created_at=each.created_at, last_used_at=each.last_used_at,
            revoked_at=each.revoked_at,
        )
        for each in tokens.listing(current.operator_database_url)
    ]  # fmt: skip
    return TokensAnswer(tokens=lines)


def _targets(database: Connection) -> list[Target]:
    return [
        Target(name=each.target, counts={name: number for name, number in each._asdict().items() if name != "target"})
        for each in overview.targets(database)
    ]


def _message(kept: Kept) -> QuarantinedMessage:
    return QuarantinedMessage(
        id=kept.id,
        quarantined_at=_utc(kept.quarantined_at),
        provider=kept.provider,
        extension=kept.extension,
        reason=kept.reason,
        retried_at=_utc(kept.retried_at) if kept.retried_at else None,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
