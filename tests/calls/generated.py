"""Generated calls: few extensions, few seconds and every kind of event, so that ties and contradictions are common."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from chalicelib.calls.events import Event, Kind, fingerprint

START = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
OUTSIDE = "+79214567892"
PUBLIC = "79300369446"
CODES = ("*98", "*8", "*8106", "*700", "*701", "*55106", "107")
PHONES = ("13596*106", "13596*107", "13596*108")
STATUSES = ("CALLING", "ANSWER", "BUSY", "CANCEL", "NOANSWER", "CHANUNAVAIL", "CONGESTION", "ODD", "")
DEVICES = {"13596*099": "ivr", "13596*300": "queue"}

moments = st.integers(0, 60).map(lambda tenths: START + timedelta(seconds=tenths / 2))
kinds = st.sampled_from([Kind.DIAL_IN, Kind.DIAL_OUT, Kind.ANSWER, Kind.HANGUP, Kind.HANGUP, Kind.OTHER])


def _event(provider: str, at: datetime, call: str, **facts: object) -> Event:
    """Return an event whose content is all of its facts, as the providers' modules make it."""
    content = fingerprint(str(at), str(sorted(facts.items())))
    return Event(provider, "13596", call, at=at, accepted_at=at, identity=content, content=content, **facts)  # type: ignore[arg-type]


@st.composite
def _telphin(draw: st.DrawFn) -> Event:
    extension = draw(st.sampled_from([*PHONES, *PHONES, *DEVICES]))
    device = DEVICES.get(extension, "phone")
    kind = draw(kinds)
    hangup = kind is Kind.HANGUP
    remote = draw(st.sampled_from(["", "", OUTSIDE])) if kind is Kind.DIAL_IN else ""
    outgoing = kind is Kind.DIAL_OUT
    # Seldom, an IVR is registered as a phone.
    mistyped = False if hangup and draw(st.integers(0, 9)) == 0 else None
    return _event(
        "telphin",
        draw(moments),
        "call",
        leg_id=f"{extension}/{draw(st.integers(1, 2))}",
        kind=kind,
        extension=extension,
        device=device,
        flow=draw(st.sampled_from(["in", "out", ""])),
        caller=draw(st.sampled_from([OUTSIDE, *PHONES, ""])),
        called=draw(st.sampled_from([OUTSIDE, *PHONES, *DEVICES, *(CODES if outgoing else ()), ""])),
        did=draw(st.sampled_from(["", "", PUBLIC])),
        callback=draw(st.sampled_from(["", "", "", "CB"])) if outgoing else "",
        remote=remote,
        status=draw(st.sampled_from(STATUSES)),
        bridged=draw(st.sampled_from([True, False, None])) if hangup and device != "phone" else mistyped,
        duration=draw(st.sampled_from([None, timedelta(seconds=3), timedelta(days=1)])) if hangup else None,
        duration_in_clock_unit=draw(st.sampled_from([None, timedelta(seconds=5)])) if hangup else None,
        transferred=draw(st.sampled_from([False, False, True])),
        recording=draw(st.sampled_from(["", "rec"])) if hangup else "",
    )


@st.composite
def _mtt(draw: st.DrawFn) -> Event:
    kind = draw(
        st.sampled_from([Kind.DIAL_OUT, Kind.ANSWER, Kind.TALK, Kind.HANGUP, Kind.PREMEDIA_START, Kind.PREMEDIA_END])
    )
    number = draw(st.sampled_from(["79684881033", "79684881044", ""]))
    return _event(
        "mtt",
        draw(moments).replace(microsecond=0),
        "conference",
        leg_id=number,
        kind=kind,
        caller=OUTSIDE,
        called="79586488002",
        side=draw(st.sampled_from(["a", "b", ""])),
        cause=draw(st.sampled_from([None, 1, 16, 17, 19, 21, 99])) if kind is Kind.HANGUP else None,
    )


def closing(event: Event, at: datetime = START + timedelta(hours=4)) -> Event:
    """Return the closing of the call of `event`."""
    return _event(event.provider, at, event.call_id, leg_id="", kind=Kind.CLOSED)


def _maybe_closed(events: list[Event], closed: object) -> list[Event]:
    return [*events, closing(events[0])] if closed else events


telphin_calls = st.builds(_maybe_closed, st.lists(_telphin(), min_size=1, max_size=10), st.booleans())
mtt_calls = st.builds(_maybe_closed, st.lists(_mtt(), min_size=1, max_size=8), st.booleans())
any_calls = telphin_calls | mtt_calls
