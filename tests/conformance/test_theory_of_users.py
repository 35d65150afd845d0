"""Users who leave, try again, come back or wait for each answer, against theory. Seeds are fixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from planes import BARE_MESH, Setup, served, versions
from scipy import stats

from sim.engine import draw_requests
from sim.engine.protocol import Answers, Requests
from sim.engine.settled import settled
from sim.spec.endpoint import Endpoint
from sim.spec.traffic import Traffic
from sim.spec.users import Users

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-4
"""Chance that a right engine fails one of the tests, were its seed not fixed."""
BATCHES = 30


def run(traffic: Traffic, seconds: float, service: dict[str, Any], **habits: Any) -> tuple[Requests, Answers]:
    """Return the requests that came to one pod, and their answers in order of arrival."""
    requests = draw_requests(traffic, Users(count=1000, **habits), None, 7, 0, 0.0, seconds)
    engine = served("compiled", Setup(requests, versions(**service), mesh=BARE_MESH))
    found, given = settled(engine.requests, engine.answers())
    order = np.argsort(given.request)
    columns = {name: getattr(given, name)[order] for name in vars(given)}
    return found, Answers(**columns)


def assert_mean(values: Floats, expected: float) -> None:
    """Compare a mean with its expectation: batches of a series that depends on its past are nearly independent."""
    batches = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    assert stats.ttest_1samp(batches, expected).pvalue > FALSE_ALARM


def stationary(arrival: list[float], departure: list[float]) -> Floats:
    """Return the distribution of a birth-death process: rates up from 0, 1, ... and down from 1, 2, ..."""
    ratios = np.array(arrival) / np.array(departure)
    weights = np.concatenate([[1.0], np.cumprod(ratios)])
    return weights / weights.sum()


def exponential(mean: float) -> dict[str, Any]:
    return {"distribution": "exponential", "mean": mean}


@pytest.mark.parametrize(("servers", "load", "patience"), [(1, 1.2, 1.0), (4, 3.6, 0.5), (10, 14.0, 0.2)])
def test_who_leaves_an_impatient_queue(servers: int, load: float, patience: float) -> None:
    """M/M/c+M, in units of the mean service: those who leave the queue, and the work that is done.

    Source: Palm (1957); Garnett, Mandelbaum and Reiman (2002), Erlang-A.
    """
    mean = 0.05
    rate, waits = load / mean, patience * mean
    most = 400
    down = [min(n, servers) / mean + max(n - servers, 0) / waits for n in range(1, most + 1)]
    held = stationary([rate] * most, down)
    waiting = float((held * np.maximum(np.arange(most + 1) - servers, 0)).sum())
    service = {"concurrency": servers, "latency": exponential(mean)}
    found, given = run(Traffic(rate=rate), 150_000 / rate, service, patience=exponential(waits))
    settled_rows = slice(5_000, None)
    assert_mean(np.isnan(given.start)[settled_rows].astype(float), waiting / waits / rate)
    wait = np.where(np.isnan(given.start), given.finish, given.start) - found.arrival
    assert_mean(wait[settled_rows], waiting / rate)


@pytest.mark.parametrize(("callers", "workers", "think"), [(1, 1, 1.0), (10, 1, 5.0), (40, 4, 10.0)])
def test_a_closed_loop_is_the_machine_repair_model(callers: int, workers: int, think: float) -> None:
    """Throughput and response time of so many callers with exponential think times, in units of the mean service.

    Source: Kleinrock, Queueing Systems I (1975), 3.8, the M/M/m//M system; N = X (R + Z).
    """
    mean = 0.05
    up = [(callers - n) / (think * mean) for n in range(callers)]
    down = [min(n, workers) / mean for n in range(1, callers + 1)]
    held = stationary(up, down)
    throughput = float((held[:-1] * np.array(up)).sum())
    loop = {"callers": callers, "think_time": exponential(think * mean)}
    seconds = 60_000 / throughput
    traffic = Traffic(arrivals="closedLoop", closed_loop=loop)
    found, given = run(traffic, seconds, {"concurrency": workers, "latency": exponential(mean)})
    begin = 0.05 * seconds
    counts, _ = np.histogram(found.arrival, np.linspace(begin, seconds, BATCHES + 1))
    assert stats.ttest_1samp(counts * BATCHES / (seconds - begin), throughput).pvalue > FALSE_ALARM
    late = found.arrival > begin
    assert_mean((given.finish - found.arrival)[late], callers / throughput - think * mean)


def test_users_who_try_again_multiply_the_load() -> None:
    """With an error rate p and at most n repeats, there are 1 + p + ... + p^n requests for each."""
    service = {"concurrency": 1000, "latency": 0.01, "error_rate": 0.4}
    retries = {"attempts": 3, "backoff": exponential(0.2)}
    found, given = run(Traffic(rate=200), 200.0, service, retries=retries)
    roots = draw_requests(Traffic(rate=200), Users(count=1000), None, 7, 0, 0.0, 195.0)
    begun_in_time = len(roots.arrival)
    assert found.key is not None
    # A chain that begins 5 s before the end is over by then, but for one in e^-8.
    steps = chain_lengths(
        found, len(draw_requests(Traffic(rate=200), Users(count=1000), None, 7, 0, 0.0, 200.0).arrival)
    )
    expected = np.array([0.6, 0.4 * 0.6, 0.4**2 * 0.6, 0.4**3])
    counts = np.bincount(steps[:begun_in_time], minlength=5)[1:]
    assert stats.chisquare(counts, expected * begun_in_time).pvalue > FALSE_ALARM
    assert np.count_nonzero(given.status == 200) > 0.97 * len(steps)


def chain_lengths(found: Requests, roots: int) -> NDArray[np.int64]:
    """Return how many requests each of the first ones led to, itself included: three numbers follow each."""
    assert found.key is not None
    root = np.where(found.key < roots, found.key, (found.key - roots) // 3)
    return np.bincount(root, minlength=roots)


def test_sessions_send_as_many_requests_as_the_rate_says() -> None:
    """Once sessions of all ages are under way; their number is Poisson, so requests are clustered."""
    sessions = {"requests": 4, "think_time": exponential(1.0)}
    late = []
    for seed in range(40):
        users = Users(count=1000, sessions=sessions)
        requests = draw_requests(Traffic(rate=50), users, None, seed, 0, 0.0, 40.0)
        engine = served("compiled", Setup(requests, versions(concurrency=1000, latency=0.01)))
        found, _ = settled(engine.requests, engine.answers())
        late.append(np.count_nonzero(found.arrival > 20) / 20)
    assert stats.ttest_1samp(late, 50.0).pvalue > FALSE_ALARM


@pytest.mark.parametrize("servers", [1, 4])
def test_waits_by_priority(servers: int) -> None:
    """Three classes of equal service in M/M/c without preemption; the highest waits as if it were nearly alone.

    Source: Cobham (1954); W_k = C / (c mu) / ((1 - s_(k-1)) (1 - s_k)), s_k the load of the k highest.
    """
    mean, load = 0.05, 0.9
    shares = {"low": 0.5, "middle": 0.3, "high": 0.2}
    endpoints = {name: Endpoint(share=share, priority=rank) for rank, (name, share) in enumerate(shares.items())}
    rate = load * servers / mean
    service = {"concurrency": servers, "latency": exponential(mean)}
    found, given = run(Traffic(rate=rate, endpoints=endpoints), 200_000 / rate, service)
    assert found.endpoint is not None
    wait = given.start - found.arrival
    before = 0.0
    for place in (2, 1, 0):
        own = list(shares.values())[place] * load
        expected = erlang_c(servers, load * servers) * mean / servers / ((1 - before) * (1 - before - own))
        assert_mean(wait[found.endpoint == place][2_000:], expected)
        before += own


def erlang_c(servers: int, load: float) -> float:
    """Return the chance of waiting in M/M/c at `load` erlangs."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)
