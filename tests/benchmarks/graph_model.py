"""Four services in a row, each calling the next, served by rollsim's data plane."""

from __future__ import annotations

import math

from sim.engine import draw_requests
from sim.engine.compiled import CompiledPlane
from sim.engine.protocol import PlaneConfig, Route
from sim.spec.mesh import Mesh
from sim.spec.service import ResolvedVersion, Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users

NAMES = ("shop", "cart", "prices", "stock")
RATE, PODS = 1000.0, 8


def calls(seconds: float, seed: int, *, is_held: bool) -> int:
    """Serve all requests, drawn and every row written; return how many calls that were, the users' own included."""
    requests = draw_requests(Traffic(rate=RATE), Users(count=1000), None, seed, 0, 0.0, seconds)
    mesh = Mesh(load_balancer="roundRobin", timeout=0.25, retries={"attempts": 2, "retry_on": ("5xx",)})
    plane = CompiledPlane(PlaneConfig(_versions(is_held), requests, mesh, Route(weights=((0, 100.0),)), 0.0))
    for pod in range(PODS * len(NAMES)):
        plane.add_pod(pod, pod // PODS)
        plane.listen(pod, -math.inf)
        plane.add_endpoint(pod)
    plane.advance(math.inf)
    return len(plane.answers()) + len(plane.calls())


def _versions(is_held: bool) -> tuple[ResolvedVersion, ...]:
    own = {
        "concurrency": 16,
        "latency": {"distribution": "exponential", "mean": 0.005},
        "error_rate": 0.002,
        "worker_held": is_held,
        "versions": {"v1": {}},
    }
    services = [Service(**own, calls=tuple({"service": name} for name in NAMES[n + 1 : n + 2])) for n in range(4)]
    return tuple(service.called(name).resolved("v1") for name, service in zip(NAMES, services, strict=True))
