from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.engine import draw_requests
from sim.engine.protocol import Requests
from sim.spec.replay import Trace
from sim.spec.traffic import ProfilePoint, Traffic
from sim.spec.users import Users

USERS = Users(count=1000, segments={"testers": {"count": 25}, "beta": {"share": 0.1}})
RISE = (ProfilePoint(at=10, rate=0, ramp="linear"), ProfilePoint(at=20, rate=100), ProfilePoint(at=30, rate=0))


def draw(traffic: Traffic, *, trace: Trace | None = None, seed: int = 1, replication: int = 0) -> Requests:
    return draw_requests(traffic, USERS, trace, seed, replication, 5.0, 40.0)


def test_poisson_gaps_are_exponential() -> None:
    gaps = np.diff(draw(Traffic(rate=500)).arrival)
    # Kolmogorov-Smirnov at 1e-4; seed fixed.
    assert stats.kstest(gaps, stats.expon(scale=1 / 500).cdf).pvalue > 1e-4


def test_arrivals_fill_the_warm_up_and_the_run() -> None:
    arrival = draw(Traffic(rate=500)).arrival
    assert -5 <= arrival[0] < -4.9
    assert 39.9 < arrival[-1] < 40
    assert np.all(np.diff(arrival) >= 0)


def test_a_ramp_is_followed() -> None:
    arrival = draw(Traffic(profile=RISE)).arrival
    counts, _ = np.histogram(arrival, [-5, 10, 15, 20, 30, 40])
    assert counts[[0, 4]].tolist() == [0, 0]
    # Expected 125, 375, 1000: five standard deviations, false alarms below 2e-6.
    assert np.all(np.abs(counts[1:4] - [125, 375, 1000]) < 5 * np.sqrt([125, 375, 1000]))


def test_within_a_ramp_arrivals_follow_its_square() -> None:
    arrival = draw(Traffic(profile=RISE)).arrival
    inside = arrival[(arrival > 10) & (arrival < 20)]
    assert stats.kstest(((inside - 10) / 10) ** 2, "uniform").pvalue > 1e-4


def test_before_the_release_the_first_rate_holds() -> None:
    rising = Traffic(profile=(ProfilePoint(at=0, rate=2), ProfilePoint(at=1, rate=50)), arrivals="constant")
    arrival = draw(rising).arrival
    assert arrival[arrival < 1].tolist() == np.arange(-4.75, 1, 0.5).tolist()


def test_constant_arrivals_come_in_the_middle_of_their_share() -> None:
    assert draw(Traffic(rate=1, arrivals="constant")).arrival.tolist() == np.arange(-4.5, 40, 1).tolist()


def test_a_higher_rate_moves_arrivals_but_keeps_who_they_are() -> None:
    slow, fast = draw(Traffic(rate=50)), draw(Traffic(rate=100))
    n = len(slow.arrival)
    assert slow.user.tolist() == fast.user[:n].tolist()
    assert (slow.arrival + 5) == pytest.approx(2 * (fast.arrival[:n] + 5))


def test_no_rate_no_requests() -> None:
    assert len(draw(Traffic(profile=(ProfilePoint(at=0, rate=0),))).arrival) == 0


def test_a_trace_gives_times_and_users_and_nothing_in_the_warm_up() -> None:
    trace = Trace(np.array([0.0, 1.5, 1.5, 39.0, 41.0]), np.array([3, 1, 2, 3, 9], np.int32))
    requests = draw(Traffic(trace="t.csv"), trace=trace)
    assert requests.arrival.tolist() == [0.0, 1.5, 1.5, 39.0]
    assert requests.user.tolist() == [3, 1, 2, 3]


def test_a_trace_without_users_draws_them() -> None:
    requests = draw(Traffic(trace="t.csv"), trace=Trace(np.arange(20.0), None))
    assert requests.user.tolist() == draw(Traffic(rate=500)).user[:20].tolist()


def test_users_are_uniform() -> None:
    counts = np.bincount(draw(Traffic(rate=5000)).user, minlength=1000)
    # Chi-square over 1,000 users at 1e-4.
    assert stats.chisquare(counts).pvalue > 1e-4


def test_segments_are_disjoint_and_of_their_size() -> None:
    requests = draw(Traffic(rate=1))
    assert requests.segments == ("testers", "beta")
    assert np.bincount(requests.segment_of_user + 1).tolist() == [875, 25, 100]


def test_a_larger_segment_keeps_its_users() -> None:
    small = draw_requests(Traffic(rate=1), Users(count=1000, segments={"a": {"count": 10}}), None, 1, 0, 0, 1)
    large = draw_requests(Traffic(rate=1), Users(count=1000, segments={"a": {"count": 20}}), None, 1, 0, 0, 1)
    assert set(np.flatnonzero(small.segment_of_user == 0)) < set(np.flatnonzero(large.segment_of_user == 0))


def test_own_numbers_are_inside_zero_and_one() -> None:
    requests = draw(Traffic(rate=500))
    for numbers in (requests.sticky_of_user, requests.conversion_of_user, requests.conversion):
        assert 0 < numbers.min() < numbers.max() < 1


def test_replications_differ_and_repeat() -> None:
    first, again, other = (draw(Traffic(rate=50), replication=replication) for replication in (0, 0, 1))
    assert first.arrival.tobytes() == again.arrival.tobytes() != other.arrival.tobytes()


def test_the_largest_seed_works() -> None:
    assert len(draw(Traffic(rate=50), seed=2**64 - 1).arrival) > 0


def test_requests_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        draw(Traffic(rate=50)).arrival[0] = 0
