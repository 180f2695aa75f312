"""A client of the Asterisk Manager Interface (AMI): actions with their answers and events, over one TCP connection."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Mapping
from typing import Callable

from ringledger_asterisk.agent_settings import Ami
from ringledger_asterisk.concurrency import within

CONNECT_SECONDS = 10
ANSWER_SECONDS = 10
#: The pauses before the next attempt to connect, in seconds: the first, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: A connection on which nothing came for so long is asked whether it still works.
SILENCE_SECONDS = 30
#: The longest line of a message, in bytes, and the lines of one message.
LINE_LIMIT = 65_536
LINES_LIMIT = 500

#: Reasons of OriginateResponse (Asterisk's control frames).
_REASONS = {
    "0": "no such extension or number",
    "1": "no answer",
    "3": "no answer",
    "5": "busy",
    "8": "congestion or the number is not available",
}

logger = logging.getLogger(__name__)
Fields = Mapping[str, str]
#: Takes an event that is no answer to an action. While it works, nothing more is read.
Listener = Callable[[Fields], Awaitable[None]]


class AmiFault(Exception):
    """The PBX refused an action, or is away. The message is for the person who ordered it."""


class AmiConnection:
    """One connection that is logged in. Actions run concurrently; their ids tell the answers apart."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Listener) -> None:
        """Use an open connection. Events that are no answers go to `heard`."""
        self._reader, self._writer, self._heard = reader, writer, heard
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Queue[Fields]] = {}

    @classmethod
    async def open(cls, ami: Ami, heard: Listener) -> AmiConnection:
        """Connect and log in. Raise AmiFault."""
        try:
            opening = asyncio.open_connection(ami.host, ami.port, limit=LINE_LIMIT)
            reader, writer = await within(opening, CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError) as fault:
            raise AmiFault(f"the PBX at {ami.host}:{ami.port} is away: {fault}") from None
        connection = cls(reader, writer, heard)
        try:
            await within(connection._greeting(), CONNECT_SECONDS)
        except (OSError, ValueError, asyncio.TimeoutError, AmiFault) as fault:
            connection.close()
            raise AmiFault(f"{ami.host}:{ami.port} does not speak AMI: {fault}") from None
        return connection

    async def _greeting(self) -> None:
        line = await self._reader.readline()
        if b"Call Manager" not in line:
            raise AmiFault("no greeting of an Asterisk Call Manager")

    def close(self) -> None:
        """Close the connection. Waiting actions fail."""
        self._writer.close()
        for answers in self._answers.values():
            answers.put_nowait({"Response": "Error", "Message": "the connection to the PBX was lost"})

    async def read(self) -> None:
        """Pass answers to the actions that wait for them, and events to the listener, until the connection ends.

        Raise AmiFault.
        """
        try:
            while True:
                message = await self._message()
                answers = self._answers.get(message.get("ActionID", ""))
                if answers:
                    answers.put_nowait(message)
                elif "Event" in message:
                    await self._heard(message)
        except (OSError, ValueError, EOFError) as fault:
            raise AmiFault(f"the connection to the PBX was lost: {fault}") from None

    async def watch(self) -> None:
        """Ask the PBX again and again whether it is there. Raise AmiFault if it does not answer."""
        while True:
            await asyncio.sleep(SILENCE_SECONDS)
            await self.act("Ping")

    async def act(self, action: str, **fields: str) -> Fields:
        """Send an action and return its answer. Raise AmiFault if the PBX refuses it or does not answer."""
        with _Answers(self._answers, f"rl-{next(self._numbers)}") as (identity, answers):
            await self._send({"Action": action, "ActionID": identity, **fields})
            return _accepted(action, await _next(action, answers))

    async def originate(self, queued: Callable[[], Awaitable[None]], seconds: float, fields: Fields) -> None:
        """Start a call. Await `queued` when the PBX has accepted it, then wait until it is answered.

        Raise AmiFault if the PBX refuses it, or it is not answered within `seconds`.
        """
        with _Answers(self._answers, f"rl-{next(self._numbers)}") as (identity, answers):
            await self._send({"Action": "Originate", "ActionID": identity, "Async": "true", **fields})
            _accepted("Originate", await _next("Originate", answers))
            await queued()
            result = await _next("Originate", answers, seconds + ANSWER_SECONDS)
            reason = _REASONS.get(result.get("Reason", ""), "the call failed")
            _accepted("Originate", {"Message": reason, **result})

    async def listing(self, action: str, end: str) -> list[Fields]:
        """Send an action that answers with a list of events, and return them. Raise AmiFault."""
        with _Answers(self._answers, f"rl-{next(self._numbers)}") as (identity, answers):
            await self._send({"Action": action, "ActionID": identity})
            _accepted(action, await _next(action, answers))
            events: list[Fields] = []
            while (message := await _next(action, answers)).get("Event") != end:
                _accepted(action, message)
                events.append(message)
            return events

    async def _send(self, fields: Fields) -> None:
        if not all(text.isprintable() for text in fields.values()):
            raise AmiFault("a value has a line break or another control character")
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        try:
            self._writer.write(f"{text}\r\n".encode())
            await self._writer.drain()
        except OSError as fault:
            raise AmiFault(f"the connection to the PBX was lost: {fault}") from None

    async def _message(self) -> Fields:
        """Read one message. Lines without a colon, such as output of commands, are ignored."""
        fields: dict[str, str] = {}
        for _ in range(LINES_LIMIT):
            line = await self._reader.readline()
            if not line.endswith(b"\n"):
                raise EOFError("the PBX closed it")
            if not line.strip():
                return fields
            name, colon, value = line.decode(errors="replace").partition(":")
            if colon:
                fields[name.strip()] = value.strip()
        raise ValueError(f"a message has more than {LINES_LIMIT} lines")


class _Answers:
    """The messages for one action, while it waits."""

    def __init__(self, waiting: dict[str, asyncio.Queue[Fields]], identity: str) -> None:
        self._waiting, self._identity = waiting, identity

    def __enter__(self) -> tuple[str, asyncio.Queue[Fields]]:
        self._waiting[self._identity] = asyncio.Queue()
        return self._identity, self._waiting[self._identity]

    def __exit__(self, *_: object) -> None:
        del self._waiting[self._identity]


async def _next(action: str, answers: asyncio.Queue[Fields], seconds: float = ANSWER_SECONDS) -> Fields:
    try:
        return await within(answers.get(), seconds)
    except asyncio.TimeoutError:
        raise AmiFault(f"the PBX did not answer {action} within {seconds:g} seconds") from None


def _accepted(action: str, answer: Fields) -> Fields:
    if answer.get("Response", "Success") not in {"Success", "Goodbye", "Pong"}:
        raise AmiFault(f"{action}: {answer.get('Message', 'refused without a reason')}")
    return answer


async def _ignore(_event: Fields) -> None:
    """Take an event that this program does not need."""


class Manager:
    """The PBX: a connection that is opened again whenever it is lost, with longer and longer pauses."""

    def __init__(self, ami: Ami, heard: Listener = _ignore) -> None:
        """Connect in `run`; events that are no answers go to `heard`."""
        self._ami, self._heard = ami, heard
        self._connection: AmiConnection | None = None

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._serve()
            except _Lost as fault:
                pause = FIRST_PAUSE
                logger.warning("%s; connecting again", fault)
            except AmiFault as fault:
                logger.warning("%s; next attempt in %g seconds", fault, pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _serve(self) -> None:
        """Serve one connection until it is lost. Raise AmiFault if it cannot be opened, and _Lost later."""
        connection = await AmiConnection.open(self._ami, self._heard)
        tasks = [asyncio.ensure_future(connection.read())]
        try:
            await connection.act("Login", Username=self._ami.username, Secret=self._ami.secret, Events="call")
            logger.info("connected to the PBX at %s:%d", self._ami.host, self._ami.port)
            self._connection = connection
            tasks.append(asyncio.ensure_future(connection.watch()))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            raise _Lost(*[str(task.exception()) for task in done])
        finally:
            self._connection = None
            connection.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def is_connected(self) -> bool:
        """Return True while actions can be sent."""
        return self._connection is not None

    async def act(self, action: str, **fields: str) -> Fields:
        """Send an action and return its answer. Raise AmiFault."""
        return await self._open().act(action, **fields)

    async def originate(self, queued: Callable[[], Awaitable[None]], seconds: float, **fields: str) -> None:
        """Start a call, as `AmiConnection.originate` does. Raise AmiFault."""
        await self._open().originate(queued, seconds, fields)

    async def channels(self) -> list[Fields]:
        """Return the channels of the PBX. Raise AmiFault."""
        return await self._open().listing("CoreShowChannels", "CoreShowChannelsComplete")

    def _open(self) -> AmiConnection:
        if self._connection is None:
            raise AmiFault("the agent program has no connection to the PBX")
        return self._connection


class _Lost(AmiFault):
    """A connection that worked was lost."""
