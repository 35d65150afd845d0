"""The workloads served by rollsim's data plane, with SimPy in control of its pods and of the time."""

from __future__ import annotations

import math
from collections.abc import Generator

import simpy
from workloads import Workload

from sim.engine import draw_requests
from sim.engine.compiled import CompiledPlane
from sim.engine.protocol import PlaneConfig, Requests, Route
from sim.spec.mesh import Mesh
from sim.spec.service import ResolvedVersion, Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users

Steps = Generator[simpy.Event, None, None]


class Model:
    """One run, the drawing of its requests included."""

    def __init__(self, workload: Workload, seed: int, *, looks_ahead: bool = True) -> None:
        self.given = workload
        self.env = simpy.Environment()
        config = PlaneConfig(_versions(workload), _requests(workload, seed), _mesh(workload), _route(workload), 0.0)
        self.plane = CompiledPlane(config, looks_ahead=looks_ahead)
        self.oldest = [[self.new_pod(pool) for _ in range(workload.pods)] for pool in range(len(workload.shares))]

    def run(self) -> int:
        """Serve all requests; return the number of attempts."""
        self.env.process(self.ticker())
        if self.given.is_full:
            self.env.process(self.churn())
        self.env.run()
        self.plane.advance(math.inf)
        answers = self.plane.answers()
        return int(answers.attempts.sum()) if self.given.is_full else len(answers)

    def new_pod(self, pool: int) -> int:
        pod = self.pods = getattr(self, "pods", -1) + 1
        self.plane.add_pod(pod, pool)
        self.plane.listen(pod, self.env.now)
        self.plane.add_endpoint(pod)
        return pod

    def ticker(self) -> Steps:
        """Look at the data plane again and again, as a control plane does."""
        while self.env.now < self.given.seconds:
            yield self.env.timeout(self.given.seconds / self.given.ticks)
            self.plane.advance(self.env.now)

    def churn(self) -> Steps:
        """Replace the oldest pod of each pool, again and again; the old one finishes what it has."""
        while self.env.now < self.given.seconds - self.given.churn:
            yield self.env.timeout(self.given.churn)
            self.plane.advance(self.env.now)
            for pool, pods in enumerate(self.oldest):
                pods.append(self.new_pod(pool))
                self.plane.remove_endpoint(pods.pop(0))


def _requests(workload: Workload, seed: int) -> Requests:
    return draw_requests(Traffic(rate=workload.rate), Users(count=1000), None, seed, 0, 0.0, workload.seconds)


def _versions(workload: Workload) -> tuple[ResolvedVersion, ...]:
    own = {f"v{pool}": {"error_rate": rate} for pool, rate in enumerate(workload.error_rates)}
    latency = {"distribution": "exponential", "mean": workload.service}
    service = Service(concurrency=workload.workers, latency=latency, versions=own)
    return tuple(service.resolved(name) for name in own)


def _mesh(workload: Workload) -> Mesh:
    retries = {"attempts": workload.retries}
    if workload.is_full:
        retries |= {"per_try_timeout": workload.timeout, "backoff": workload.backoff, "retry_on": ("gateway-error",)}
    return Mesh(load_balancer="roundRobin", retries=retries)


def _route(workload: Workload) -> Route:
    return Route(tuple((pool, 100.0 * share) for pool, share in enumerate(workload.shares)))
