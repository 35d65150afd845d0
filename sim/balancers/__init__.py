"""Which pod of a pool answers: one file per policy, each in two forms.

`pick` is plain Python over pods, for the reference engine; `pick_compiled` does the same over the arrays of the
compiled engine's state. Both return a place in the ready list of a pool that is not empty, and change nothing but what
the policy itself remembers. The agreement test compares them; one shared function would hide its own bug.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sim.balancers import consistent_hash, ewma, least_request, random, round_robin


class Ask(NamedTuple):
    """What an attempt brings: two numbers of its own inside (0, 1), its user, and the moment in seconds."""

    first: float
    second: float
    user: int
    now: float


class Rules(NamedTuple):
    """How the policies are set: how many pods least request compares, fewest points of a ring, 32 bits of the run."""

    choices: int = 2
    ring_size: int = 1024
    salt: int = 0


class ReadyPod(Protocol):
    """What a policy may look at: the pod's number, and its requests in service or waiting that nobody has given up."""

    number: int
    requests: int

    def cost(self, now: float) -> float:
        """Return latency times requests, and let the latency fade."""


class Pool(Protocol):
    """Pods that may be used, in order; the policy's own cursor and ring, None until it is made."""

    ready: Sequence[ReadyPod]
    rules: Rules
    cursor: int
    ring: list[int] | None


def next_place(pool: Pool, place: int) -> int:
    """Return where a retry goes that must not go to this place again."""
    return (place + 1) % len(pool.ready)


@dataclass(frozen=True)
class Balancer:
    """A policy. code: its number in the kernel. another: the place for a retry instead of the one it just left."""

    kind: str
    code: int
    summary: str
    pick: Callable[[Any, Ask], int]
    pick_compiled: Callable[..., int]
    another: Callable[[Any, int], int] = next_place


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
            "consistentHash",
            3,
            "always the same pod for a user",
            consistent_hash.pick,
            consistent_hash.pick_compiled,
            consistent_hash.another,
        ),
        Balancer("ewma", 4, "the one of two pods at random with less latency", ewma.pick, ewma.pick_compiled),
    )
}
