"""The recursion gives the event heap's rows, to the last bit and in the same order, whatever the control plane does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planes import ALL_TO_FIRST, BARE_MESH, Move, Setup, columns, drawn, on_grid, started, versions

from sim.engine import fates, feedback
from sim.engine.compiled import CompiledPlane
from sim.engine.feedback import feeds_back
from sim.engine.protocol import Engine, PlaneConfig, Route
from sim.spec.mesh import Mesh

GRID = 1 / 128
SECONDS = 2
LAWS = (
    4 * GRID,
    {"distribution": "exponential", "mean": 0.03},
    {"distribution": "lognormal", "median": 0.01, "p99": 0.3},
    {"distribution": "uniform", "low": 0.0, "high": 0.06},
)
FAULTS = (
    {"error_rate": 0.3, "status_code": 404, "error_latency": 0.001},
    {"latency_factor": 3.0, "at": 0.5, "for": 0.5, "every": 1.0},
    {"extra_latency": {"distribution": "lognormal", "median": 0.01, "p99": 0.1}, "at": 0.25, "ramp_up": 1.0},
    {"latency_factor": 8.0, "above_utilization": 0.4},
    {"latency_factor": 4.0, "pod_age": 0.75},
    {"cold_start": {"factor": 5.0, "half_life": 0.25}},
    {"error_rate": 0.5, "segment": "testers"},
)
VERBS = ("new", "kill", "remove_endpoint", "add_endpoint", "stop_listening", "listen", "set_route")
percents = st.sampled_from([0.0, 10.0, 50.0, 90.0, 100.0])


@st.composite
def routes(draw: st.DrawFn) -> Route:
    first = draw(percents)
    return Route(
        weights=((0, first), (1, 100.0 - first)),
        match=draw(st.sampled_from([(), ((0, 1),)])),
        mirror=draw(st.none() | st.tuples(st.integers(0, 1), percents)),
        sticky=draw(st.booleans()),
        by_pods=draw(st.booleans()),
        keeps=draw(st.sampled_from([-1, -1, 0, 1])),
    )


@st.composite
def scripts(draw: st.DrawFn, pods: int) -> tuple[Move, ...]:
    moves: list[Move] = []
    numbers: Iterator[int] = itertools.count(pods)
    for moment in sorted(draw(st.lists(st.integers(0, 8 * SECONDS), max_size=12))):
        now, verb, pod = moment / 8, draw(st.sampled_from(VERBS)), draw(st.integers(0, pods - 1))
        if verb == "new":
            pod = next(numbers)
            moves += [Move(now, "add_pod", (pod, draw(st.integers(0, 1)))), Move(now, "add_endpoint", (pod,))]
            moves.append(Move(now, "listen", (pod, now)))
        elif verb == "set_route":
            moves.append(Move(now, verb, (draw(routes()),)))
        else:
            moves.append(Move(now, verb, (pod, now) if verb == "listen" else (pod,)))
    return tuple(moves)


meshes = st.none() | st.builds(
    lambda balancer, retries: Mesh(load_balancer=balancer, retries=retries),
    st.sampled_from(["roundRobin", "random", "consistentHash"]),
    st.sampled_from([{"attempts": 0}, {"attempts": 2}, {"attempts": 1, "backoff": 1 / 64, "retry_on": ("reset",)}]),
)


@st.composite
def setups(draw: st.DrawFn) -> Setup:
    pods = draw(st.tuples(st.integers(1, 3), st.integers(0, 3)))
    requests = drawn(draw(st.sampled_from([40.0, 200.0])), SECONDS, seed=draw(st.integers(0, 1000)))
    own = st.fixed_dictionaries({"faults": st.lists(st.sampled_from(FAULTS), max_size=2).map(tuple)})
    common = {"concurrency": draw(st.integers(1, 5)), "latency": draw(st.sampled_from(LAWS))}
    return Setup(
        on_grid(requests, GRID) if draw(st.booleans()) else requests,
        versions(draw(own), draw(own), **common, queue_capacity=draw(st.none() | st.integers(0, 4))),
        pods,
        draw(meshes),
        draw(routes()),
        draw(scripts(sum(pods))),
    )


def plane(setup: Setup, *, looks_ahead: bool) -> CompiledPlane:
    config = PlaneConfig(setup.versions, setup.requests, setup.mesh, setup.route, 0.0)
    return CompiledPlane(config, looks_ahead=looks_ahead)


def seen(engine: Engine, pods: int) -> dict[str, Any]:
    """Return everything that can be asked of a plane."""
    loads = [value.tolist() for load in (engine.load(), engine.pod_load()) for value in vars(load).values()]
    return {"loads": loads, "idle": [engine.is_idle(pod) for pod in range(pods)], **columns(engine.answers())}


def history(setup: Setup, looks: tuple[float, ...], *, looks_ahead: bool) -> tuple[list[dict[str, Any]], Engine]:
    """Return what was seen at moments of `looks` and after the last request, and the plane."""
    engine = started(plane(setup, looks_ahead=looks_ahead), setup)
    story = []
    for move in sorted([*setup.moves, *(Move(moment, "look") for moment in looks)], key=lambda move: move.at):
        engine.advance(move.at)
        if move.verb == "look":
            story.append(seen(engine, sum(setup.pods)))
        else:
            getattr(engine, move.verb)(*move.arguments)
    engine.advance(math.inf)
    return [*story, seen(engine, sum(setup.pods))], engine


def assert_the_same(setup: Setup, looks: tuple[float, ...] = ()) -> Engine:
    ahead, engine = history(setup, looks, looks_ahead=True)
    assert ahead == history(setup, looks, looks_ahead=False)[0]
    return engine


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(setup=setups(), looks=st.lists(st.integers(0, 40).map(lambda n: n / 16), max_size=6).map(tuple))
def test_both_give_the_same(setup: Setup, looks: tuple[float, ...]) -> None:
    assert_the_same(setup, looks)


BUSY = Setup(
    drawn(400, 10),
    versions({"error_rate": 0.02}, {"faults": [FAULTS[2]]}, latency=LAWS[1], concurrency=4),
    (3, 1),
    route=Route(weights=((0, 90.0), (1, 10.0)), mirror=(1, 20.0)),
)
OVERLOAD = BUSY.but(requests=drawn(1500, 10), pods=(4, 2))
REPLACED = tuple(
    move
    for n, moment in enumerate(np.arange(0.5, 9.5, 0.5).tolist())
    for move in (
        Move(moment, "add_pod", (4 + n, n % 2)),
        Move(moment, "listen", (4 + n, moment)),
        Move(moment, "add_endpoint", (4 + n,)),
        Move(moment, "stop_listening", (n,)),
        Move(moment + 0.125, "remove_endpoint", (n,)),
        Move(moment + 0.25, "kill", (n,)),
    )
)
CASES = {
    "busy": BUSY,
    "overload": OVERLOAD,
    "hundreds wait, and their pod is killed": OVERLOAD.but(
        moves=(Move(6.0, "kill", (0,)), Move(7.0, "listen", (0, 7.0)))
    ),
    "pods are replaced": BUSY.but(moves=REPLACED),
    "refusals are tried again": BUSY.but(mesh=Mesh(load_balancer="roundRobin"), moves=REPLACED),
    "all at once": BUSY.but(requests=on_grid(drawn(400, 10), 2.0)),
    "all at once, and nothing takes time": BUSY.but(
        requests=on_grid(drawn(400, 4), 1.0), versions=versions({}, {}, latency=0.0), moves=REPLACED
    ),
    "many workers": BUSY.but(versions=versions({}, {}, latency=LAWS[2], concurrency=64), pods=(1, 1)),
    "many pods": BUSY.but(pods=(90, 40)),
    "nobody is ready": BUSY.but(pods=(0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_both_give_the_same_when(name: str) -> None:
    engine = assert_the_same(CASES[name], looks=(0.3, 1.0, 4.0, 8.0))
    assert engine.foreseen() > 0


def test_the_recursion_stops_where_a_refusal_is_tried_again_and_goes_on_after_it() -> None:
    every = history(CASES["pods are replaced"], (), looks_ahead=True)[1]
    some = history(CASES["refusals are tried again"], (), looks_ahead=True)[1]
    arrivals = len(BUSY.requests.arrival)
    assert every.foreseen() == arrivals
    assert arrivals // 4 < some.foreseen() < arrivals


def test_rows_do_not_depend_on_the_moments_at_which_they_are_read() -> None:
    often = tuple(np.arange(0.0, 10.0, 1 / 16).tolist())
    assert history(OVERLOAD, often, looks_ahead=True)[0][-1] == history(OVERLOAD, (), looks_ahead=True)[0][-1]


@pytest.mark.parametrize(
    "mesh",
    [
        Mesh(),
        Mesh(load_balancer="roundRobin", timeout=1.0),
        Mesh(load_balancer="random", retries={"attempts": 0, "per_try_timeout": 1.0}),
        Mesh(load_balancer="random", retries={"attempts": 1, "retry_on": ("500",)}),
        Mesh(load_balancer="random", outlier_detection={}),
        Mesh(load_balancer="random", connection_pool={"http": {"http2_max_requests": 5}}),
    ],
    ids=["least request", "timeout", "per-try timeout", "retries of errors", "ejection", "circuit breaking"],
)
def test_where_something_feeds_back_the_event_heap_serves(mesh: Mesh) -> None:
    assert history(BUSY.but(mesh=mesh), (), looks_ahead=True)[1].foreseen() == 0


def test_what_is_not_known_here_counts_as_feedback(monkeypatch: pytest.MonkeyPatch) -> None:
    config = PlaneConfig(versions({"error_rate": 0.1}), BUSY.requests, BARE_MESH, ALL_TO_FIRST, 0.0)
    assert not feeds_back(config)
    monkeypatch.setattr(feedback, "VERSION", feedback.VERSION - {"error_rate"})
    assert feeds_back(config)


def test_a_pod_of_very_many_workers_is_left_to_the_event_heap() -> None:
    setup = BUSY.but(versions=versions({}, {}, latency=LAWS[1], concurrency=65))
    assert history(setup, (), looks_ahead=True)[1].foreseen() == 0


def test_without_mesh_everything_is_foreseen() -> None:
    setup = BUSY.but(mesh=None, route=Route(by_pods=True))
    assert history(setup, (), looks_ahead=True)[1].foreseen() == len(setup.requests.arrival)


def test_the_first_room_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = history(OVERLOAD, (1.0,), looks_ahead=True)[0]
    monkeypatch.setattr(fates, "FIRST_FATES", 16)
    assert history(OVERLOAD, (1.0,), looks_ahead=True)[0] == expected


def test_requests_of_one_moment_end_in_order() -> None:
    requests = drawn(100, 10)
    at_once = replace(requests, arrival=np.ones(len(requests.arrival)))
    rows = history(Setup(at_once, versions(latency=1.0, concurrency=8)), (), looks_ahead=True)[1].answers()
    assert rows.request.tolist() == list(range(len(rows)))
