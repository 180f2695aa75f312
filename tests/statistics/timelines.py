"""Posts small timelines of calls to a ledger, in the notation of tests/scenarios, and asks the channel about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.settings import Settings
from chalicelib.statistics import channel
from chalicelib.statistics.answer import InlineAnswer
from chalicelib.statistics.context import REPORTS, STATISTICS, Context
from tests.ingest.telephony import Ledger, message
from tests.scenarios.timeline import CALL, CONFERENCE, START, Scenario

NAMESPACE = UUID("0d9d8c4e-31a2-4b1c-9c56-6a1f3c2d7e90")

#: The day of the timelines, which begin at 10:00 UTC.
DAY = {"from": "2026-11-21", "to": "2026-11-21"}
NOON = START.replace(hour=12, tzinfo=UTC)


def post(ledger: Ledger, provider: str, *timelines: str, days: int = 0) -> None:
    """Take the webhooks of each timeline as those of a call of its own, `days` later than the timeline says."""
    for timeline in timelines:
        lines = [line.strip() for line in timeline.strip().splitlines()]
        identity = uuid5(NAMESPACE, f"{provider} {days} {timeline}")
        call = identity.hex.upper()
        conference = " ".join(call[place : place + 8] for place in range(0, 32, 8))
        texts = []
        for place, (raw, source) in enumerate(Scenario("", provider, lines).webhooks()):
            body = raw.body.replace(CALL.encode(), call.encode()).replace(CONFERENCE.encode(), conference.encode())
            extension = ledger.register(provider, source.name, source.type)
            accepted = raw.accepted_at + timedelta(days=days)
            texts.append(
                message(
                    extension, identity=str(uuid5(identity, str(place))), accepted=accepted, provider=provider,
                    body=_later(body, days).decode(),
                )
            )  # fmt: skip
        store.take(ledger.writer, [reading.read(text) for text in texts])


def _later(body: bytes, days: int) -> bytes:
    """Return a webhook of Telphin with a later EventTime."""
    if not days:
        return body
    fields = [part.split(b"=", 1) for part in body.split(b"&")]
    moved = {b"EventTime": days * 86_400_000_000}
    return b"&".join(b"=".join([name, str(int(value) + moved[name]).encode() if name in moved else value])
                     for name, value in fields)  # fmt: skip


def context(settings: Settings, now: datetime = NOON, **changes: Any) -> Context:
    """Return the circumstances of a request at `now` by a token with both scopes."""
    return Context("test", settings, {}, now=now, scopes=(STATISTICS, REPORTS), integration="tester", **changes)


def ask(settings: Settings, entity: str, action: str, now: datetime = NOON, **options: Any) -> Any:
    """Return the data of one request of the channel."""
    body = json.dumps({"entity": entity, "action": action, "options": options}).encode()
    answer = channel.answer(body, context(settings, now))
    assert isinstance(answer, InlineAnswer)
    assert isinstance(answer.body, str)
    return json.loads(answer.body)["data"]


def rows(settings: Settings, psql: str) -> Any:
    """Return the rows of a query."""
    body = {"entity": "chronological", "action": "data", "options": {"psql": psql}}
    answer = channel.answer(json.dumps(body).encode(), context(settings, protocol_beginnings=False))
    assert isinstance(answer, InlineAnswer)
    assert isinstance(answer.body, str)
    return json.loads(answer.body)["data"]
