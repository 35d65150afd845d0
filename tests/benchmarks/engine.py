"""Requests per second of both engines, in CPU time of one core: `python tests/benchmarks/engine.py`.

Not a test: numbers to look at before and after a change. Two versions of ten pods with four workers, 2,000 requests/s,
utilization 0.9; the clock leaves out drawing the requests and compiling.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from planes import Setup, drawn, started, versions

from sim.engine.protocol import Route
from sim.spec.mesh import Mesh

EXPONENTIAL = {"distribution": "exponential", "mean": 0.02}
LOGNORMAL = {"distribution": "lognormal", "median": 0.015, "p99": 0.06}
RETRIES = {"attempts": 2, "per_try_timeout": 0.1, "retry_on": ("5xx",)}
NO_RETRIES = {"attempts": 0}
RUNS = 5


def release(latency: dict[str, Any], mesh: Mesh | None, duration: float, route: Route | None = None) -> Setup:
    own = versions({"error_rate": 0.01}, {"error_rate": 0.05}, latency=latency, concurrency=4)
    return Setup(drawn(2000, duration), own, (10, 10), mesh, route or Route(((0, 90.0), (1, 10.0))))


def cases(duration: float) -> dict[str, Setup]:
    in_turn = Mesh(load_balancer="roundRobin", retries=NO_RETRIES)
    return {
        "round robin": release(EXPONENTIAL, in_turn, duration),
        "lognormal service": release(LOGNORMAL, in_turn, duration),
        "Istio's defaults": release(EXPONENTIAL, Mesh(), duration),
        "timeouts and retries": release(EXPONENTIAL, Mesh(timeout=0.25, retries=RETRIES), duration),
        "no mesh": release(EXPONENTIAL, None, duration, Route(by_pods=True)),
        "consistent hash": release(EXPONENTIAL, Mesh(load_balancer="consistentHash"), duration),
        "all mirrored": release(EXPONENTIAL, in_turn, duration, Route(((0, 100.0),), mirror=(1, 100.0))),
    }


def requests_per_second(kind: str, setup: Setup) -> float:
    """Return the best of several runs."""
    best = math.inf
    for _ in range(RUNS):
        engine = started(kind, setup)
        begin = time.thread_time()
        engine.advance(math.inf)
        best = min(best, time.thread_time() - begin)
    return len(setup.requests.arrival) / best


def microseconds_of_an_idle_call() -> float:
    engine = started("compiled", cases(1.0)["round robin"])
    begin = time.thread_time()
    for _ in range(10_000):
        engine.advance(0.0)
    return (time.thread_time() - begin) * 100


def main() -> None:
    for kind, duration in (("compiled", 100.0), ("reference", 2.0)):
        for name, setup in cases(duration).items():
            print(f"{kind:10s} {name:22s} {requests_per_second(kind, setup):12,.0f} requests/s")  # noqa: T201
    print(f"idle advance {microseconds_of_an_idle_call():.1f} microseconds")  # noqa: T201


if __name__ == "__main__":
    main()
