"""Times that contradict each other, and what is made of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls.clocks import Times, ascending, in_order, mended

START = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout

seconds = st.integers(-4_000, 4_000)


def times_of(dialled: int | None, answered: int | None, ended: int | None, duration: int | None = None) -> Times:
    """Return times in seconds after a start; None is an event that never came."""
    return Times(_at(dialled), _at(answered), _at(ended), None if duration is None else timedelta(seconds=duration))


def _at(second: int | None) -> datetime | None:
    return None if second is None else START + timedelta(seconds=second)


times = st.builds(
    times_of,
    seconds | st.none(),
    seconds | st.none(),
    seconds | st.none(),
    st.integers(0, 5_000) | st.none(),
)


@pytest.mark.parametrize(
    ("reported", "corrected"),
    [
        # In order: nothing changes, unless the leg lasts longer than its duration by half an hour.
        ((0, 5, 65, 10), (0, 5, 65)),
        ((0, 5, 1500, 10), (0, 5, 1500)),
        ((0, 5, 3665, 60), (0, 5, 65)),
        ((0, None, 3630, 30), (0, None, 30)),
        ((None, 5, 3665, 60), (None, 3605, 3665)),
        # Less than a second is a duration in another unit.
        ((0, 5, 3665, 0), (0, 5, 3665)),
        ((0, None, 65, None), (0, None, 65)),
        # The answer's clock is behind: the duration counts back from the end, but not beyond the dial.
        ((3600, 5, 3635, 30), (3600, 3605, 3635)),
        ((3600, 5, 3635, 60), (3600, 3600, 3635)),
        ((3600, 5, 3635, None), (3600, 3600, 3635)),
        ((3600, 5, None, None), (3600, 3600, None)),
        # The answer's clock is ahead.
        ((0, 3605, 35, 30), (0, 5, 35)),
        ((0, 3605, 35, 60), (0, 0, 35)),
        ((0, 3605, 35, None), (0, 35, 35)),
        # The dial's clock is ahead: it disagrees with both others, or with the duration.
        ((3600, 5, 35, None), (5, 5, 35)),
        ((6, 5, 35, 30), (5, 5, 35)),
        # The hangup's clock is behind both.
        ((3600, 3605, 35, 30), (3600, 3605, 3635)),
        ((3600, 3605, 35, None), (3600, 3605, 3605)),
        ((10, None, 7, None), (10, None, 10)),
        ((10, None, 7, 20), (10, None, 30)),
        # A second is jitter, not a wrong clock.
        ((0, 10, 9, None), (0, 10, 10)),
    ],
)
def test_the_clock_that_disagrees_is_corrected(
    reported: tuple[int | None, ...], corrected: tuple[int | None, ...]
) -> None:
    """The time that contradicts the two others moves, as the duration says."""
    assert in_order(times_of(*reported))[:3] == times_of(*corrected)[:3]


@given(times)
def test_corrected_times_are_in_order(reported: Times) -> None:
    """Whatever the events say, dial, answer and end follow each other; what agrees with the duration stays."""
    corrected = in_order(reported)

    assert corrected.is_in_order
    assert in_order(corrected) == corrected
    assert not reported.is_in_order or reported.duration or corrected == reported
    assert bool(mended(reported, corrected)) is (corrected[:3] != reported[:3])


@given(st.lists(seconds, min_size=1))
def test_times_of_a_row_never_decrease(offsets: list[int]) -> None:
    """Each time is raised to the one before it, and no further."""
    given_times = [START + timedelta(seconds=offset) for offset in offsets]
    raised = ascending(*given_times)

    assert all(earlier <= later for earlier, later in pairwise(raised))
    assert raised == [max(given_times[: place + 1]) for place in range(len(given_times))]
