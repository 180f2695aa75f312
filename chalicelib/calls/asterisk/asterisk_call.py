"""An Asterisk call as a whole: its channels, its families, and its talks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls.asterisk.channel_events import (
    BLIND_TRANSFER,
    BRIDGE_ENTER,
    BRIDGE_START,
    TO_OUTSIDE,
    ChannelEvent,
)
from chalicelib.calls.asterisk.channel_talks import ChannelTalk, Setting, joiners, talks
from chalicelib.calls.asterisk.channels import Channel, channels
from chalicelib.calls.asterisk.company import company
from chalicelib.calls.asterisk.families import Family, families
from chalicelib.calls.asterisk.stays import stays

_BRIDGING = frozenset({BRIDGE_ENTER, BRIDGE_START})


class AsteriskCall(NamedTuple):
    """One call: its families in the order of their callers, and its talks in the order of their pick-ups.

    `every` has the halves of Local channels too, `channels` the devices alone. `joined` are the callers that took
    another one's call. `began` and `last` are the first and the last time that is known of it.
    """

    every: Sequence[Channel]
    channels: Mapping[str, Channel]
    families: tuple[Family, ...]
    talks: tuple[ChannelTalk, ...]
    joined: frozenset[str]
    began: datetime
    last: datetime
    closed: bool
    records: Sequence[ChannelEvent]
    #: When the dialplan announced a call to the outside.
    announced: Sequence[datetime]

    @property
    def main(self) -> Family:
        """The family of the first caller."""
        return self.families[0]


def assembled(records: Sequence[ChannelEvent], *, closed: bool) -> AsteriskCall | None:
    """Return the call of `records`, None if they name no device."""
    every = channels(records)
    own_families = families(every)
    if not own_families:
        return None
    setting = _setting(records, every, own_families)
    joined = joiners(setting)
    return AsteriskCall(
        every=every,
        channels=setting.channels,
        families=own_families,
        talks=tuple(sorted(talks(setting, joined), key=lambda talk: (talk.began, talk.channel.id))),
        joined=frozenset(joined),
        began=min(channel.began for channel in every),
        last=setting.last,
        closed=closed,
        records=records,
        announced=_times(records, TO_OUTSIDE),
    )


def _setting(records: Sequence[ChannelEvent], every: Sequence[Channel], own_families: tuple[Family, ...]) -> Setting:
    all_stays = stays(every)
    return Setting(
        channels={channel.id: channel for channel in every if not channel.is_local},
        families=own_families,
        company=company(every, all_stays),
        stays=all_stays,
        transfers=_times(records, BLIND_TRANSFER),
        logs_bridges=any(record.kind in _BRIDGING for record in records),
        last=max(record.at for record in records),
    )


def _times(records: Sequence[ChannelEvent], kind: str) -> list[datetime]:
    return [record.at for record in records if record.kind == kind]
