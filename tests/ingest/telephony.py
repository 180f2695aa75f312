"""Provides a small PBX for tests: calls as lists of webhooks, and a ledger that takes them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import UUID, uuid5

from chalicelib.envelope import reading
from chalicelib.ledger import forgetting, store
from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import retention
from chalicelib.settings import Settings
from tests.databases import run

BEGIN = datetime(2026, 11, 20, 9)  # noqa: DTZ001 - UTC, as everywhere in the ledger
CLIENT = "13596"
CALLER = "+79214567892"
NAMESPACE = UUID("6d2b2f0e-7c8f-4f58-9a43-5d2f2f3f7a10")

#: The documented tables that calls fill.
TABLES = (
    "calls.success",
    "calls.cancelled",
    "calls.failed",
    "calls.forks",
    "calls.holds",
    "ivrhuntq.huntq_calls",
    "ivrhuntqevents.queue_enqueue",
    "ivrhuntqevents.queue_start_call",
    "ivrhuntqevents.queue_dequeue",
    "ivrhuntqevents.queue_quit",
    "ivrhuntqevents.final",
    "sipuserevents.sipuser_state_changed",
    "sipusers.states",
    "userevents.usr_state_changed",
)
LEDGER = (
    "ledger.events",
    "ledger.calls",
    "ledger.call_parts",
    "ledger.records",
    "ledger.recordings",
    "ledger.presence",
    "ledger.phone_talks",
    "ledger.native_rows",
    "ledger.quarantine",
    "ledger.reports",
    "ledger.retirements",
)
_MONTHS = "SELECT oid::regclass FROM pg_class WHERE relname ~ '_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'"
#: The kept figures of days, which a trigger empties at TRUNCATE, and the days that another one marks at DELETE.
FIGURES = (
    "ledger.call_figures",
    "ledger.quarters",
    "ledger.peaks",
    "ledger.transfers",
    "ledger.agent_days",
    "ledger.missed_calls",
    "ledger.changed_days",
)


@dataclass(frozen=True)
class Webhook:
    """One event of an extension. It happened at `second` and was accepted at `accepted`, both in seconds from BEGIN."""

    extension: str
    fields: tuple[tuple[str, str], ...]
    second: int
    accepted: int = 0
    copy: int = 0

    def __call__(self, ids: dict[str, int]) -> str:
        """Return the message of the queue; each `copy` is another delivery of the event by its provider."""
        query = urlencode(self.fields)
        name = f"{self.extension} {query} {self.copy}"
        accepted = BEGIN + timedelta(seconds=self.accepted or self.second, microseconds=self.copy)
        return message(ids[self.extension], query=query, identity=str(uuid5(NAMESPACE, name)), accepted=accepted)


def message(
    extension: int, *, identity: str, accepted: datetime, provider: str = "telphin", **content: str | bytes
) -> str:
    """Return a message of the queue, as the accepting Lambda writes it; a body is text in UTF-8 or bytes."""
    body = content.get("body", "")
    return json.dumps(
        {
            "version": 1,
            "id": identity,
            "accepted": f"{accepted.isoformat(timespec='microseconds')}Z",
            "provider": provider,
            "extension": extension,
            "generation": 1,
            "method": "POST" if body else "GET",
            "query": content.get("query", ""),
            "content_type": "",
            "content_encoding": content.get("content_encoding", ""),
            "body": b64encode(body.encode() if isinstance(body, str) else body).decode(),
        }
    )


def event(call: str, extension: str, kind: str, second: int, **fields: str) -> Webhook:
    """Return one webhook of a call, on the leg of this extension."""
    at = (BEGIN.replace(tzinfo=UTC) + timedelta(seconds=second)).timestamp()
    defaults = {
        "EventType": kind,
        "CallID": call,
        "SubCallID": f"{extension}-{call}",
        "CallStatus": {"answer": "ANSWER", "hangup": "ANSWER"}.get(kind, "CALLING"),
        "CallFlow": "in",
        "CallerIDNum": CALLER,
        "CalledNumber": f"{CLIENT}*{extension}",
        "EventTime": str(round(at * 1_000_000)),
    }
    return Webhook(extension, tuple((defaults | fields).items()), second)


def answered(call: str, at: int) -> list[Webhook]:
    """Return a call in which an outside caller reaches a phone."""
    return [
        event(call, "106", "dial-in", at),
        event(call, "106", "answer", at + 5),
        event(call, "106", "hangup", at + 60, Duration="60000000", RecID=f"106-{call}"),
    ]


def ring_group(call: str, at: int) -> list[Webhook]:
    """Return a call in which a queue rings two phones and the second one answers."""
    return [
        event(call, "106", "dial-in", at + 2),
        event(call, "107", "dial-in", at + 3),
        event(call, "107", "answer", at + 9),
        event(call, "106", "hangup", at + 9, CallStatus="CANCEL"),
        event(call, "107", "hangup", at + 40),
        event(call, "900", "hangup", at + 41, Bridged="yes", Duration="41000000"),
    ]


def missed(call: str, at: int) -> list[Webhook]:
    """Return a call in which a queue rings a phone that does not answer."""
    return [
        event(call, "106", "dial-in", at + 2),
        event(call, "106", "hangup", at + 20, CallStatus="NOANSWER"),
        event(call, "900", "hangup", at + 21, CallStatus="CANCEL", Bridged="no", Duration="21000000"),
    ]


def busy(call: str, at: int) -> list[Webhook]:
    """Return an outgoing call to a busy line."""
    own = {"CallFlow": "out", "CallerIDNum": f"{CLIENT}*107", "CalledNumber": "78005553535"}
    return [
        event(call, "107", "dial-out", at, **own),
        event(call, "107", "hangup", at + 4, **own | {"CallStatus": "BUSY"}),
    ]


def unrecorded(webhooks: Iterable[Webhook]) -> list[Webhook]:
    """Return the webhooks without recordings, so that no recorder changes their rows later."""
    return [
        replace(webhook, fields=tuple(field for field in webhook.fields if field[0] != "RecID")) for webhook in webhooks
    ]


def copies(webhooks: Iterable[Webhook]) -> list[Webhook]:
    """Return another delivery of each webhook by its provider."""
    return [replace(webhook, copy=1) for webhook in webhooks]


class Ledger:
    """A database that takes webhooks, with readers of its tables."""

    def __init__(self, settings: Settings) -> None:
        """Register a small PBX in the database of `settings`."""
        self.settings = settings
        self.url = settings.owner_database_url
        self.writer = NonblockingConnection(settings.writer_database_url)
        self.owner = Connection(settings.owner_database_url)
        self.ids: dict[str, int] = {}
        for name, kind in (("106", "phone"), ("107", "phone"), ("900", "queue")):
            self.ids[name] = self.register("telphin", f"{CLIENT}*{name}", kind)

    def register(self, provider: str, name: str, kind: str = "phone") -> int:
        """Return the id of an extension; register it first if necessary."""
        rows = run(
            self.url,
            "INSERT INTO ledger.extensions (provider, client, name, type) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (provider, client, name) WHERE revoked_at IS NULL DO UPDATE SET type = excluded.type"
            " RETURNING id",
            [provider, CLIENT, name, kind],
        )
        return int(str(rows[0][0]))

    def clear(self) -> None:
        """Delete every event and row. DELETE of a few rows takes a tenth of the time of TRUNCATE."""
        tables = (*TABLES, *LEDGER, *FIGURES)
        run(self.url, "SET synchronous_commit = off; " + "; ".join(f"DELETE FROM {name}" for name in tables))

    def drop_months(self) -> None:
        """Drop the partition of every month, in one statement: there may be hundreds."""
        if names := [str(name) for (name,) in run(self.url, _MONTHS)]:
            run(self.url, f"DROP TABLE {', '.join(names)}")

    def texts(self, webhooks: Iterable[Webhook]) -> list[str]:
        """Return the messages of the queue for `webhooks`."""
        return [webhook(self.ids) for webhook in webhooks]

    def take(self, webhooks: Iterable[Webhook], writer: Connection | None = None) -> None:
        """Take `webhooks` as one batch."""
        store.take(writer or self.writer, [reading.read(text) for text in self.texts(webhooks)])

    def forget(self, number: str) -> None:
        """Erase a number and the recordings of its calls."""
        forgetting.forget(self.owner, number, partial(retention.erase, self.owner, self.settings), lambda _: None)

    def tables(self, names: Sequence[str] = TABLES) -> dict[str, list[str]]:
        """Return every row of the documented tables that calls fill, as sorted text."""
        union = " UNION ALL ".join(
            f"SELECT '{name}' AS place, row.*::text AS content FROM {name} AS row" for name in names
        )
        rows: dict[str, list[str]] = {name: [] for name in names}
        for place, content in run(self.url, f"SELECT place, content FROM ({union}) AS all_rows ORDER BY 1, 2"):
            rows[str(place)].append(str(content))
        return rows

    def column(self, query: str) -> list[object]:
        """Return the first column of a query's result."""
        return [row[0] for row in run(self.url, query)]
