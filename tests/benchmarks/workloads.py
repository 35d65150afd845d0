"""The workloads of the benchmark, and what is served of each, as plain numbers that every model reads."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Workload:
    """Poisson requests to one or two pools of pods, each pod with its workers and one queue, first come first served.

    rate: requests per second. seconds: how long they arrive; the run ends when every request has left. shares: of each
    pool. pods: in each pool. error_rates: of each pool. service: mean of the exponential service time, seconds.
    timeout: of an attempt, seconds, with `retries` more after `backoff` seconds; 0 for none. churn: every so many
    seconds a pod of each pool is replaced, 0 for never. ticks: moments at which the control plane wakes up.
    """

    name: str
    rate: float
    seconds: float
    service: float
    workers: int
    pods: int = 10
    shares: tuple[float, ...] = (0.9, 0.1)
    error_rates: tuple[float, ...] = (0.01, 0.05)
    timeout: float = 0.0
    retries: int = 0
    backoff: float = 0.0
    churn: float = 0.0
    ticks: int = 100

    @property
    def is_full(self) -> bool:
        """True with timeouts, retries and churn."""
        return self.timeout > 0

    def full(self) -> Workload:
        """Return the same with timeouts, retries and churn."""
        return replace(self, name=f"{self.name} full", timeout=0.25, retries=2, backoff=0.05, churn=2.0, ticks=1000)

    def of(self, requests: float) -> Workload:
        """Return the same with about so many requests."""
        return replace(self, seconds=requests / self.rate)


W1 = Workload("W1", 128.0, 100_000 / 128.0, 0.05, 8, pods=1, shares=(1.0,), error_rates=(0.0,))
W2 = Workload("W2", 2000.0, 100.0, 0.05, 4)
W2S = replace(W2, name="W2S", service=0.02)
WORKLOADS = (W1, W2, W2S, W2.full(), W2S.full())
"""W1: M/M/8 at utilization 0.8. W2: the larger pool is overloaded, 100,000 wait at the end. W2S: utilization 0.9."""
