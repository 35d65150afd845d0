"""Queues and splits against theory. Seeds are fixed; each test states how often it would fail with another seed."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from planes import BARE_MESH, Setup, answers, drawn, served, started, versions
from scipy import optimize, stats

from sim.engine.protocol import Reason, Route
from sim.spec.mesh import Mesh
from sim.spec.users import Users

MEAN = 0.02
EXPONENTIAL = {"distribution": "exponential", "mean": MEAN}
BATCHES = 30
FALSE_ALARM = 1e-4
"""Chance that a right engine fails one of the tests of means, by Student's t over the batches."""


def erlang_c(servers: int, load: float) -> float:
    """Return the chance of waiting in M/M/c at `load` erlangs."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def waits(rate: float, servers: int, latency: Any, seed: int) -> np.ndarray[Any, Any]:
    """Return the waits of one pod with some workers, in order of arrival, once it has settled."""
    setup = Setup(drawn(rate, 200_000 / rate, seed), versions(concurrency=servers, latency=latency))
    given = answers("compiled", setup)
    order = np.argsort(given.request)
    return (given.start[order] - setup.requests.arrival)[20_000:]


def assert_mean(values: np.ndarray[Any, Any], expected: float) -> None:
    """Compare a mean with its expectation: batches of a series that depends on its past are nearly independent."""
    batches = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    assert stats.ttest_1samp(batches, expected).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("servers", "utilization"), [(1, 0.5), (1, 0.8), (2, 0.7), (4, 0.8), (10, 0.9)])
def test_waits_of_mmc_follow_erlang_c(servers: int, utilization: float) -> None:
    load = servers * utilization
    values = waits(load / MEAN, servers, EXPONENTIAL, seed=servers)
    chance = erlang_c(servers, load)
    assert_mean((values > 0).astype(float), chance)
    assert_mean(values, chance * MEAN / (servers - load))


@pytest.mark.parametrize("servers", [1, 4])
def test_waits_of_mmc_have_an_exponential_tail(servers: int) -> None:
    """P(wait > t) = C exp(-(c mu - lambda) t): the quantiles of Erlang C."""
    load = 0.8 * servers
    values = waits(load / MEAN, servers, EXPONENTIAL, seed=30 + servers)
    for chance in (0.1, 0.01):
        moment = math.log(erlang_c(servers, load) / chance) * MEAN / (servers - load)
        assert_mean((values > moment).astype(float), chance)


@pytest.mark.parametrize("pods", [2, 10])
def test_round_robin_makes_each_pod_an_erlang_queue(pods: int) -> None:
    """Every pods-th Poisson arrival: E_k/M/1, whose chance of waiting is the root s of s = A*(mu (1 - s))."""
    utilization = 0.8
    rate = pods * utilization / MEAN

    def excess(s: float) -> float:
        return float((rate * MEAN / (rate * MEAN + 1 - s)) ** pods - s)

    root = optimize.brentq(excess, 1e-9, 1 - 1e-6)
    setup = Setup(drawn(rate, 200_000 / rate, seed=pods), versions(latency=EXPONENTIAL), pods=(pods,))
    given = answers("compiled", setup)
    values = (given.start[np.argsort(given.request)] - setup.requests.arrival)[20_000:]
    assert_mean((values > 0).astype(float), root)
    assert_mean(values, root * MEAN / (1 - root))


@pytest.mark.parametrize(("servers", "queue", "utilization"), [(1, 0, 0.7), (4, 0, 1.0), (2, 3, 1.2), (3, 10, 0.9)])
def test_a_full_queue_loses_what_mmck_loses(servers: int, queue: int, utilization: float) -> None:
    load = servers * utilization
    terms = [
        load**k / math.factorial(min(k, servers)) / servers ** max(k - servers, 0) for k in range(servers + queue + 1)
    ]
    own = versions(concurrency=servers, queue_capacity=queue, latency=EXPONENTIAL)
    setup = Setup(drawn(load / MEAN, 200_000 * MEAN / load, seed=40 + queue), own)
    given = answers("compiled", setup)
    shed = np.zeros(len(setup.requests.arrival))
    shed[given.request] = given.reason == Reason.SHED
    assert_mean(shed[20_000:], terms[-1] / sum(terms))


@pytest.mark.parametrize("utilization", [0.5, 0.8])
def test_waits_of_md1_are_half_of_those_of_mm1(utilization: float) -> None:
    values = waits(utilization / MEAN, 1, MEAN, seed=11)
    assert_mean(values, utilization / (1 - utilization) * MEAN / 2)


@pytest.mark.parametrize("cv", [0.5, 2.0])
def test_waits_of_mg1_follow_pollaczek_and_khinchine(cv: float) -> None:
    values = waits(0.6 / MEAN, 1, {"distribution": "gamma", "mean": MEAN, "cv": cv}, seed=12)
    assert_mean(values, 0.6 / 0.4 * MEAN * (1 + cv**2) / 2)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("cv", [0.5, 1.0, 3.0])
def test_shared_cores_are_insensitive_to_the_law(cores: int, cv: float) -> None:
    """M/G/c-PS has the sojourn of M/M/c whatever the law of the same mean. Source: Cohen (1979)."""
    rate = 0.7 * cores / MEAN
    law = {"distribution": "gamma", "mean": MEAN, "cv": cv}
    own = versions(concurrency=cores, latency=law, discipline="processorSharing")
    setup = Setup(drawn(rate, 200_000 / rate, seed=20 + cores), own)
    given = answers("compiled", setup)
    order = np.argsort(given.request)
    sojourn = (given.finish[order] - setup.requests.arrival)[20_000:]
    load = 0.7 * cores
    assert_mean(sojourn, MEAN + erlang_c(cores, load) * MEAN / (cores - load))


def test_utilization_is_rate_times_service_time() -> None:
    setup = Setup(drawn(100, 2000), versions(concurrency=4, latency=EXPONENTIAL))
    busy = served("compiled", setup).load().busy_seconds[0]
    # 200,000 exponential service times: relative standard error 1 / sqrt(n), times 5; false alarms 6e-7.
    assert busy == pytest.approx(len(setup.requests.arrival) * MEAN, rel=5 / math.sqrt(len(setup.requests.arrival)))


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_littles_law_holds_exactly_over_a_closed_window(engine: str) -> None:
    rate, latency = 256.0, EXPONENTIAL
    plane = started(engine, Setup(drawn(rate, 4), versions(concurrency=4, latency=latency)))
    plane.advance(math.inf)
    given, arrival = plane.answers(), drawn(rate, 4).arrival
    moments = np.concatenate([arrival, given.finish])
    changes = np.concatenate([np.ones(len(arrival)), -np.ones(len(given))])
    order = np.argsort(moments, kind="stable")
    present = np.cumsum(changes[order])[:-1]
    area = float(np.sum(present * np.diff(moments[order])))
    sojourn = float(np.sum(given.finish - arrival[given.request]))
    assert present.min() >= 0
    assert area == pytest.approx(sojourn, rel=1e-12)
    # The same for the workers: their busy integral is the sum of all service times.
    assert plane.load().busy_seconds[0] == pytest.approx(float(np.sum(given.finish - given.start)), rel=1e-12)


@pytest.mark.parametrize("percent", [0.5, 5.0, 37.3])
def test_a_split_is_binomial(percent: float) -> None:
    counts, n = [], 0
    for replication in range(20):
        requests = drawn(500, 10, seed=3, replication=replication)
        setup = Setup(requests, versions({}, {}, latency=1e-4), (2, 1), route=Route(((1, percent), (0, 100 - percent))))
        counts.append(int((answers("compiled", setup).version == 1).sum()))
        n += len(requests.arrival)
    assert stats.binomtest(sum(counts), n, percent / 100).pvalue > FALSE_ALARM
    # Twenty counts vary as binomial ones do: chi-square with 19 degrees of freedom.
    expected = n / 20 * percent / 100
    spread = sum((count - expected) ** 2 for count in counts) / (expected * (1 - percent / 100))
    assert FALSE_ALARM < stats.chi2(19).sf(spread) < 1 - FALSE_ALARM


def test_a_sticky_split_only_grows() -> None:
    requests = drawn(500, 10, users=Users(count=2000))
    moved: list[set[int]] = []
    for percent in (0.0, 1.0, 5.0, 25.0, 60.0, 100.0):
        route = Route(((0, 100 - percent), (1, percent)), sticky=True)
        given = answers("compiled", Setup(requests, versions({}, {}, latency=1e-4), (2, 2), route=route))
        new, old = (set(requests.user[given.request[given.version == version]].tolist()) for version in (1, 0))
        assert not new & old
        moved.append(new)
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(moved))
    assert (len(moved[0]), len(moved[-1])) == (0, len(set(requests.user.tolist())))


def test_error_rates_are_binomial() -> None:
    setup = Setup(drawn(1000, 100), versions({"error_rate": 0.013}, latency=1e-4, concurrency=100))
    failed = int((answers("compiled", setup).reason == Reason.ERROR).sum())
    assert stats.binomtest(failed, len(setup.requests.arrival), 0.013).pvalue > FALSE_ALARM


def test_every_request_ends_once() -> None:
    mesh = Mesh(timeout=0.1, retries={"attempts": 2, "per_try_timeout": 0.05, "retry_on": ("5xx",)})
    setup = Setup(drawn(400, 20), versions({"error_rate": 0.1}, latency=MEAN, queue_capacity=5), pods=(6,), mesh=mesh)
    engine = served("compiled", setup)
    assert sorted(engine.answers().request.tolist()) == list(range(len(setup.requests.arrival)))
    assert engine.load().waiting.tolist() == engine.load().in_service.tolist() == [0]
    assert np.all(np.diff(engine.answers().finish) >= 0)


def test_a_random_pod_waits_longer_than_one_in_turn_and_that_longer_than_the_less_busy_of_two() -> None:
    latency = EXPONENTIAL
    setup = Setup(drawn(400, 100), versions(latency=latency), pods=(10,), mesh=BARE_MESH)
    means = []
    for balancer in ("random", "roundRobin", "leastRequest"):
        given = answers("compiled", setup.but(mesh=Mesh(load_balancer=balancer, retries={"attempts": 0})))
        means.append(float(np.mean(given.start - setup.requests.arrival[given.request])))
    assert means == sorted(means, reverse=True)
    # A random pod is an M/M/1 queue of its own at utilization 0.8: mean wait 4 service times, here within a tenth.
    assert means[0] == pytest.approx(4 * MEAN, rel=0.1)
