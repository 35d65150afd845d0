"""The telling case: one pool in which every policy does something else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from planes import Setup, answers, drawn, versions
from scipy import stats

from sim.balancers import BALANCERS, Ask, Rules
from sim.balancers.consistent_hash import PLACES, mixed, ring
from sim.spec.mesh import Mesh

FALSE_ALARM = 1e-4


@dataclass
class Pod:
    number: int
    requests: int

    def cost(self, now: float) -> float:
        return self.number * (self.requests + now)


@dataclass
class Pool:
    ready: list[Pod] = field(default_factory=lambda: [Pod(7, 9), Pod(3, 1), Pod(5, 4)])
    cursor: int = 0
    rules: Rules = field(default_factory=lambda: Rules(salt=1))
    ring: list[int] | None = None


def picks(kind: str, *choices: tuple[float, float]) -> list[int]:
    pool = Pool()
    return [pool.ready[BALANCERS[kind].pick(pool, Ask(first, second, 42, 0.0))].number for first, second in choices]


def test_each_policy_picks_its_own() -> None:
    choices = [(0.1, 0.2), (0.5, 0.9), (0.9, 0.6)]
    assert picks("roundRobin", *choices) == [7, 3, 5]
    assert picks("random", *choices) == [7, 3, 5]
    assert picks("leastRequest", *choices) == [3, 3, 3]
    assert picks("ewma", *choices) == [3, 3, 3]
    assert picks("ewma", (0.1, 0.9), (0.9, 0.1)) == [5, 5]  # cost 7 x 9 against 5 x 4, where 3 x 1 is not asked
    assert len(set(picks("consistentHash", *choices))) == 1
    assert picks("random", (0.9, 0.1), (0.1, 0.1)) == [5, 7]


def test_round_robin_goes_on_when_pods_leave() -> None:
    pool = Pool(cursor=2)
    pool.ready.pop()
    assert [BALANCERS["roundRobin"].pick(pool, Ask(0.5, 0.5, 0, 0.0)) for _ in range(3)] == [0, 1, 0]


def test_least_request_stays_with_the_first_of_two_alike() -> None:
    pool = Pool([Pod(0, 2), Pod(1, 2)])
    assert [BALANCERS["leastRequest"].pick(pool, Ask(first, 0.5, 0, 0.0)) for first in (0.2, 0.8)] == [0, 1]


def test_the_hash_spreads_users_evenly_over_the_ring() -> None:
    cells = [mixed(user ^ 12345) >> 28 for user in range(20_000)]
    assert stats.chisquare(np.bincount(cells, minlength=16)).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("pods", "size", "expected"), [(8, 1024, 1024), (7, 1024, 1029), (3, 1, 3)])
def test_every_pod_has_as_many_points_and_there_are_enough(pods: int, size: int, expected: int) -> None:
    places = [point & PLACES for point in ring(list(range(pods)), size, salt=7)]
    assert np.bincount(places).tolist() == [expected // pods] * pods


def test_a_retry_goes_on_along_the_ring() -> None:
    pool = Pool()
    first = BALANCERS["consistentHash"].pick(pool, Ask(0.5, 0.5, 42, 0.0))
    seen = [point & PLACES for point in pool.ring[pool.cursor :] + pool.ring]
    assert BALANCERS["consistentHash"].another(pool, first) == next(place for place in seen if place != first)


@pytest.mark.parametrize("kind", ["roundRobin", "random", "leastRequest"])
def test_idle_pods_are_used_alike(kind: str) -> None:
    mesh = Mesh(load_balancer=kind)
    pods = answers("compiled", Setup(drawn(500, 20), versions(latency=1e-6), pods=(5,), mesh=mesh)).pod
    assert stats.chisquare(np.bincount(pods, minlength=5)).pvalue > FALSE_ALARM


def test_codes_are_distinct() -> None:
    assert sorted(balancer.code for balancer in BALANCERS.values()) == list(range(len(BALANCERS)))


def test_more_choices_come_nearer_to_the_least_busy() -> None:
    requests = drawn(450, 50)
    latency = {"distribution": "exponential", "mean": 0.02}
    waits = []
    for count in (2, 5):
        mesh = Mesh(least_request={"choice_count": count}, retries={"attempts": 0})
        given = answers("compiled", Setup(requests, versions(latency=latency), pods=(10,), mesh=mesh))
        waits.append(float(np.mean(given.start - requests.arrival[given.request])))
    assert waits[1] < 0.8 * waits[0]
