"""The visits of an Asterisk call's channels to queues."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import APP_START, ChannelEvent
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.endings import ending_for_caller
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.identities import home, linkedid, visit_id
from chalicelib.calls.asterisk.sides import called_party, caller_of
from chalicelib.calls.causes import ANSWER
from chalicelib.calls.events import CallKey
from chalicelib.calls.queue_rows import BY_PHONE, Offer, QueuePassage, queue_rows
from chalicelib.calls.records import Row, Table

_QUEUE = "queue"


class Visit(NamedTuple):
    """A channel's stay in a queue, until it was served, or left; the last one also ends with the channel."""

    channel: Channel
    queue: str
    number: int
    entered: datetime
    taken: datetime | None
    left: datetime | None
    is_abandoned: bool


def visits(call: AsteriskCall, family: Family) -> Iterator[Visit]:
    """Return the visits of a family's caller, in order."""
    channel = family.caller
    entries = [record for record in channel.apps if record.app.lower() == _QUEUE]
    for number, entry in enumerate(entries):
        following = next((record for record in channel.apps if record.at > entry.at), None)
        until = following.at if following else channel.ended
        taken = _taken(call, channel, entry.at, until)
        is_last = following is None
        yield Visit(
            channel=channel,
            queue=queue_name(entry),
            number=number,
            entered=entry.at,
            taken=taken,
            left=until,
            is_abandoned=taken is None and is_last and channel.ended is not None,
        )


def queue_name(entry: ChannelEvent) -> str:
    """Return the queue's name, the first argument of the application."""
    return entry.app_data.split(",", 1)[0].strip() or entry.exten


def is_queueing(record: ChannelEvent) -> bool:
    """Tell whether a record puts a caller into a queue."""
    return record.kind == APP_START and record.app.lower() == _QUEUE


def visit_rows(key: CallKey, call: AsteriskCall) -> Iterator[tuple[Table, Row]]:
    """Return the rows of all visits."""
    for family in call.families:
        for visit in visits(call, family):
            yield from queue_rows(_passage(key, call, family, visit))


def _passage(key: CallKey, call: AsteriskCall, family: Family, visit: Visit) -> QueuePassage:
    caller = caller_of(call, family)
    offers = _offers(call, family, visit)
    ended = visit.left
    status = ANSWER if visit.taken else ending_for_caller(family.caller, list(family.called)).words
    return QueuePassage(
        inviteid=home(key, call, _serving(call, visit) or family.caller.id),
        id=visit_id(key, visit.queue, visit.channel.id, visit.number),
        call=linkedid(key),
        queue=visit.queue,
        caller=caller.number,
        caller_name=caller.name,
        enqueued=visit.entered,
        entered=visit.entered,
        offers=offers,
        started=offers[0] if offers else None,
        taken=visit.taken,
        dequeue_reason=BY_PHONE if visit.taken else "",
        quit=ended if visit.is_abandoned else None,
        final=ended,
        stopreason=status if ended else "",
    )


def _taken(call: AsteriskCall, channel: Channel, entered: datetime, until: datetime | None) -> datetime | None:
    talks = [talk for talk in call.talks if talk.partner.id == channel.id and talk.began >= entered]
    times = [talk.began for talk in talks if until is None or talk.began <= until]
    return min(times, default=None)


def _serving(call: AsteriskCall, visit: Visit) -> str:
    talks = [talk for talk in call.talks if talk.partner.id == visit.channel.id and talk.began == visit.taken]
    return talks[0].channel.id if talks else ""


def _offers(call: AsteriskCall, family: Family, visit: Visit) -> list[Offer]:
    last = visit.taken or visit.left
    return [
        Offer(channel.began, called_party(call, family, channel).number)
        for channel in family.called
        if channel.began >= visit.entered and (last is None or channel.began <= last)
    ]
