"""What holds of every run, whatever the control plane does."""

from __future__ import annotations

import math
from itertools import count

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from planes import BARE_MESH, Move, Setup, answers, drawn, rows, versions

from sim.engine.protocol import Reason, Route

VERBS = ("new", "kill", "listen", "stop_listening", "add_endpoint", "remove_endpoint")
PODS = 4


@st.composite
def control(draw: st.DrawFn) -> list[Move]:
    """Return what a control plane without a plan does to pods of version 0."""
    moves, numbers = [], count(PODS)
    for step in range(draw(st.integers(0, 12))):
        now, verb = (step + 1) / 8, draw(st.sampled_from(VERBS))
        pod = draw(st.integers(0, PODS - 1))
        if verb == "new":
            moves.append(Move(now, "add_pod", (next(numbers), 0)))
        else:
            moves.append(Move(now, verb, (pod, now) if verb == "listen" else (pod,)))
    return moves


def open_at(moves: list[Move], pod: int, moment: float, on: set[str], off: set[str]) -> bool:
    """True when the last of the pod's moves before the moment that matters left it on; control comes last."""
    state = True
    for move in moves:
        if move.at < moment and move.arguments[0] == pod and move.verb in on | off:
            state = move.verb in on
    return state


@settings(max_examples=80, deadline=None, derandomize=True)
@given(moves=control(), seed=st.integers(0, 1000))
def test_nobody_is_served_by_a_pod_that_does_not_listen_or_is_no_endpoint(moves: list[Move], seed: int) -> None:
    setup = Setup(drawn(200, 2, seed=seed), versions(latency=0.02), pods=(PODS,), mesh=BARE_MESH, moves=moves)
    given = answers("compiled", setup)
    for request, pod, reason in rows(given, "request", "pod", "reason"):
        arrival = setup.requests.arrival[request]
        if pod >= 0:
            assert open_at(moves, pod, arrival, {"add_endpoint"}, {"remove_endpoint"})
            listens = open_at(moves, pod, arrival, {"listen"}, {"kill", "stop_listening"})
            assert listens == (reason != Reason.REFUSED.name)
        else:
            assert reason == Reason.NO_ENDPOINT.name


@settings(max_examples=80, deadline=None, derandomize=True)
@given(moves=control(), seed=st.integers(0, 1000))
def test_every_request_ends_once_and_in_order_of_finish(moves: list[Move], seed: int) -> None:
    setup = Setup(drawn(200, 2, seed=seed), versions(latency=0.02), pods=(PODS,), mesh=BARE_MESH, moves=moves)
    given = answers("compiled", setup)
    assert sorted(given.request.tolist()) == list(range(len(setup.requests.arrival)))
    assert np.all(np.diff(given.finish) >= 0)
    served = ~np.isnan(given.start)
    assert np.all(given.start[served] >= setup.requests.arrival[given.request[served]])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(error_rate=st.floats(0, 1), more=st.floats(0, 1), seed=st.integers(0, 1000))
def test_with_nothing_that_reacts_a_worse_release_never_fails_less(error_rate: float, more: float, seed: int) -> None:
    def failures(rate: float) -> set[int]:
        own = {"error_rate": rate}
        setup = Setup(drawn(100, 2, seed=seed), versions({}, own, latency=0.01), (2, 2), mesh=None)
        given = answers("compiled", setup.but(route=Route(((0, 70.0), (1, 30.0)))))
        return set(given.request[given.status >= 500].tolist())

    assert failures(error_rate) <= failures(min(1.0, error_rate + more))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), pods=st.integers(1, 6), workers=st.integers(1, 3))
def test_within_a_pod_first_come_is_first_served(seed: int, pods: int, workers: int) -> None:
    law = {"distribution": "exponential", "mean": 0.05}
    setup = Setup(drawn(200, 2, seed=seed), versions(latency=law, concurrency=workers), pods=(pods,))
    given = answers("compiled", setup)
    for pod in range(pods):
        mine = given.pod == pod
        assert np.all(np.diff(given.start[mine][np.argsort(given.request[mine])]) >= 0)
    assert math.isfinite(float(given.finish.max(initial=0.0)))
