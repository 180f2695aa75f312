"""The orders as actions of AMI: originate, redirect, hangup, flash, and pauses in queues."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import Callable

from ringledger_asterisk.agent_settings import Dialling
from ringledger_asterisk.ami import AmiFault, Fields, Manager
from ringledger_asterisk.pbx_orders import PbxOrder, PbxOrderFault

#: The cause of a declined call (ITU-T Q.850).
REJECTED = "21"
READY = "1"

#: Reports that an order is done; a started call has an id.
Done = Callable[..., Awaitable[None]]


class Actions:
    """Carries out orders by the actions of a PBX."""

    def __init__(self, manager: Manager, dialling: Dialling) -> None:
        """Use the names of channels and contexts in `dialling`."""
        self._manager, self._dialling = manager, dialling
        self._ways: dict[str, Callable[[PbxOrder, Done], Awaitable[None]]] = {
            "wp_autocallstart": self._start,
            "wp_switchcall": self._switch,
            "wp_autocallstop": self._stop,
            "wp_declinecall": self._decline,
            "wp_flash": self._flash,
            "wp_setuserstate": self._pause,
        }

    async def carry_out(self, order: PbxOrder, done: Done) -> None:
        """Carry out an order, and await `done` as soon as the PBX has accepted it.

        Raise AmiFault if the PBX does not carry it out. A started call may fail after `done`.
        """
        way = self._ways.get(order.command)
        if way is None:
            raise AmiFault(f"this program does not know the command {order.command}")
        try:
            await way(order, done)
        except PbxOrderFault as fault:
            raise AmiFault(str(fault)) from None

    async def _start(self, order: PbxOrder, done: Done) -> None:
        call_id = f"{_prefix(order)}{order.id}"
        ends = self._back(order) if order.parameters.get("sequence") == "back" else self._direct(order)
        caller = {"CallerID": order.user["number"]} if order.user["number"] else {}
        await self._manager.originate(
            lambda: done(call_id),
            self._dialling.seconds,
            Timeout=str(self._dialling.seconds * 1_000),
            ChannelId=call_id,
            Variable=f"__CallBackID={order.id}",
            **caller,
            **ends,
        )

    def _back(self, order: PbxOrder) -> Fields:
        """Ring the line first. When it answers, the dial plan calls the number."""
        return {"Channel": self._line(order), "Context": self._dialling.context, "Exten": order.number, "Priority": "1"}

    def _direct(self, order: PbxOrder) -> Fields:
        """Call the number first. When it answers, ring the line."""
        inside = order.parameters.get("direction") == "pbx"
        template = f"Local/{{number}}@{self._dialling.context}" if inside else self._dialling.outside
        channel = template.format(**{**order.user, "number": order.number})
        return {"Channel": channel, "Application": "Dial", "Data": f"{self._line(order)},{self._dialling.seconds}"}

    async def _switch(self, order: PbxOrder, done: Done) -> None:
        channels = await self._manager.channels()
        bridges = {each["BridgeId"] for each in self._own(order, channels) if each.get("BridgeId")}
        others = [each for each in channels if each.get("BridgeId") in bridges and not self._is_own(order, each)]
        if not others:
            # As an Oktell server does for a line without a call.
            await self._start(order, done)
            return
        for other in others:
            await self._manager.act(
                "Redirect",
                Channel=other["Channel"],
                Context=self._dialling.context,
                Exten=order.number,
                Priority="1",
            )
        await done()

    async def _stop(self, order: PbxOrder, done: Done) -> None:
        for channel in await self._manager.channels():
            if channel.get("Uniqueid", "").startswith(_prefix(order)):
                await self._hang_up(channel, {})
        await done()

    async def _decline(self, order: PbxOrder, done: Done) -> None:
        for channel in self._own(order, await self._manager.channels()):
            if channel.get("ChannelStateDesc") == "Ringing":
                await self._hang_up(channel, {"Cause": REJECTED})
        await done()

    async def _hang_up(self, channel: Fields, fields: Fields) -> None:
        try:
            await self._manager.act("Hangup", Channel=channel["Channel"], **fields)
        except AmiFault as fault:
            # It may have ended since the list was made.
            if "no such channel" not in str(fault).lower():
                raise

    async def _flash(self, order: PbxOrder, done: Done) -> None:
        own = self._own(order, await self._manager.channels())
        talking = [channel for channel in own if channel.get("ChannelStateDesc") == "Up"]
        if not talking:
            raise AmiFault("the line has no call")
        await self._manager.act("SendFlash", Channel=talking[0]["Channel"])
        await done()

    async def _pause(self, order: PbxOrder, done: Done) -> None:
        paused = _is_paused(order)
        if paused is not None:
            reason = order.parameters.get("lunchreasonmsg") or order.parameters.get("lunchreasonid") or ""
            fields = {"Reason": " ".join(reason.split())[:80]} if reason and paused else {}
            interface = self._dialling.queue_interface.format(**order.user)
            await self._manager.act("QueuePause", Interface=interface, Paused=str(paused).lower(), **fields)
        await done()

    def _line(self, order: PbxOrder) -> str:
        return self._dialling.line.format(**order.user)

    def _is_own(self, order: PbxOrder, channel: Fields) -> bool:
        # Asterisk numbers the channels of a device: PJSIP/106-0000002a.
        return channel.get("Channel", "").rpartition("-")[0] == self._line(order)

    def _own(self, order: PbxOrder, channels: list[Fields]) -> Iterator[Fields]:
        return (channel for channel in channels if self._is_own(order, channel))


def _prefix(order: PbxOrder) -> str:
    """Return how the ids of channels begin that this program starts for the user."""
    return f"ringledger-{order.user_id}-"


def _is_paused(order: PbxOrder) -> bool | None:
    """Return True if the user may get no calls of queues after the change, and None if it changes nothing there."""
    parameters = order.parameters
    if "userstateid" in parameters:
        return parameters["userstateid"] != READY
    if "onlunch" in parameters:
        return parameters["onlunch"] == "1"
    return parameters["oncallcenter"] != "1" if "oncallcenter" in parameters else None
