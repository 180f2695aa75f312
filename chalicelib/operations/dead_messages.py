"""The dead letters of the event queue as an operator sees them: content, sender, and why they are there."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chalicelib import providers
from chalicelib.calls.events import Unreadable
from chalicelib.envelope import reading
from chalicelib.envelope.messages import Message
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.operations.moments import local_day
from chalicelib.operations.operator_answers import DeadLetterAnswer, DeadLetterLine, DeadLettersAnswer
from chalicelib.platform import dead_letters
from chalicelib.platform.dead_letters import LOOK_LIMIT, DeadLetter
from chalicelib.settings import Settings

READABLE = "it can be read; its attempts failed while the consumer or the database did not work. Send it back"

#: Day of the site, extension and provider -> dead letters.
DeadCounts = Counter[tuple[date, int, str]]


class UnknownDeadLetter(RingledgerError):
    """There is no dead letter with this id; it may have been sent back."""

    code = "unknown-dead-letter"
    status = 404


def queue_of(current: Settings) -> str:
    """Return the address of the event queue. Raises Misconfigured."""
    if not current.events_queue_url:
        raise Misconfigured("EVENTS_QUEUE_URL is not set: it is the address of the queue call-events")
    return current.events_queue_url


def listing(current: Settings, limit: int) -> DeadLettersAnswer:
    """Return the newest dead letters with their reasons. Raises Unavailable and Misconfigured."""
    queue = queue_of(current)
    letters = dead_letters.look(queue)
    return DeadLettersAnswer(
        dead_letters=[_line(letter) for letter in letters[:limit]], count=dead_letters.count(queue)
    )


def one(current: Settings, identity: str) -> DeadLetterAnswer:
    """Return one dead letter with its text. Raises UnknownDeadLetter, Unavailable and Misconfigured."""
    for letter in dead_letters.look(queue_of(current)):
        if letter.id == identity:
            message = _message(letter)
            return DeadLetterAnswer(
                dead_letter=_line(letter),
                text=letter.text,
                query=message.raw.query if message else "",
                body=message.raw.body.decode(errors="backslashreplace") if message else None,
            )
    raise UnknownDeadLetter


def counts(current: Settings, zone: ZoneInfo) -> DeadCounts:
    """Return the dead letters by day, extension and provider; empty without a queue. Raises Unavailable."""
    found: DeadCounts = Counter()
    if not current.events_queue_url or not dead_letters.count(current.events_queue_url):
        return found
    for letter in dead_letters.look(current.events_queue_url, LOOK_LIMIT):
        line = _line(letter)
        found[local_day(line.accepted_at, zone), line.extension, line.provider] += 1
    return found


def _line(letter: DeadLetter) -> DeadLetterLine:
    message = _message(letter)
    return DeadLetterLine(
        id=letter.id,
        accepted_at=message.raw.accepted_at if message else letter.sent_at,
        provider=message.raw.provider if message else "",
        extension=message.extension if message else 0,
        event=message.raw.id if message else "",
        receives=letter.receives,
        bytes=len(letter.text.encode()),
        reason=_reason(letter),
    )


def _message(letter: DeadLetter) -> Message | None:
    try:
        return reading.read(letter.text)
    except UnreadableMessage:
        return None


def _reason(letter: DeadLetter) -> str:
    """Return why a message cannot be stored, as far as it can be known without storing it."""
    try:
        message = reading.read(letter.text)
        if message.quarantine:
            return message.quarantine
        providers.read(message.raw)
    except (UnreadableMessage, Unreadable) as fault:
        return fault.message
    return READABLE


def is_between(letter: DeadLetter, since: datetime | None, until: datetime | None) -> bool:
    """Return True if the letter was accepted in a period of naive UTC times, which may be open."""
    message = _message(letter)
    at = message.raw.accepted_at if message else letter.sent_at
    return (since is None or at >= since) and (until is None or at < until)
