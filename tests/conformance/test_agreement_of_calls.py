"""The engines agree call by call where services call each other, whatever the graph, the mesh and the control plane."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planes import Move, Setup, columns, drawn, graph, on_grid, served

from sim.engine.protocol import Reason, Route
from sim.spec.mesh import Mesh

GRID = 1 / 128
MANY = {"concurrency": 2, "latency": 4 * GRID}
LAWS = st.sampled_from([GRID, 4 * GRID, {"distribution": "exponential", "mean": 0.02}])

STORM = Setup(
    on_grid(drawn(150, 4), GRID),
    graph(
        shop={
            **MANY,
            "concurrency": 6,
            "calls": (
                {"service": "cart", "parallel": True, "count": 2, "retries": {"attempts": 2, "retry_on": "5xx"}},
                {"service": "prices", "parallel": True, "required": False, "timeout": 1 / 16},
                {"service": "stock", "probability": 0.5},
            ),
        },
        cart={**MANY, "own": ({}, {"error_rate": 0.3}), "calls": ({"service": "stock", "timeout": 1 / 8},)},
        prices={**MANY, "queue_capacity": 2, "worker_held": False, "calls": ({"service": "stock"},)},
        stock={**MANY, "error_rate": 0.3},
    ),
    pods=(4, 3, 3, 3, 4),
    mesh=Mesh(timeout=1 / 2, retries={"attempts": 1, "retry_on": "5xx", "backoff": 0}),
    route=Route(weights=((1, 60.0), (2, 40.0)), mirror=(2, 30.0)),
    moves=[Move(n / 4, "kill", (n,)) for n in range(2, 14)]
    + [Move(n / 4 + 1 / 8, "listen", (n, n / 4)) for n in range(2, 14)],
    routed="cart",
)


def assert_agreement(setup: Setup) -> set[int]:
    """Compare everything and return the reasons of the calls."""
    compiled, reference = served("compiled", setup), served("reference", setup)
    assert columns(compiled.answers()) == columns(reference.answers())
    assert columns(compiled.calls()) == columns(reference.calls())
    assert compiled.ejections() == reference.ejections()
    for one, other in zip(vars(compiled.pod_load()).values(), vars(reference.pod_load()).values(), strict=True):
        assert one.tolist() == other.tolist()
    for engine in (compiled, reference):
        assert all(engine.is_idle(pod) for pod in range(sum(setup.pods)))
    return set(compiled.calls().reason.tolist())


def test_a_storm_of_ties_and_kills() -> None:
    seen = assert_agreement(STORM)
    assert seen >= {Reason.OK, Reason.ERROR, Reason.SHED, Reason.TIMEOUT, Reason.RESET, Reason.DEPENDENCY}
    assert Reason.CANCELLED in seen


retries = st.fixed_dictionaries(
    {"attempts": st.integers(0, 2), "backoff": st.sampled_from([0.0, 1 / 64]), "retry_on": st.just(("5xx", "reset"))},
    optional={"per_try_timeout": st.sampled_from([1 / 32, 1 / 16])},
)


def calls_of(later: list[str]) -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    keys = {
        "count": st.integers(1, 3),
        "probability": st.sampled_from([0.0, 0.5, 0.9]),
        "parallel": st.booleans(),
        "required": st.booleans(),
        "timeout": st.sampled_from([1 / 32, 1 / 8]),
        "retries": retries,
    }
    if not later:
        return st.just(())
    return st.lists(st.fixed_dictionaries({"service": st.sampled_from(later)}, optional=keys), max_size=3).map(tuple)


@st.composite
def setups(draw: st.DrawFn) -> Setup:
    names = [f"s{number}" for number in range(draw(st.integers(2, 4)))]
    routed = draw(st.integers(0, len(names) - 1))
    services: dict[str, Any] = {}
    for number, name in enumerate(names):
        keys = {
            "latency": LAWS,
            "concurrency": st.integers(1, 3),
            "error_rate": st.sampled_from([0.0, 0.1]),
            "worker_held": st.booleans(),
            "discipline": st.sampled_from(["fifo", "fifo", "processorSharing"]),
            "calls": calls_of(names[number + 1 :]),
        }
        services[name] = draw(st.fixed_dictionaries(keys, optional={"queue_capacity": st.integers(0, 4)}))
        if number == routed:
            services[name]["own"] = ({}, {"error_rate": 0.4, "calls": draw(calls_of(names[number + 1 :]))})
    versions = graph(**services)
    pods = tuple(draw(st.integers(1, 2)) for _ in versions)
    mesh = st.builds(
        lambda kind, timeout, own, more: Mesh(load_balancer=kind, timeout=timeout, retries=own, **more),
        st.sampled_from(["leastRequest", "roundRobin", "consistentHash"]),
        st.sampled_from([None, 1 / 4]),
        retries,
        st.sampled_from(
            [
                {},
                {"retry_budget": {"percent": 20, "min_retry_concurrency": 1}},
                {"connection_pool": {"http": {"http2_max_requests": 3, "max_retries": 1}}},
                {"outlier_detection": {"interval": 1 / 4, "base_ejection_time": 1 / 2, "consecutive_5xx_errors": 2}},
                {"network": {"proxy_latency": 1 / 64}},
                {"network": {"proxy_latency": {"distribution": "exponential", "mean": 0.01}, "loss": 0.1}},
            ]
        ),
    )
    verbs = st.sampled_from(["kill", "kill", "listen", "stop_listening", "remove_endpoint", "add_endpoint"])
    steps = draw(st.lists(st.tuples(verbs, st.integers(0, sum(pods) - 1)), max_size=8))
    moves = [
        Move(moment, verb, (pod, moment) if verb == "listen" else (pod,))
        for moment, (verb, pod) in zip(itertools.count(1 / 8, 1 / 8), steps, strict=False)
    ]
    requests = drawn(draw(st.sampled_from([50.0, 150.0])), 1.5, seed=draw(st.integers(0, 2**32)))
    return Setup(
        on_grid(requests, GRID) if draw(st.booleans()) else requests,
        versions,
        pods=pods,
        mesh=draw(st.none() | mesh),
        route=Route(
            weights=((routed, 50.0), (routed + 1, 50.0)),
            mirror=draw(st.none() | st.just((routed + 1, 50.0))),
            by_pods=draw(st.booleans()),
        ),
        moves=moves,
        routed=names[routed],
    )


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(setup=setups())
def test_engines_agree_on_any_graph(setup: Setup) -> None:
    assert_agreement(setup)
