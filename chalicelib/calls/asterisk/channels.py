"""The channels of a call: one for each device, trunk line or half of a Local channel that took part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls.asterisk.channel_events import (
    ANSWER,
    APP_START,
    CHAN_END,
    CHAN_START,
    HANGUP,
    LINKEDID_END,
    ChannelEvent,
    endpoint_of,
    is_local,
    line_of,
)


class Channel(NamedTuple):
    """One channel with its records in order.

    `family` is the LINKEDID with which it began: channels that one call created share it. A channel of which no record
    says how it began was created by another call.
    """

    id: str
    name: str
    family: str
    records: tuple[ChannelEvent, ...]
    began: datetime
    is_created_here: bool
    answered: datetime | None
    ended: datetime | None

    @property
    def is_local(self) -> bool:
        """Tell whether it is half of a Local channel and no device."""
        return is_local(self.name)

    @property
    def line(self) -> str:
        """The technology and the endpoint: `PJSIP/107`."""
        return line_of(self.name)

    @property
    def endpoint(self) -> str:
        """The endpoint's name: `107` of `PJSIP/107-0000002a`."""
        return endpoint_of(self.name) or self.line

    @property
    def other_half(self) -> str:
        """The name of the other half of a Local channel."""
        return f"{self.name[:-1]}{'1' if self.name.endswith('2') else '2'}"

    @property
    def is_root(self) -> bool:
        """Tell whether a call began with this channel."""
        return self.id == self.family

    @property
    def order(self) -> tuple[datetime, str]:
        """The position among the call's channels."""
        return self.began, self.id

    @property
    def start(self) -> ChannelEvent:
        """The first record, with the endpoint's own number, name and context."""
        return self.records[0]

    @property
    def apps(self) -> list[ChannelEvent]:
        """The applications that it ran."""
        return [record for record in self.records if record.kind == APP_START]

    def reported(self, name: str) -> str:
        """Return what the latest record says of a member of `extra`, empty if none does."""
        return next((record.extra[name] for record in reversed(self.records) if record.extra.get(name)), "")


def channels(records: Iterable[ChannelEvent]) -> list[Channel]:
    """Return the channels of `records` in the order of their beginnings."""
    of_channel: dict[str, list[ChannelEvent]] = defaultdict(list)
    over: dict[str, datetime] = {}
    for record in records:
        of_channel[record.uniqueid].append(record)
        if record.kind == LINKEDID_END:
            over[record.linkedid] = record.at
    return sorted((_channel(of_one, over) for of_one in of_channel.values()), key=attrgetter("order"))


def _channel(records: Sequence[ChannelEvent], over: Mapping[str, datetime]) -> Channel:
    ordered = sorted(records, key=attrgetter("order"))
    first = next((record for record in ordered if record.kind == CHAN_START), ordered[0])
    ordered.remove(first)
    return Channel(
        id=first.uniqueid,
        name=first.channel,
        family=first.linkedid,
        records=(first, *ordered),
        began=first.at,
        is_created_here=first.kind == CHAN_START or any(record.kind == ANSWER for record in ordered),
        answered=_time(ordered, ANSWER, first),
        ended=_time(ordered, CHAN_END, first) or _time(ordered, HANGUP, first) or _last_end((first, *ordered), over),
    )


def _time(records: Iterable[ChannelEvent], kind: str, first: ChannelEvent) -> datetime | None:
    return next((record.at for record in (first, *records) if record.kind == kind), None)


def _last_end(records: Sequence[ChannelEvent], over: Mapping[str, datetime]) -> datetime | None:
    """Return when the call ended that a channel was in last, for a channel of which no end was reported."""
    ends = [over.get(record.linkedid) for record in records]
    known = [end for end in ends if end]
    return max(known) if len(known) == len(ends) else None
