"""The compiled engine equals the reference, row by row and to the last bit, over everything that a data plane does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planes import ALL_TO_FIRST, Move, Setup, columns, drawn, on_grid, served, versions

from sim.engine import draw_requests
from sim.engine.protocol import Engine, Reason, Requests, Route
from sim.spec.endpoint import Endpoint
from sim.spec.mesh import Mesh
from sim.spec.traffic import Traffic
from sim.spec.users import Users

GRID = 1 / 128
HALF_AND_HALF = Route(weights=((0, 50.0), (1, 50.0)))
CANARY = Route(weights=((0, 90.0), (1, 10.0)))
EVERYTHING = ("5xx", "connect-failure")
EJECTION = {"interval": 0.5, "base_ejection_time": 1, "max_ejection_percent": 40, "consecutive_5xx_errors": 3}
FEW_CONNECTIONS = {"connection_pool": {"tcp": {"max_connections": 5}, "http": {"http1_max_pending_requests": 9}}}
SLOW_NETWORK = {"proxy_latency": {"distribution": "lognormal", "median": 0.003, "p99": 0.02}, "loss": 0.02}
LIMITS = {"connection_pool": {"http": {"http2_max_requests": 6, "max_retries": 2}}}
BY_RATES = {
    **EJECTION,
    "success_rate": {"minimum_hosts": 2, "request_volume": 10, "stdev_factor": 500},
    "failure_percentage": {"minimum_hosts": 1, "request_volume": 5, "threshold": 30},
}
SPLIT = {**EJECTION, "split_external_local_origin_errors": True, "consecutive_local_origin_failures": 1}
PANIC = {
    **EJECTION,
    "consecutive_5xx_errors": 2,
    "consecutive_gateway_errors": 1,
    "max_ejection_percent": 100,
    "min_health_percent": 70,
}
GATEWAY_ERRORS = (
    {"faults": ({"error_rate": 0.2, "status_code": 503},)},
    {"faults": ({"error_rate": 0.3, "status_code": 500}, {"error_rate": 0.1, "status_code": 502})},
)
BUSY = {"concurrency": 2, "latency": {"distribution": "exponential", "mean": 0.03}}
ENDPOINTS = {
    "browse": Endpoint(share=0.7, latency_factor=0.5),
    "search": Endpoint(share=0.2),
    "pay": Endpoint(share=0.1, latency_factor=3, method="POST"),
}
RANKED = {
    "browse": Endpoint(share=0.5, priority=1),
    "search": Endpoint(share=0.3),
    "pay": Endpoint(share=0.2, priority=7, latency_factor=2),
}
IMPATIENT = {"patience": {"distribution": "exponential", "mean": 0.1}}
STUBBORN = {"retries": {"attempts": 2, "backoff": {"distribution": "exponential", "mean": 0.05}}}
CHATTY = {"sessions": {"requests": {"distribution": "exponential", "mean": 3}, "think_time": 0.125}}
AGAIN_AT_ONCE = {"retries": {"attempts": 2, "backoff": 0}}
LOOP = {"callers": 30, "think_time": {"distribution": "exponential", "mean": 0.1}}
FAILING = ({"error_rate": 0.02}, {"error_rate": 0.3})


def churn(pods: int, *, every: float = 0.5, until: float = 5.0, kill: int = 0) -> tuple[Move, ...]:
    """Return moves that replace the oldest pod by a new one, again and again; every `kill`-th is killed."""
    moves: list[Move] = []
    for n, moment in enumerate(np.arange(every, until, every).tolist()):
        new = pods + n
        moves += [Move(moment, "add_pod", (new, n % 2)), Move(moment, "listen", (new, moment))]
        moves += [Move(moment, "add_endpoint", (new,)), Move(moment, "remove_endpoint", (n,))]
        if kill and n % kill == 0:
            moves.append(Move(moment, "kill", (n,)))
        else:
            moves.append(Move(moment + every / 2, "stop_listening", (n,)))
    return tuple(sorted(moves, key=lambda move: move.at))


def used(habits: dict[str, Any], rate: float | None = 300, **traffic: Any) -> Requests:
    """Return 5 s of requests of 200 users with habits."""
    users = Users(count=200, segments={"testers": {"count": 20}}, **habits)
    return draw_requests(Traffic(rate=rate, **traffic), users, None, 1, 0, 0.0, 5.0)


def mesh(**keys: Any) -> Mesh:
    return Mesh(**{"load_balancer": "roundRobin", "retries": {"attempts": 0}, **keys})


def patient(attempts: int = 2, **keys: Any) -> dict[str, Any]:
    return {"attempts": attempts, "retry_on": EVERYTHING, **keys}


def grid_storm(**keys: Any) -> Setup:
    """Return a plane in which arrivals, service, timeouts and control fall on one grid, retries without back-off."""
    retries = patient(per_try_timeout=1 / 16, backoff=0)
    return Setup(
        on_grid(drawn(400, 5), GRID),
        versions(*FAILING, concurrency=2, latency=4 * GRID, queue_capacity=6),
        pods=(5, 5),
        mesh=mesh(timeout=1 / 4, retries=retries, **keys),
        route=HALF_AND_HALF,
        moves=churn(10, kill=3),
    )


def plain(**keys: Any) -> Setup:
    return Setup(drawn(300, 5), versions(*FAILING, **BUSY), pods=(6, 2), mesh=mesh(**keys), route=CANARY)


def busy_release(**keys: Any) -> Setup:
    return plain(**keys).but(moves=churn(8, kill=3))


def with_faults(*faults: dict[str, Any]) -> Setup:
    return plain().but(versions=versions({}, {"faults": faults}, **BUSY), route=HALF_AND_HALF, pods=(5, 5))


CASES: dict[str, Setup] = {
    "plain": plain(),
    "timeouts, retries, drains": busy_release(timeout=0.1, retries=patient(per_try_timeout=0.05)),
    "overload": busy_release(timeout=0.2, retries=patient(per_try_timeout=0.1)).but(
        pods=(4, 1), moves=churn(5, kill=3)
    ),
    "short queues and a budget": busy_release(
        timeout=0.2, retries=patient(3), retry_budget={"percent": 10, "min_retry_concurrency": 2}
    ).but(versions=versions(*FAILING, **BUSY, queue_capacity=3)),
    "least request, kills": busy_release(load_balancer="leastRequest", retries=patient(), timeout=0.1),
    "random, kills": busy_release(load_balancer="random", retries=patient(), timeout=0.1),
    "consistent hash, kills": busy_release(load_balancer="consistentHash", retries=patient(), timeout=0.1),
    "consistent hash on a small ring, panic": busy_release(
        load_balancer="consistentHash",
        consistent_hash={"ring_hash": {"minimum_ring_size": 13}},
        retries=patient(),
        outlier_detection=PANIC,
    ),
    "warmup, kills": busy_release(warmup={"duration": 1}, retries=patient(), timeout=0.1),
    "warmup of the less busy, panic": busy_release(
        load_balancer="leastRequest",
        warmup={"duration": 2, "aggression": 3, "minimum_percent": 0},
        retries=patient(),
        outlier_detection=PANIC,
    ),
    "grid, warmup": grid_storm(
        load_balancer="leastRequest", warmup={"duration": 0.25}, outlier_detection={**EJECTION, "interval": 1 / 8}
    ),
    "connections": busy_release(**FEW_CONNECTIONS, timeout=0.2, retries=patient(per_try_timeout=0.1)).but(
        versions=versions(*FAILING, **BUSY, queue_capacity=1)
    ),
    "connections by pods": busy_release(
        connection_pool={"tcp": {"max_connections": 3}, "http": {"http2_max_requests": 4}}, timeout=0.3
    ).but(route=Route(by_pods=True, match=((0, 1),), mirror=(1, 50.0))),
    "grid, connections": grid_storm(**FEW_CONNECTIONS),
    "rate limit of pods": busy_release(
        rate_limit={"max_tokens": 9, "tokens_per_fill": 3, "fill_interval": 0.1},
        retries=patient(retry_on=("5xx", "429")),
        outlier_detection=EJECTION,
    ),
    "rate limit of the proxy, mirrors": busy_release(
        rate_limit={"max_tokens": 20, "tokens_per_fill": 10, "fill_interval": 0.07, "per": "proxy"},
        retries=patient(retry_on=("429",)),
    ).but(route=Route(ALL_TO_FIRST.weights, mirror=(1, 50.0))),
    "grid, rate limit": grid_storm(rate_limit={"max_tokens": 3, "fill_interval": 1 / 16}, **FEW_CONNECTIONS),
    "network": busy_release(network=SLOW_NETWORK, timeout=0.2, retries=patient(per_try_timeout=0.1)),
    "network, connections, mirrors": busy_release(
        network={**SLOW_NETWORK, "connection_setup": {"distribution": "exponential", "mean": 0.01}},
        connection_pool={"tcp": {"max_connections": 5, "connect_timeout": 0.03}, "http": {"http2_max_requests": 9}},
        outlier_detection=SPLIT,
        retries=patient(),
    ).but(versions=versions(*FAILING, **BUSY, queue_capacity=2), route=Route(HALF_AND_HALF.weights, mirror=(1, 50.0))),
    "grid, network": grid_storm(network={"proxy_latency": GRID, "loss": 0.05}, outlier_detection=EJECTION),
    "grid, no latency on a network": grid_storm(network={"loss": 0.1}, **FEW_CONNECTIONS),
    "ewma, kills": busy_release(load_balancer="ewma", retries=patient(), timeout=0.1),
    "ewma, ejection": busy_release(load_balancer="ewma", ewma={"decay_time": 0.1}, outlier_detection=EJECTION),
    "grid, ewma": grid_storm(load_balancer="ewma"),
    "ejection": busy_release(outlier_detection=EJECTION, retries=patient()),
    "ejection of many": busy_release(outlier_detection={**EJECTION, "max_ejection_percent": 100}).but(
        versions=versions({"error_rate": 0.6}, {"error_rate": 0.9}, **BUSY)
    ),
    "ejection by rates": busy_release(outlier_detection=BY_RATES, retries=patient()),
    "ejection of split failures": busy_release(timeout=0.2, outlier_detection=SPLIT, retries=patient()).but(
        versions=versions(*FAILING, **BUSY, queue_capacity=3)
    ),
    "ejection of gateway errors, panic": busy_release(outlier_detection=PANIC, retries=patient()).but(
        versions=versions(*GATEWAY_ERRORS, **BUSY)
    ),
    "ejection by rates and by pods": busy_release(outlier_detection=BY_RATES).but(route=Route(by_pods=True)),
    "grid, ejection by rates": grid_storm(outlier_detection={**BY_RATES, **SPLIT, "interval": 1 / 8}),
    "circuit breaking": busy_release(**LIMITS, timeout=0.2, retries=patient(), outlier_detection=SPLIT).but(
        versions=versions(*FAILING, **BUSY, queue_capacity=3)
    ),
    "circuit breaking and mirrors": busy_release(**LIMITS).but(route=Route(ALL_TO_FIRST.weights, mirror=(1, 90.0))),
    "least request of five": busy_release(load_balancer="leastRequest", least_request={"choice_count": 5}),
    "grid, circuit breaking": grid_storm(**LIMITS),
    "no mesh": busy_release().but(mesh=None, route=Route(by_pods=True)),
    "by pods with a mesh": busy_release(retries=patient(), outlier_detection=EJECTION).but(route=Route(by_pods=True)),
    "sticky": plain().but(route=Route(weights=((0, 70.0), (1, 30.0)), sticky=True)),
    "users kept": plain().but(route=Route(weights=((0, 70.0), (1, 30.0)), keeps=1)),
    "match": plain().but(route=Route(weights=((0, 100.0), (1, 0.0)), match=((0, 1),))),
    "mirror of all": plain(timeout=0.1, retries=patient()).but(route=Route(ALL_TO_FIRST.weights, mirror=(1, 100.0))),
    "mirror of some": busy_release(load_balancer="leastRequest", outlier_detection=EJECTION).but(
        route=Route(ALL_TO_FIRST.weights, mirror=(1, 40.0))
    ),
    "refused": busy_release(retries={"attempts": 2}, outlier_detection=EJECTION).but(
        moves=(*(Move(n / 2, "stop_listening", (n,)) for n in range(1, 6)), Move(4, "listen", (2, 4.0)))
    ),
    "nobody is ready": plain(retries=patient()).but(pods=(2, 0)),
    "weights of zero": plain().but(route=Route(weights=((0, 0.0), (1, 0.0)))),
    "errors of several kinds": with_faults({"error_rate": 0.3, "status_code": 404}, {"error_rate": 0.3}),
    "faults in time": with_faults({"latency_factor": 2, "at": 1, "ramp_up": 2}, {"error_rate": 0.5, "at": 2, "for": 1}),
    "faults of testers": with_faults({"error_rate": 0.9, "segment": "testers"}),
    "extra latency": with_faults({"extra_latency": {"distribution": "gamma", "mean": 0.02, "cv": 0.7}}),
    "faults of some users, pods and loads": with_faults(
        {"error_rate": 0.5, "user_share": 0.3, "drawn_per": "user", "error_latency": 0.2},
        {"latency_factor": 3, "above_utilization": 0.4, "pods": 2},
        {"error_rate": 0.4, "every": 1, "for": 0.5, "ramp_up": 0.25, "drawn_per": "request"},
        {"extra_latency": 0.05, "pods": "50%", "pod_age": 0.5},
    ).but(moves=churn(10)),
    "faults of one endpoint": with_faults(
        {"error_rate": 0.4, "endpoint": "pay"}, {"latency_factor": 2, "endpoint": "browse"}
    ).but(requests=drawn(300, 5, endpoints=ENDPOINTS)),
    "priorities": busy_release(timeout=0.2, retries=patient(per_try_timeout=0.1)).but(
        requests=drawn(400, 5, endpoints=RANKED), versions=versions(*FAILING, **BUSY, queue_capacity=7), pods=(4, 1),
        moves=churn(5, kill=3),
    ),
    "grid, priorities": grid_storm().but(requests=on_grid(drawn(400, 5, endpoints=RANKED), GRID)),
    "impatient users": busy_release(retries=patient(), outlier_detection=EJECTION).but(requests=used(IMPATIENT)),
    "users who try again": busy_release(timeout=0.1, retries=patient()).but(requests=used(STUBBORN)),
    "sessions of users who try again": busy_release(load_balancer="leastRequest", timeout=0.2).but(
        requests=used({**CHATTY, **STUBBORN, **IMPATIENT}), versions=versions(*FAILING, **BUSY, queue_capacity=3)
    ),
    "closed loop": busy_release(timeout=0.2).but(
        requests=used(STUBBORN, rate=None, closed_loop=LOOP, arrivals="closedLoop")
    ),
    "grid, sessions": grid_storm().but(requests=on_grid(used({**CHATTY, **AGAIN_AT_ONCE}, 400), GRID)),
    "processor sharing": busy_release().but(
        mesh=mesh(timeout=0.2, retries=patient(per_try_timeout=0.1), outlier_detection=EJECTION),
        versions=versions(*FAILING, **BUSY, queue_capacity=3, discipline="processorSharing")
    ),
    "processor sharing, overload": busy_release(timeout=0.2, load_balancer="leastRequest").but(
        versions=versions(*FAILING, **BUSY, discipline="processorSharing"), pods=(4, 1), moves=churn(5, kill=3)
    ),
    "grid, processor sharing": grid_storm().but(
        versions=versions(*FAILING, concurrency=2, latency=4 * GRID, discipline="processorSharing")
    ),
    "cold start": with_faults({"cold_start": {"factor": 5, "half_life": 0.5}}).but(moves=churn(10)),
    "grid": grid_storm(),
    "grid, least request": grid_storm(load_balancer="leastRequest"),
    "grid, ejection": grid_storm(outlier_detection={**EJECTION, "base_ejection_time": 1 / 4, "interval": 1 / 8}),
    "grid, mirror": grid_storm().but(route=Route(HALF_AND_HALF.weights, mirror=(1, 50.0))),
    "grid, budget": grid_storm(retry_budget={"percent": 5, "min_retry_concurrency": 1}),
}  # fmt: skip


def assert_agreement(setup: Setup) -> None:
    compiled, reference = served("compiled", setup), served("reference", setup)
    assert columns(compiled.answers()) == columns(reference.answers())
    assert compiled.requests.arrival.tobytes() == reference.requests.arrival.tobytes()
    assert compiled.ejections() == reference.ejections()
    assert compiled.load().busy_seconds.tolist() == reference.load().busy_seconds.tolist()
    assert worked(compiled) == worked(reference)


def worked(engine: Engine) -> list[list[float]]:
    """Return what each pod has worked, column by column."""
    return [column.tolist() for column in vars(engine.pod_load()).values()]


@pytest.mark.parametrize("name", CASES)
def test_engines_agree(name: str) -> None:
    assert_agreement(CASES[name])


def test_the_cases_reach_every_reason() -> None:
    seen = set().union(*(served("compiled", setup).answers().reason.tolist() for setup in CASES.values()))
    assert seen == set(Reason) - {Reason.DEPENDENCY, Reason.CANCELLED}  # those are of services that call others


def test_the_grid_cases_are_storms_of_ties() -> None:
    finish = served("compiled", CASES["grid"]).answers().finish
    assert len(np.unique(finish)) < len(finish) / 2


def test_engines_agree_in_the_middle_of_a_run() -> None:
    setup = busy_release(timeout=0.2, retries=patient())
    loads = []
    for kind in ("compiled", "reference"):
        engine = served(kind, setup.but(moves=()), extra=[1.0])
        engine = served(kind, setup, extra=[0.1, 1.7])
        loads.append([[value.tolist() for value in vars(engine.load()).values()], worked(engine)])
    assert loads[0] == loads[1]


# Combinations: every mechanism on or off, and a control plane that does as it likes.

retries = st.fixed_dictionaries(
    {"attempts": st.integers(0, 3), "backoff": st.sampled_from([0.0, 1 / 64, 0.025])},
    optional={
        "per_try_timeout": st.sampled_from([1 / 32, 1 / 16]),
        "retry_on": st.lists(
            st.sampled_from(["5xx", "gateway-error", "reset", "connect-failure", "503", "404", "429", "cancelled"]),
            max_size=3,
        ).map(tuple),
    },
)
minimums = {"minimum_hosts": st.integers(1, 3), "request_volume": st.integers(1, 10)}


@st.composite
def outlier_rules(draw: st.DrawFn) -> dict[str, Any]:
    keys = {
        "consecutive_5xx_errors": st.integers(1, 4),
        "interval": st.sampled_from([1 / 16, 1 / 4, 1.0]),
        "base_ejection_time": st.sampled_from([1 / 16, 1 / 2]),
        "max_ejection_percent": st.sampled_from([0, 30, 100]),
    }
    more = {
        "consecutive_gateway_errors": st.integers(0, 3),
        "max_ejection_time": st.sampled_from([1 / 2, 1]),
        "min_health_percent": st.sampled_from([0, 50, 100]),
        "success_rate": st.fixed_dictionaries({**minimums, "stdev_factor": st.sampled_from([0, 500, 1900])}),
        "failure_percentage": st.fixed_dictionaries({**minimums, "threshold": st.sampled_from([0, 20, 85])}),
    }
    split = {
        "split_external_local_origin_errors": st.just(True),
        "consecutive_local_origin_failures": st.integers(0, 2),
    }
    return draw(st.fixed_dictionaries(keys | (split if draw(st.booleans()) else {}), optional=more))


limits = st.fixed_dictionaries({"http2_max_requests": st.integers(1, 8)})
networks = st.fixed_dictionaries(
    {"loss": st.sampled_from([0.01, 0.3])},
    optional={"proxy_latency": st.sampled_from([1 / 128, {"distribution": "gamma", "mean": 0.01, "cv": 0.5}])},
)
rate_limits = st.fixed_dictionaries(
    {
        "max_tokens": st.integers(1, 20),
        "tokens_per_fill": st.integers(1, 20),
        "fill_interval": st.sampled_from([1 / 16, 0.1]),
        "per": st.sampled_from(["pod", "proxy"]),
    }
)
budgets = st.fixed_dictionaries({"percent": st.sampled_from([0, 5, 50]), "min_retry_concurrency": st.integers(0, 3)})
balancers = (
    st.sampled_from(["leastRequest", "roundRobin", "random", "consistentHash", "ewma"]).map(
        lambda kind: {"load_balancer": kind}
    )
    | st.integers(2, 6).map(lambda count: {"least_request": {"choice_count": count}})
    | st.builds(
        lambda kind, warmup: {"load_balancer": kind, "warmup": warmup},
        st.sampled_from(["roundRobin", "leastRequest"]),
        st.fixed_dictionaries(
            {"duration": st.sampled_from([1 / 8, 1.0, 4.0])},
            optional={"minimum_percent": st.sampled_from([0, 50]), "aggression": st.sampled_from([1, 2.5])},
        ),
    )
    | st.sampled_from([1, 7, 64]).map(
        lambda size: {
            "load_balancer": "consistentHash",
            "consistent_hash": {"ring_hash": {"minimum_ring_size": size}},
        }
    )
    | st.sampled_from([0.01, 1.0]).map(lambda decay: {"load_balancer": "ewma", "ewma": {"decay_time": decay}})
)
retry_bounds = (
    st.just({})
    | st.builds(lambda budget: {"retry_budget": budget}, budgets)
    | st.builds(lambda most: {"connection_pool": {"http": {"max_retries": most}}}, st.integers(0, 4))
    | st.builds(lambda http: {"connection_pool": {"http": http}}, limits)
    | st.builds(
        lambda most, http: {"connection_pool": {"tcp": {"max_connections": most}, "http": http}},
        st.integers(1, 5),
        st.fixed_dictionaries(
            {}, optional={"http1_max_pending_requests": st.integers(1, 5), "http2_max_requests": st.integers(1, 6)}
        ),
    )
)
meshes = st.none() | st.builds(
    lambda balancer, bound, **keys: Mesh(**balancer, **bound, **keys),
    balancers,
    retry_bounds,
    timeout=st.sampled_from([None, 1 / 16, 1 / 8, 1.0]),
    retries=retries,
    outlier_detection=st.none() | outlier_rules(),
    rate_limit=st.none() | rate_limits,
    network=st.none() | networks,
)
fault_keys = st.fixed_dictionaries(
    {"error_rate": st.sampled_from([0.05, 0.4]), "status_code": st.sampled_from([404, 500, 503])},
    optional={
        "latency_factor": st.sampled_from([0.5, 3.0]),
        "extra_latency": st.sampled_from([1 / 64, {"distribution": "lognormal", "median": 0.01, "p99": 0.1}]),
        "at": st.sampled_from([0.25, 1.0]),
        "for": st.sampled_from([0.5, 1.0]),
        "ramp_up": st.sampled_from([0.25, 1.0]),
        "user_share": st.sampled_from([0.2, 0.7]),
        "pods": st.sampled_from([1, 2, "50%"]),
        "pod_age": st.sampled_from([0.25, 1.0]),
        "above_utilization": st.sampled_from([0.0, 0.5]),
        "error_latency": st.sampled_from([1 / 64, {"distribution": "exponential", "mean": 0.1}]),
        "drawn_per": st.sampled_from(["attempt", "request", "user"]),
        "endpoint": st.sampled_from(list(ENDPOINTS)),
    },
) | st.fixed_dictionaries(
    {"error_rate": st.just(0.5), "every": st.sampled_from([0.5, 0.75]), "for": st.sampled_from([0.1, 0.25])},
    optional={"at": st.sampled_from([0.25, 1.0]), "ramp_up": st.sampled_from([0.125, 1.0])},
)
laws = st.sampled_from(
    [
        1 / 64,
        {"distribution": "exponential", "mean": 0.02},
        {"distribution": "lognormal", "median": 0.01, "p99": 0.08},
        {"distribution": "gamma", "mean": 0.02, "cv": 0.5},
        {"distribution": "weibull", "mean": 0.02, "cv": 2.0},
        {"distribution": "pareto", "minimum": 0.005, "shape": 1.5},
        {"distribution": "uniform", "low": 0.0, "high": 0.04},
    ]
)
own_keys = st.fixed_dictionaries({"faults": st.lists(fault_keys, max_size=2).map(tuple)}, optional={"latency": laws})
common_keys = st.fixed_dictionaries(
    {"concurrency": st.integers(1, 3), "latency": laws, "error_rate": st.sampled_from([0.0, 0.1])},
    optional={"queue_capacity": st.integers(0, 5), "discipline": st.just("processorSharing")},
)
percents = st.sampled_from([0.0, 5.0, 50.0, 95.0, 100.0])


@st.composite
def routes(draw: st.DrawFn) -> Route:
    first = draw(percents)
    return Route(
        weights=((0, first), (1, 100.0 - first)),
        match=draw(st.sampled_from([(), ((0, 1),), ((0, 0), (0, 1))])),
        mirror=draw(st.none() | st.tuples(st.integers(0, 1), percents)),
        sticky=draw(st.booleans()),
        by_pods=draw(st.booleans()),
        keeps=draw(st.sampled_from([-1, -1, 0, 1])),
    )


@st.composite
def scripts(draw: st.DrawFn, pods: int) -> tuple[Move, ...]:
    """Return moves at moments of a grid of 1/8 s, on pods that exist."""
    moves: list[Move] = []
    numbers: Iterator[int] = itertools.count(pods)
    known = list(range(pods))
    for moment in sorted(draw(st.lists(st.integers(0, 16), max_size=10))):
        now = moment / 8
        verb = draw(st.sampled_from(["new", "kill", "remove_endpoint", "add_endpoint", "stop", "listen", "route"]))
        pod = draw(st.sampled_from(known))
        if verb == "new":
            pod = next(numbers)
            known.append(pod)
            moves += [Move(now, "add_pod", (pod, draw(st.integers(0, 1)))), Move(now, "add_endpoint", (pod,))]
        elif verb == "route":
            moves.append(Move(now, "set_route", (draw(routes()),)))
        elif verb == "stop":
            moves.append(Move(now, "stop_listening", (pod,)))
        elif verb == "listen":
            moves.append(Move(now, "listen", (pod, now)))
        else:
            moves.append(Move(now, verb, (pod,)))
    return tuple(moves)


habits = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "patience": st.sampled_from([1 / 16, {"distribution": "exponential", "mean": 0.1}]),
        "retries": st.builds(
            lambda attempts, backoff, on: {"attempts": attempts, "backoff": backoff, "on": on},
            st.integers(1, 3),
            st.sampled_from([0, 1 / 64, {"distribution": "exponential", "mean": 0.05}]),
            st.sampled_from(["5xx, abandoned", "503", "abandoned"]),
        ),
        "sessions": st.builds(
            lambda requests, think: {"requests": requests, "think_time": think},
            st.sampled_from([2, {"distribution": "exponential", "mean": 3}]),
            st.sampled_from([0, 1 / 32, {"distribution": "exponential", "mean": 0.1}]),
        ),
    },
)
loops = st.builds(
    lambda callers, think: {"closed_loop": {"callers": callers, "think_time": think}, "arrivals": "closedLoop"},
    st.integers(1, 30),
    st.sampled_from([1 / 8, {"distribution": "exponential", "mean": 0.2}]),
)


@st.composite
def requests_of_users(draw: st.DrawFn, endpoints: dict[str, Endpoint]) -> Requests:
    """Return 2 s of requests of users who wait, try again and come again as they like, or in a closed loop."""
    own = draw(habits)
    traffic = st.sampled_from([{"rate": 50.0}, {"rate": 200.0}])
    given = draw(traffic if "sessions" in own else traffic | loops)
    users = Users(count=200, segments={"testers": {"count": 20}}, **own)
    seed = draw(st.integers(0, 2**64 - 1))
    return draw_requests(Traffic(**given, endpoints=endpoints), users, None, seed, 0, 0.0, 2.0)


def without_endpoints(own: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a version whose faults are for every request."""
    faults = [{key: value for key, value in fault.items() if key != "endpoint"} for fault in own["faults"]]
    return {**own, "faults": tuple(faults)}


@st.composite
def setups(draw: st.DrawFn) -> Setup:
    pods = draw(st.tuples(st.integers(1, 3), st.integers(0, 3)))
    endpoints = draw(st.sampled_from([{}, ENDPOINTS, RANKED]))
    requests = draw(requests_of_users(endpoints))
    own = [draw(own_keys) if endpoints else without_endpoints(draw(own_keys)) for _ in range(2)]
    return Setup(
        on_grid(requests, GRID) if draw(st.booleans()) else requests,
        versions(*own, **draw(common_keys)),
        pods=pods,
        mesh=draw(meshes),
        route=draw(routes()),
        moves=draw(scripts(sum(pods))),
    )


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(setup=setups(), extra=st.lists(st.integers(0, 64).map(lambda n: n / 32), max_size=4))
def test_engines_agree_on_any_combination_and_extra_advances_change_nothing(setup: Setup, extra: list[float]) -> None:
    assert_agreement(setup)
    assert columns(served("compiled", setup).answers()) == columns(served("compiled", setup, extra).answers())
