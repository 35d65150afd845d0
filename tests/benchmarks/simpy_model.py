"""The workloads as SimPy's documentation teaches: one process and one request of a Resource for each request."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy
from workloads import Workload

Steps = Generator[simpy.Event, Any, Any]


class Model:
    """One run; `attempts` is what is counted, `waits` what is kept of each."""

    def __init__(self, workload: Workload, seed: int) -> None:
        self.given = workload
        self.env = simpy.Environment()
        self.luck = random.Random(seed)
        self.pools = [[self.pod() for _ in range(workload.pods)] for _ in workload.shares]
        self.turns = [0 for _ in workload.shares]
        self.waits: list[float] = []
        self.attempts = self.failed = 0

    def run(self) -> int:
        """Serve all requests; return the number of attempts."""
        self.env.process(self.source())
        if self.given.is_full:
            self.env.process(self.ticker())
            self.env.process(self.churn())
        self.env.run()
        return self.attempts

    def pod(self) -> simpy.Resource:
        return simpy.Resource(self.env, capacity=self.given.workers)

    def source(self) -> Steps:
        serve = self.patient if self.given.is_full else self.simple
        while True:
            yield self.env.timeout(self.luck.expovariate(self.given.rate))
            if self.env.now >= self.given.seconds:
                return
            self.env.process(serve())

    def choose(self) -> tuple[int, simpy.Resource]:
        """Return a pool at random and its next pod in turn."""
        pool = 0 if len(self.pools) == 1 or self.luck.random() < self.given.shares[0] else 1
        pods = self.pools[pool]
        pod = pods[self.turns[pool] % len(pods)]
        self.turns[pool] += 1
        self.attempts += 1
        return pool, pod

    def simple(self) -> Steps:
        """A request without timeout."""
        pool, pod = self.choose()
        arrival = self.env.now
        with pod.request() as turn:
            yield turn
            self.waits.append(self.env.now - arrival)
            yield self.env.timeout(self.luck.expovariate(1 / self.given.service))
        if self.luck.random() < self.given.error_rates[pool]:
            self.failed += 1

    def patient(self) -> Steps:
        """A request with timeouts: a waiting attempt leaves the queue, a running one keeps its worker to the end."""
        for retry in range(self.given.retries + 1):
            if retry:
                yield self.env.timeout(self.given.backoff)
            pool, pod = self.choose()
            state = {"runs": False}
            attempt = self.env.process(self.attempt(pool, pod, state))
            done = yield attempt | self.env.timeout(self.given.timeout)
            if attempt in done:
                self.failed += not attempt.value
                return
            if not state["runs"]:
                attempt.interrupt()
        self.failed += 1

    def attempt(self, pool: int, pod: simpy.Resource, state: dict[str, bool]) -> Steps:
        arrival = self.env.now
        with pod.request() as turn:
            try:
                yield turn
            except simpy.Interrupt:
                return None
            state["runs"] = True
            self.waits.append(self.env.now - arrival)
            yield self.env.timeout(self.luck.expovariate(1 / self.given.service))
        return self.luck.random() >= self.given.error_rates[pool]

    def ticker(self) -> Steps:
        while self.env.now < self.given.seconds:
            yield self.env.timeout(self.given.seconds / self.given.ticks)

    def churn(self) -> Steps:
        """Replace the oldest pod of each pool, again and again; the old one finishes what it has."""
        while self.env.now < self.given.seconds - self.given.churn:
            yield self.env.timeout(self.given.churn)
            for pods in self.pools:
                pods.append(self.pod())
                pods.pop(0)
