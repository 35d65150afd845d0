"""Arrivals against theory: Poisson under every profile, bursts and batches by formula, endless servers in time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from planes import BARE_MESH, Setup, answers, versions
from scipy import integrate, stats

from sim.engine import draw_requests
from sim.engine.protocol import Requests
from sim.spec.bursty import Bursty
from sim.spec.distributions import Exponential
from sim.spec.traffic import ProfilePoint, Traffic
from sim.spec.users import Users

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-4
"""Of each Kolmogorov-Smirnov or chi-square test, were its seed not fixed."""
STANDARD_ERRORS = 4.5
"""Of each comparison with a mean: a false alarm in 150,000."""


def point(at: float, rate: float, ramp: str = "step") -> ProfilePoint:
    return ProfilePoint(at=at, rate=rate, ramp=ramp)  # type: ignore[arg-type]


FLASH_CROWD = (point(20, 20, "linear"), point(22, 400), point(40, 400, "linear"), point(70, 20))
PROFILES = {
    "constant": Traffic(rate=100),
    "steps": Traffic(profile=(point(0, 10), point(30, 200), point(31, 0), point(60, 50))),
    "ramp from nothing": Traffic(profile=(point(0, 0, "linear"), point(100, 200))),
    "ramp to nothing": Traffic(profile=(point(0, 200, "linear"), point(100, 0))),
    "spike of a second": Traffic(profile=(point(0, 5), point(50, 3000), point(51, 5))),
    "flash crowd": Traffic(profile=FLASH_CROWD),
    "saw, repeated": Traffic(profile=(point(0, 10, "linear"), point(4, 300, "linear")), period=7),
}


def draw(traffic: Traffic, seed: int = 1, replication: int = 0, end: float = 100.0) -> Requests:
    return draw_requests(traffic, Users(count=100), None, seed, replication, 0.0, end)


def cumulative(traffic: Traffic, moments: Floats, end: float) -> Floats:
    """Return the expected arrivals up to each moment, by adding up the areas of the profile."""
    before = np.zeros(len(moments))
    for left, right, first, last in traffic.stretches(0.0, end):
        inside = np.clip(moments, left, right) - left
        before += first * inside + (last - first) / (right - left) * inside**2 / 2
    return before


@pytest.mark.parametrize("name", PROFILES)
def test_rescaled_by_their_rate_arrivals_are_a_unit_poisson_process(name: str) -> None:
    """Source: the time-rescaling theorem (Brown and others, 2002)."""
    traffic = PROFILES[name]
    rescaled = cumulative(traffic, draw(traffic).arrival, 100.0)
    gaps = np.diff(rescaled, prepend=0.0)
    assert stats.kstest(gaps, "expon").pvalue > FALSE_ALARM
    assert stats.kstest(rescaled / traffic.expected_requests(0, 100), "uniform").pvalue > FALSE_ALARM
    one, following = gaps[:-1], gaps[1:]
    assert abs(np.corrcoef(one, following)[0, 1]) < STANDARD_ERRORS / math.sqrt(len(one))


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_a_low_rate_loses_and_gains_nothing_at_the_ends(rate: float) -> None:
    runs = [draw(Traffic(rate=rate), replication=replication).arrival for replication in range(3000)]
    counts = np.array([len(run) for run in runs])
    most = int(stats.poisson.ppf(0.999, 100 * rate))
    expected = np.append(stats.poisson.pmf(range(most), 100 * rate), stats.poisson.sf(most - 1, 100 * rate))
    observed = np.bincount(np.minimum(counts, most), minlength=most + 1)
    assert stats.chisquare(observed, expected * len(runs)).pvalue > FALSE_ALARM
    # A process that began anew at each window's end, or dropped its last gap, would show at the edges.
    assert stats.kstest(np.concatenate(runs) / 100, "uniform").pvalue > FALSE_ALARM


def test_evenly_spaced_arrivals_are_as_many_as_the_area() -> None:
    for traffic in PROFILES.values():
        even = traffic.model_copy(update={"arrivals": "constant"})
        assert len(draw(even).arrival) == round(traffic.expected_requests(0, 100))


def within(value: float, expected: float, samples: Floats, statistic: Callable[[Floats], float]) -> bool:
    """Return whether a statistic of independent samples is as expected, by its jackknife over twenty groups."""
    groups = np.array_split(samples, 20)
    left_out = np.array([statistic(np.concatenate(groups[:i] + groups[i + 1 :])) for i in range(20)])
    error = math.sqrt(19 / 20 * ((left_out - left_out.mean()) ** 2).sum())
    # Student's t with 19 degrees of freedom at a false-alarm rate of 1e-4.
    return abs(value - expected) < stats.t.isf(0.5e-4, 19) * error


def dispersion(counts: Floats) -> float:
    return float(counts.var(ddof=1) / counts.mean())


@pytest.mark.parametrize("span", [0.5, 4.0, 40.0])
def test_bursts_are_dispersed_as_a_markov_modulated_poisson_process(span: float) -> None:
    """Source: Heffes and Lucantoni (1986), index of dispersion for counts of a stationary two-state process."""
    bursty = Bursty(rate_factor=6, on=Exponential(mean=1), off=Exponential(mean=3))
    traffic = Traffic(rate=20, bursty=bursty)
    counts = np.array([len(draw(traffic, replication=number, end=span).arrival) for number in range(2000)], float)
    low, high = (20 * factor for factor in bursty.factors)
    leave, enter = 1.0, 1 / 3
    both = leave + enter
    factor = 2 * leave * enter * (high - low) ** 2 / (both**2 * (high * enter + low * leave))
    expected = 1 + factor * (1 - (1 - math.exp(-both * span)) / (both * span))
    assert within(dispersion(counts), expected, counts, dispersion)
    assert within(counts.mean(), 20 * span, counts, lambda some: float(some.mean()))


@pytest.mark.parametrize(
    ("law", "second_moment"), [(4, 16.0), ({"distribution": "uniform", "low": 0, "high": 8}, 64 / 3 + 1 / 6)]
)
def test_batches_are_dispersed_as_a_compound_poisson_process(law: object, second_moment: float) -> None:
    """The dispersion is E[size^2] / E[size]; rounding at random adds E[fraction (1 - fraction)], 1/6 for the second."""
    traffic = Traffic(rate=40, batch_size=law)
    counts = np.array([len(draw(traffic, replication=number, end=5.0).arrival) for number in range(2000)], float)
    assert within(dispersion(counts), second_moment / 4, counts, dispersion)
    assert within(counts.mean(), 200.0, counts, lambda some: float(some.mean()))


SERVICES: dict[str, tuple[object, Callable[[float], float]]] = {
    "exponential": ({"distribution": "exponential", "mean": 2.0}, lambda x: math.exp(-x / 2)),
    "constant": (2.0, lambda x: 1.0 if x < 2 else 0.0),
    "uniform": ({"distribution": "uniform", "low": 0.0, "high": 4.0}, lambda x: max(0.0, 1 - x / 4)),
}


def rate_at(traffic: Traffic, moment: float) -> float:
    for left, right, first, last in traffic.stretches(0.0, 100.0):
        if left <= moment < right:
            return first + (last - first) * (moment - left) / (right - left)
    return 0.0


def mean_held(traffic: Traffic, survival: Callable[[float], float], moment: float) -> float:
    """Return the integral of rate(moment - u) P(service > u), in pieces on which both are smooth."""
    edges = sorted({0.0, 2.0, 4.0, 40.0, moment} | {moment - point.at for point in traffic.profile})
    inside = [edge for edge in edges if 0 <= edge <= min(moment, 40.0)]

    def held(u: float) -> float:
        return rate_at(traffic, moment - u) * survival(u)

    return sum(integrate.quad(held, left, right)[0] for left, right in itertools.pairwise(inside))


@pytest.mark.parametrize("service", SERVICES)
def test_endless_servers_hold_as_many_as_the_formula_says_at_any_time(service: str) -> None:
    """M(t)/G/infinity: the number in service at t is Poisson with the mean of rate(t - u) over the law of service.

    Source: Eick, Massey and Whitt (1993).
    """
    law, survival = SERVICES[service]
    traffic = Traffic(profile=FLASH_CROWD)
    moments, runs = np.array([10.0, 21.0, 23.0, 30.0, 41.0, 60.0, 90.0]), 20
    held = np.zeros(len(moments))
    for replication in range(runs):
        endless = versions(latency=law, concurrency=10_000)
        given = answers("compiled", Setup(draw(traffic, replication=replication), endless, mesh=BARE_MESH))
        held += [np.count_nonzero((given.start <= moment) & (given.finish > moment)) for moment in moments]
    expected = runs * np.array([mean_held(traffic, survival, moment) for moment in moments.tolist()])
    assert np.all(np.abs(held - expected) < STANDARD_ERRORS * np.sqrt(expected))
