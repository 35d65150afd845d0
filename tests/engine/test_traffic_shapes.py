"""Shapes of traffic that are drawn before the run: periods, bursts, batches, and who is active."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.engine import draw_requests
from sim.engine.batches import rounded
from sim.engine.bursts import phases, remaining
from sim.engine.protocol import Requests
from sim.spec.bursty import Bursty
from sim.spec.distributions import Constant, Exponential
from sim.spec.traffic import ProfilePoint, Traffic
from sim.spec.users import Users

DAY = (ProfilePoint(at=0, rate=2, ramp="linear"), ProfilePoint(at=60, rate=10), ProfilePoint(at=80, rate=4))


def draw(
    traffic: Traffic, *, users: Users | None = None, seed: int = 1, start: float = 0.0, end: float = 100.0
) -> Requests:
    return draw_requests(traffic, users or Users(count=1000), None, seed, 0, -start, end)


def test_a_period_repeats_the_profile_before_and_after_zero() -> None:
    traffic = Traffic(profile=DAY, period=100, arrivals="constant")
    two = draw(traffic, start=-100.0, end=100.0).arrival
    first, second = two[two < 0], two[two >= 0]
    # 6 a second for 60 s, 10 for 20 s, 4 for 20 s.
    assert (len(first), len(second)) == (640, 640)
    assert first + 100 == pytest.approx(second)


def test_a_period_may_begin_anywhere_and_its_last_ramp_ends_at_its_first_point() -> None:
    saw = Traffic(
        profile=(ProfilePoint(at=25, rate=0, ramp="linear"), ProfilePoint(at=75, rate=10, ramp="linear")), period=100
    )
    assert list(saw.stretches(0.0, 100.0)) == [(0.0, 25.0, 5.0, 0.0), (25.0, 75.0, 0.0, 10.0), (75.0, 100.0, 10.0, 5.0)]
    assert saw.expected_requests(-950.0, 1050.0) == pytest.approx(5 * 2000)


def test_a_batch_arrives_at_one_moment_and_the_rate_counts_requests() -> None:
    arrival = draw(Traffic(rate=6, batch_size=3, arrivals="constant")).arrival
    assert len(arrival) == 600
    assert np.unique(arrival, return_counts=True)[1].tolist() == [3] * 200


def test_sizes_are_rounded_so_that_their_mean_stays() -> None:
    luck = (np.arange(1000) + 0.5) / 1000
    assert rounded(np.full(1000, 2.25), luck).mean() == 2.25
    assert rounded(np.full(1000, 4.0), luck).tolist() == [4] * 1000
    assert rounded(np.array([1e300]), np.array([0.5])).tolist() == [10_000]


def test_bursts_keep_the_mean_and_have_the_factor() -> None:
    bursty = Bursty(rate_factor=9, on=10, off=30)
    assert bursty.factors == pytest.approx((1 / 3, 3))
    traffic = Traffic(rate=50, bursty=bursty, arrivals="constant")
    arrival = draw(traffic, end=4000.0).arrival
    assert len(arrival) == pytest.approx(50 * 4000, rel=0.01)  # a hundred cycles, of which one is not whole
    per_second = np.bincount(arrival.astype(np.int64))
    assert {round(count) for count in np.quantile(per_second, [0.1, 0.5, 0.9])} <= {16, 17, 150}


def test_bursts_follow_a_profile() -> None:
    traffic = Traffic(
        profile=(ProfilePoint(at=0, rate=0, ramp="linear"), ProfilePoint(at=1000, rate=100)),
        bursty=Bursty(rate_factor=3, on=1, off=1),
    )
    arrival = draw(traffic, end=1000.0).arrival
    late = np.count_nonzero(arrival > 500) / len(arrival)
    assert late == pytest.approx(0.75, abs=0.01)


def test_phases_take_turns_and_cover_the_run() -> None:
    changes, is_burst = phases(Bursty(rate_factor=2, on=Exponential(mean=2), off=3), -10.0, 1000.0, 1, 0)
    assert changes[0] == -10.0
    assert np.all(np.diff(changes) > 0)
    assert np.all(np.diff(is_burst) != 0)
    lulls = np.diff(changes)[is_burst[:-1] == 0]
    assert lulls[1:] == pytest.approx(3.0)


def test_a_phase_that_is_met_goes_on_for_a_residual_life() -> None:
    luck = np.random.default_rng(1).random((2000, 2))
    memoryless = [remaining(Exponential(mean=2), which, place) for which, place in luck.tolist()]
    constant = [remaining(Constant(value=2), which, place) for which, place in luck.tolist()]
    # Kolmogorov-Smirnov at 1e-4; seed fixed.
    assert stats.kstest(memoryless, stats.expon(scale=2).cdf).pvalue > 1e-4
    assert stats.kstest(constant, stats.uniform(scale=2).cdf).pvalue > 1e-4


def test_a_segment_sends_so_many_times_the_requests() -> None:
    users = Users(count=1000, segments={"robots": {"count": 100, "rate_factor": 9}})
    requests = draw(Traffic(rate=500), users=users)
    robots = np.count_nonzero(requests.segment_of_user[requests.user] == 0)
    n = len(requests.user)
    # Half of the requests: binomial at 1e-4.
    assert stats.binomtest(robots, n, 0.5).pvalue > 1e-4


def test_who_comes_does_not_change_when_requests_come() -> None:
    users = Users(count=1000, activity={"distribution": "gamma", "mean": 1, "cv": 2})
    assert draw(Traffic(rate=50), users=users).arrival.tobytes() == draw(Traffic(rate=50)).arrival.tobytes()


def test_activity_spreads_requests_over_users_as_its_law_says() -> None:
    users = Users(count=20_000, activity={"distribution": "exponential", "mean": 7})
    counts = np.bincount(draw(Traffic(rate=1000), users=users).user, minlength=20_000)
    # Poisson with an exponential mean of 5 is geometric: the variance is m + m^2, known here to about 2 %.
    mean = counts.mean()
    assert counts.var() == pytest.approx(mean + mean**2, rel=0.1)


def test_equal_activity_draws_the_same_users_as_none() -> None:
    equal = Users(count=1000, segments={"all": {"share": 1.0, "rate_factor": 1}})
    assert draw(Traffic(rate=50), users=equal).user.tobytes() == draw(Traffic(rate=50)).user.tobytes()
