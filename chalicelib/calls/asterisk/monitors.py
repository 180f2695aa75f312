"""The recordings of an Asterisk call: MixMonitor names a file, and the channel it listens to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import APP_START, MONITOR_START, MONITOR_STOP, ChannelEvent
from chalicelib.calls.asterisk.channel_talks import ChannelTalk
from chalicelib.calls.asterisk.channels import Channel

_APP = "mixmonitor"


class Monitor(NamedTuple):
    """A file that records a channel from `began` until `ended`, which is None while it lasts."""

    file: str
    channel: str
    began: datetime
    ended: datetime | None

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return PurePosixPath(self.file).name


def monitors(call: AsteriskCall, talk: ChannelTalk) -> list[Monitor]:
    """Return the recordings that hold a talk, in order: of either side, or of what connects them."""
    ended = talk.ended or call.last
    return [
        monitor
        for monitor in sorted(_monitors(call.every), key=lambda monitor: (monitor.began, monitor.file))
        if _is_near(call, talk, monitor.channel)
        and monitor.began <= ended
        and (monitor.ended is None or monitor.ended >= talk.began)
    ]


def monitor_notes(own: Sequence[Monitor]) -> Mapping[str, str]:
    """Return what a record keeps of its recordings: files and times."""
    if not own:
        return {}
    return {
        "recording_file": "; ".join(monitor.file for monitor in own),
        "recording_began": own[0].began.isoformat(),
        "recording_ended": own[-1].ended.isoformat() if own[-1].ended else "",
    }


def _is_near(call: AsteriskCall, talk: ChannelTalk, channel: str) -> bool:
    if channel in (talk.channel.id, talk.partner.id):
        return True
    # A Local channel connects others; it is recorded where a call was ordered or distributed.
    recorded = next(other for other in call.every if other.id == channel)
    return recorded.is_local and recorded.family in (talk.channel.family, talk.partner.family)


def _monitors(channels: Iterable[Channel]) -> Iterator[Monitor]:
    for channel in channels:
        starts = [record for record in channel.records if _file(record)]
        for record in starts:
            yield Monitor(_file(record), channel.id, record.at, _stopped(channel, record))


def _file(record: ChannelEvent) -> str:
    if record.kind == MONITOR_START:
        return record.extra.get("filename", "")
    if record.kind == APP_START and record.app.lower() == _APP:
        return record.app_data.split(",", 1)[0]
    return ""


def _stopped(channel: Channel, start: ChannelEvent) -> datetime | None:
    number = start.extra.get("mixmonitor_id", "")
    stops = [
        record.at
        for record in channel.records
        if record.kind == MONITOR_STOP and record.at >= start.at and record.extra.get("mixmonitor_id", "") == number
    ]
    return stops[0] if stops else channel.ended
