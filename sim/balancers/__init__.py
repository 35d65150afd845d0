"""Which pod of a pool answers: one file per policy, each in two forms.

`pick` is plain Python over pods, for the reference engine; `pick_compiled` does the same over the arrays of the
compiled engine's state. Both return a place in the ready list of a pool that is not empty, and change nothing but the
cursor. The agreement test compares them; one shared function would hide its own bug.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sim.balancers import consistent_hash, least_request, random, round_robin


class ReadyPod(Protocol):
    """What a policy may look at: the pod's number, and its requests in service or waiting that nobody has given up."""

    number: int
    requests: int


class Pool(Protocol):
    """Pods that may be used, in order, the policy's own cursor, and how many pods least request compares."""

    ready: Sequence[ReadyPod]
    cursor: int
    choices: int


@dataclass(frozen=True)
class Balancer:
    """A policy. code: its number in the kernel."""

    kind: str
    code: int
    summary: str
    pick: Callable[[Any, float, float, int, int], int]
    pick_compiled: Callable[[Any, int, int, int, float, float, int], int]


BALANCERS = {
    balancer.kind: balancer
    for balancer in (
        Balancer("roundRobin", 0, "each pod in turn", round_robin.pick, round_robin.pick_compiled),
        Balancer("random", 1, "any pod, all alike", random.pick, random.pick_compiled),
        Balancer(
            "leastRequest",
            2,
            "the least busy of two pods at random, or more",
            least_request.pick,
            least_request.pick_compiled,
        ),
        Balancer(
            "consistentHash", 3, "always the same pod for a user", consistent_hash.pick, consistent_hash.pick_compiled
        ),
    )
}
