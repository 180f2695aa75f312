"""The families of an Asterisk call: the channels that one LINKEDID created, with their caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.calls.asterisk.channels import Channel


class Family(NamedTuple):
    """The channels that one call created: its caller, and those that were called on the caller's behalf.

    `is_order` says that the PBX first called the caller, since an application ordered the call (click to call).
    """

    id: str
    caller: Channel
    called: tuple[Channel, ...]
    is_order: bool

    @property
    def members(self) -> tuple[Channel, ...]:
        """All channels, the caller first."""
        return (self.caller, *self.called)


def families(channels: Sequence[Channel]) -> tuple[Family, ...]:
    """Return the families in the order in which their callers began."""
    members: dict[str, list[Channel]] = defaultdict(list)
    for channel in channels:
        members[channel.family].append(channel)
    known = (_family(name, own) for name, own in members.items())
    return tuple(sorted((family for family in known if family), key=lambda family: family.caller.order))


def _family(name: str, members: Sequence[Channel]) -> Family | None:
    real = [channel for channel in members if _took_part(channel)]
    if not real:
        return None
    root = next((channel for channel in members if channel.is_root), real[0])
    if root.is_local:
        return _ordered(name, real)
    caller = root if root in real else real[0]
    return Family(name, caller, tuple(channel for channel in real if channel.id != caller.id), is_order=False)


def _ordered(name: str, real: Sequence[Channel]) -> Family:
    """Return an ordered call: who answers first is the caller, and who is called afterwards is called."""
    caller = min(real, key=lambda channel: (channel.answered is None, channel.answered or channel.began, channel.id))
    called = [channel for channel in real if caller.answered and channel.began >= caller.answered]
    return Family(name, caller, tuple(called), is_order=True)


def _took_part(channel: Channel) -> bool:
    """Tell whether a device began in this call; of one that another call created, only the rest is known here."""
    return not channel.is_local and (channel.is_created_here or channel.is_root)
