"""Each channel's stays in bridges, also where Asterisk reports no bridge's id or loses one end of a stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls.asterisk.channel_events import BRIDGE_END, BRIDGE_ENTER, BRIDGE_EXIT, BRIDGE_START, ChannelEvent
from chalicelib.calls.asterisk.channels import Channel

_HOLDING = "holding_bridge"
_ENTERING = frozenset({BRIDGE_ENTER, BRIDGE_START})
_BRIDGING = frozenset({BRIDGE_ENTER, BRIDGE_EXIT, BRIDGE_START, BRIDGE_END})


class Stay(NamedTuple):
    """A channel's time in a bridge; `left` is None while it lasts. `app` and `technology` tell what bridge it was."""

    channel: str
    bridge: str
    entered: datetime
    left: datetime | None
    app: str = ""
    technology: str = ""


class _Move(NamedTuple):
    """A channel enters a bridge, or leaves it."""

    record: ChannelEvent
    channel: str
    bridge: str
    enters: bool


def stays(channels: Sequence[Channel]) -> list[Stay]:
    """Return the stays of all channels, without those on music or in a parking lot."""
    ends = {channel.id: channel.ended for channel in channels}
    moves: dict[tuple[str, str], list[_Move]] = defaultdict(list)
    firsts: dict[str, datetime] = {}
    for move in _moves(channels):
        moves[move.channel, move.bridge].append(move)
        if move.enters:
            firsts.setdefault(move.bridge, move.record.at)
    return [
        stay
        for (channel, bridge), own in moves.items()
        if not all(_technology(move.record) == _HOLDING for move in own)
        for stay in _paired(own, firsts.get(bridge), ends[channel])
    ]


def _paired(moves: Sequence[_Move], first: datetime | None, end: datetime | None) -> Iterator[Stay]:
    """Pair each entry of a channel into a bridge with the next exit.

    An exit without an entry belongs to a stay since the bridge began; an entry without an exit to one that lasts until
    the channel ends.
    """
    entry: _Move | None = None
    for move in moves:
        if move.enters:
            entry = entry or move
            continue
        entered = entry.record.at if entry else min(first or move.record.at, move.record.at)
        yield _stay(entry or move, entered, move.record.at)
        entry, first = None, move.record.at
    if entry:
        yield _stay(entry, entry.record.at, end)


def _stay(move: _Move, entered: datetime, left: datetime | None) -> Stay:
    return Stay(move.channel, move.bridge, entered, left, move.record.app, _technology(move.record))


def _technology(record: ChannelEvent) -> str:
    return record.extra.get("bridge_technology", "")


def _moves(channels: Sequence[Channel]) -> Iterator[_Move]:
    """Return the entries and exits in order of time, each with its bridge's id or one that follows from the others."""
    records = [record for channel in channels for record in channel.records if record.kind in _BRIDGING]
    lobby = _Lobby(channels)
    for record in sorted(records, key=attrgetter("order")):
        bridge = record.extra.get("bridge_id", "")
        if bridge:
            yield _Move(record, record.uniqueid, bridge, record.kind in _ENTERING)
        else:
            yield from lobby.moves(record)


class _Lobby:
    """Finds the bridges of records that name none: whoever enters joins the channel that waits alone."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = channels
        self._by_name = {channel.name: channel.id for channel in channels}
        self._members: dict[str, list[str]] = {}
        self._bridge_of: dict[str, str] = {}
        self._left: dict[str, str] = {}
        self._visitors: dict[str, set[str]] = {}

    def moves(self, record: ChannelEvent) -> Iterator[_Move]:
        """Return what a record says: a bridge's start or end on one channel moves the other one too."""
        enters = record.kind in _ENTERING
        yield self._move(record, record.uniqueid, enters=enters)
        if record.kind in (BRIDGE_START, BRIDGE_END):
            for other in self._partners(record, enters=enters):
                yield self._move(record, other, enters=enters)

    def _move(self, record: ChannelEvent, channel: str, *, enters: bool) -> _Move:
        if enters:
            bridge = self._bridge_of.get(channel) or self._chosen(record, channel)
            self._members.setdefault(bridge, []).append(channel)
            self._visitors.setdefault(bridge, set()).add(channel)
            self._bridge_of[channel] = bridge
        else:
            bridge = self._bridge_of.pop(channel, "") or self._unmatched(record, channel)
            self._left[channel] = bridge
            self._members[bridge] = [member for member in self._members.get(bridge, []) if member != channel]
        return _Move(record, channel, bridge, enters)

    def _chosen(self, record: ChannelEvent, channel: str) -> str:
        """Return the bridge of a named peer, else the latest one where a channel is alone, else a new one."""
        for peer in record.peer.split(","):
            if bridge := self._bridge_of.get(self._by_name.get(peer.strip(), "")):
                return bridge
        alone = [
            bridge
            for bridge, members in self._members.items()
            if len(set(members)) == 1 and channel not in members and bridge != self._left.get(channel)
        ]
        return alone[-1] if alone else f"{len(self._members) + 1}"

    def _unmatched(self, record: ChannelEvent, channel: str) -> str:
        """Return the bridge of an exit without an entry: the latest one that a single other channel entered."""
        single = [
            bridge for bridge, visitors in self._visitors.items() if len(visitors) == 1 and channel not in visitors
        ]
        return single[-1] if single else self._chosen(record, channel)

    def _partners(self, record: ChannelEvent, *, enters: bool) -> list[str]:
        if not enters:
            bridge = self._left.get(record.uniqueid, "")
            return list(self._members.get(bridge, []))
        named = self._by_name.get(record.peer)
        return [named] if named else self._latest_answered(record)

    def _latest_answered(self, record: ChannelEvent) -> list[str]:
        answered = [
            channel
            for channel in self._channels
            if channel.id != record.uniqueid
            and channel.answered
            and channel.answered <= record.at
            and (channel.ended is None or channel.ended >= record.at)
        ]
        return [max(answered, key=lambda channel: (channel.answered, channel.id)).id] if answered else []


def of_channel(all_stays: Iterable[Stay], channel: str) -> list[Stay]:
    """Return the stays of one channel, in order."""
    return sorted((stay for stay in all_stays if stay.channel == channel), key=attrgetter("entered"))
