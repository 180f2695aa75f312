"""The channels that hear each other at each moment, since bridges and Local channels connect them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.stays import Stay

_NO_TIME = timedelta(0)


class Stretch(NamedTuple):
    """A time during which a channel hears the same others; `ended` is None while it lasts."""

    began: datetime
    ended: datetime | None
    others: frozenset[str]

    def length(self, now: datetime) -> timedelta:
        """Return how long it was, or has been by `now`."""
        return max((self.ended or now) - self.began, _NO_TIME)


class _Wiring:
    """The bridges' members, and the Local channels between bridges."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._real = frozenset(channel.id for channel in channels if not channel.is_local)
        by_name = {channel.name: channel.id for channel in channels}
        self._other_half = {
            channel.id: by_name[channel.other_half]
            for channel in channels
            if channel.is_local and channel.other_half in by_name
        }
        self._members: dict[str, set[str]] = defaultdict(set)
        self._bridges: dict[str, set[str]] = defaultdict(set)

    def enter(self, channel: str, bridge: str) -> None:
        """Put a channel into a bridge."""
        self._members[bridge].add(channel)
        self._bridges[channel].add(bridge)

    def leave(self, channel: str, bridge: str) -> set[str]:
        """Take a channel out of a bridge, and return who stays there."""
        self._members[bridge].discard(channel)
        self._bridges[channel].discard(bridge)
        return self._members[bridge]

    def connected(self, channel: str) -> frozenset[str]:
        """Return the real channels that `channel` is connected with, itself included."""
        reached, waiting = {channel}, [channel]
        while waiting:
            current = waiting.pop()
            near = {member for bridge in self._bridges[current] for member in self._members[bridge]}
            if current in self._other_half:
                near.add(self._other_half[current])
            waiting += near - reached
            reached |= near
        return self._real & reached


def company(channels: Sequence[Channel], all_stays: Sequence[Stay]) -> dict[str, list[Stretch]]:
    """Return for each real channel the stretches during which it hears others, in order."""
    wiring = _Wiring(channels)
    changes: dict[str, list[tuple[datetime, frozenset[str]]]] = defaultdict(list)
    # Whoever moves to another bridge at one moment is in both of them for no time at all, never in neither.
    entries = [(stay.entered, 0, stay.channel, stay.bridge) for stay in all_stays]
    exits = [(stay.left, 1, stay.channel, stay.bridge) for stay in all_stays if stay.left]
    for at, leaves, channel, bridge in sorted([*entries, *exits]):
        if leaves:
            staying = wiring.leave(channel, bridge)
            touched = [wiring.connected(channel)]
            touched += [wiring.connected(next(iter(staying)))] if staying else []
        else:
            wiring.enter(channel, bridge)
            touched = [wiring.connected(channel)]
        for group in touched:
            for member in group:
                changes[member].append((at, group))
    return {channel: _stretches(channel, moments) for channel, moments in changes.items()}


def _stretches(channel: str, moments: Sequence[tuple[datetime, frozenset[str]]]) -> list[Stretch]:
    stretches: list[Stretch] = []
    open_since: datetime | None = None
    others: frozenset[str] = frozenset()
    for at, group in moments:
        now_heard = group - {channel}
        if now_heard == others:
            continue
        if others and open_since is not None:
            stretches.append(Stretch(open_since, at, others))
        open_since, others = at, now_heard
    if others and open_since is not None:
        stretches.append(Stretch(open_since, None, others))
    return stretches


def lasting(stretches: Sequence[Stretch], now: datetime) -> list[Stretch]:
    """Return the stretches that took some time, or all of them where none did."""
    long = [stretch for stretch in stretches if stretch.ended is None or stretch.length(now) > _NO_TIME]
    return long or list(stretches)


def by_companion(stretches: Sequence[Stretch], now: datetime) -> Mapping[str, timedelta]:
    """Return for how long each other channel was heard."""
    durations: dict[str, timedelta] = defaultdict(lambda: _NO_TIME)
    for stretch in stretches:
        for other in stretch.others:
            durations[other] += stretch.length(now)
    return durations
