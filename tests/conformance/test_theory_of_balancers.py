"""Balancers against theory. Seeds are fixed; each test states how often it would fail with another seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from planes import Move, Setup, answers, drawn, versions
from scipy import stats

from sim.balancers.consistent_hash import PLACES, mixed, ring
from sim.engine.protocol import Route
from sim.spec.mesh import Mesh

BY_PODS = Route(by_pods=True)
MEAN = 0.02
EXPONENTIAL = {"distribution": "exponential", "mean": MEAN}
BATCHES = 30
FALSE_ALARM = 1e-4
"""Chance that a right engine fails one of the tests of means, by Student's t."""


def sojourns(pods: int, utilization: float, requests: int, mesh: Mesh, seed: int) -> np.ndarray:
    """Return the times from arrival to answer, in units of the mean service time, once the pods have settled."""
    rate = pods * utilization / MEAN
    setup = Setup(drawn(rate, requests / rate, seed), versions(latency=EXPONENTIAL), pods=(pods,), mesh=mesh)
    given = answers("compiled", setup)
    order = np.argsort(given.request)
    return ((given.finish[order] - setup.requests.arrival) / MEAN)[requests // 10 :]


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return a mean and its standard error: batches of a series that depends on its past are nearly independent."""
    batches = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    return float(batches.mean()), float(batches.std(ddof=1) / math.sqrt(BATCHES))


def least_request(choices: int) -> Mesh:
    return Mesh(least_request={"choice_count": choices}, retries={"attempts": 0})


@pytest.mark.parametrize("utilization", [0.5, 0.9])
def test_the_less_busy_of_two_comes_to_its_limit_of_many_pods(utilization: float) -> None:
    # Source: Vvedenskaya, Dobrushin, Karpelevich (1996); Mitzenmacher (1996): sum of rho^(2^i - 2) mean service times.
    limit = sum(utilization ** (2**i - 2) for i in range(1, 12))
    mean, error = mean_and_error(sojourns(1000, utilization, 300_000, least_request(2), seed=5))
    # A thousand pods are off the limit by about 1 / 1000 of it; beyond that, Student's t.
    assert abs(mean - limit) < limit / 1000 + stats.t(BATCHES - 1).isf(FALSE_ALARM / 2) * error


def shorter_of_two_queues(utilization: float, room: int = 60) -> float:
    """Return the mean sojourn of two exponential servers when all join the shorter queue, from the balance equations.

    A state is (longer, shorter); room: more requests than that at one server do not happen.
    """
    states = [(i, j) for i in range(room + 1) for j in range(i + 1)]
    place = {state: k for k, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for (i, j), k in place.items():
        for target, rate in (
            ((i, j + 1) if i > j else (i + 1, j), 2 * utilization),
            ((i - 1, j), float(i > 0)),
            ((i, j - 1), float(j > 0)),
        ):
            target = (max(target), min(target))
            if rate and target in place:
                rates[k, place[target]] += rate
    rates -= np.diag(rates.sum(axis=1))
    rates[:, 0] = 1.0
    chances = np.linalg.solve(rates.T, np.eye(len(states))[0])
    return float(sum((i + j) * chances[k] for (i, j), k in place.items())) / (2 * utilization)


@pytest.mark.parametrize("utilization", [0.5, 0.9])
def test_two_pods_under_least_request_are_a_join_of_the_shorter_queue(utilization: float) -> None:
    mean, error = mean_and_error(sojourns(2, utilization, 300_000, least_request(2), seed=6))
    expected = shorter_of_two_queues(utilization)
    assert abs(mean - expected) < stats.t(BATCHES - 1).isf(FALSE_ALARM / 2) * error


def owners(pods: list[int], size: int, salt: int) -> np.ndarray:
    """Return the pod of each of many users."""
    points = np.array(ring(pods, size, salt))
    users = np.array([mixed(user ^ salt) for user in range(2000)])
    places = np.searchsorted(points >> 21, users) % len(points)
    return np.array(pods)[points[places] & PLACES]


@pytest.mark.parametrize(("pods", "size"), [(8, 1024), (10, 1000), (40, 1)])
def test_the_share_of_users_that_move_when_one_pod_leaves(pods: int, size: int) -> None:
    moved = []
    for salt in range(60):
        before, after = (owners(list(range(n)), size, salt) for n in (pods, pods - 1))
        moved.append(float(np.mean(before != after)))
    # Before, each pod has k points; after, d more. The first of all these points at or after a user decides: it moves
    # if the point is of the lost pod, or if it is one of the new points and not of the user's own pod.
    k, later = math.ceil(size / pods), math.ceil(size / (pods - 1))
    new = (pods - 1) * (later - k)
    expected = (k + new * (1 - 1 / pods)) / (pods * k + new)
    assert stats.ttest_1samp(moved, expected).pvalue > FALSE_ALARM
    if size == 1:
        assert expected == 1 / pods  # the ring of before but for one point


def test_shares_of_a_ring_differ_as_gaps_between_random_points_do() -> None:
    squares = []
    for salt in range(60):
        points = np.sort(np.array(ring(list(range(8)), 1024, salt)))
        gaps = np.diff(np.append(points >> 21, (points[0] >> 21) + 2**32))
        shares = np.bincount(np.roll(points & PLACES, -1), weights=gaps / 2**32, minlength=8)
        squares.append(float(np.sum((shares - 1 / 8) ** 2)))
    # The share of 128 of 1024 spacings of a circle is a beta variable with parameters 128 and 896.
    assert stats.ttest_1samp(squares, 8 * stats.beta(128, 896).var()).pvalue > FALSE_ALARM


def test_ewma_keeps_away_from_slow_pods_more_than_least_request_does() -> None:
    slow = {"faults": ({"latency_factor": 5.0},)}
    setup = Setup(drawn(200, 60), versions({}, slow, latency=EXPONENTIAL, concurrency=4), pods=(4, 4))
    shares = []
    for kind in ("random", "leastRequest", "ewma"):
        by_pods = setup.but(mesh=Mesh(load_balancer=kind, retries={"attempts": 0}), route=BY_PODS)
        shares.append(float(np.mean(answers("compiled", by_pods).version == 1)))
    assert shares[0] > 0.45 > shares[1] > 0.25 > shares[2]


@pytest.mark.parametrize("aggression", [1.0, 3.0])
def test_shares_under_slow_start_follow_the_weights(aggression: float) -> None:
    # Nine pods are warm, a tenth comes at 100 s: its share at an age is w / (9 + w), w = max(0.1, (age / 100)^(1 / a)).
    moves = [Move(100.0, "add_pod", (9, 0)), Move(100.0, "listen", (9, 100.0)), Move(100.0, "add_endpoint", (9,))]
    mesh = Mesh(load_balancer="roundRobin", warmup={"duration": 100.0, "aggression": aggression})
    setup = Setup(drawn(200, 220), versions(latency=1e-4, concurrency=9), pods=(9,), mesh=mesh, moves=moves)
    given = answers("compiled", setup)
    arrival = setup.requests.arrival[given.request]
    for begin, end in ((105.0, 115.0), (120.0, 140.0), (150.0, 190.0), (205.0, 220.0)):
        inside = (arrival >= begin) & (arrival < end)
        ages = (arrival[inside] - 100.0) / 100.0
        weights = np.where(ages < 1.0, np.maximum(0.1, np.minimum(ages, 1.0) ** (1 / aggression)), 1.0)
        expected = float(np.sum(weights / (9 + weights)))
        # No chance is left: the schedule is off by a turn at each end, and by the weight's growth between two turns.
        assert abs(int(np.sum(given.pod[inside] == 9)) - expected) <= 2 + 0.02 * expected
