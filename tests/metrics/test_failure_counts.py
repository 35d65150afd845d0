"""Counters read at scrapes give what counting again would."""

from hypothesis import given
from hypothesis import strategies as st
from nine_rows import CANDIDATE, REQUESTS, answers, window

from sim.metrics.error_rate import error_rate
from sim.metrics.failure_counts import FailureCounts
from sim.metrics.window import Selection

MOMENTS = st.floats(-1, 8)


@given(
    st.sampled_from((None, CANDIDATE)),
    st.sampled_from((None, 0)),
    st.lists(MOMENTS, unique=True, max_size=5),
    MOMENTS,
    MOMENTS,
)
def test_a_window_between_scrapes_is_counted_exactly(
    version: int | None, segment: int | None, scrapes: list[float], start: float, end: float
) -> None:
    selection = Selection(None if version is None else (version,), segment)
    counts = FailureCounts(REQUESTS, selection)
    for at in [*sorted(scrapes), 8.0]:
        counts.scrape(answers(), at)
    start, end = min(start, end), max(start, end)
    found = counts.between(answers(), start, end)
    expected = window(start, end, *(() if version is None else (version,)), segment=segment)
    assert found.requests == len(expected)
    assert found.requests == 0 or found.error_rate == error_rate(expected)
