"""Pods that warm up get less, in plain form; sim/engine/schedule.py is the compiled one.

Source: Envoy, EdfScheduler and the slow start of EdfLoadBalancerBase.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from itertools import count

from sim.engine.portable import ppow
from sim.spec.mesh import Warmup

SHORTEST_AGE = 0.001  # Source: Envoy counts whole milliseconds, and a pod's first one as one


class Schedule:
    """An earliest-deadline-first order of places: each is due again after one over its weight at that moment."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._order = count(len(weights))
        self._entries = [(1.0 / weight, place, place) for place, weight in enumerate(weights)]
        heapify(self._entries)

    def pick(self, weight_of: Callable[[int], float]) -> int:
        """Return the place that is due, the one that has waited longest among equals."""
        due, _, place = self._entries[0]
        heapreplace(self._entries, (due + 1.0 / weight_of(place), next(self._order), place))
        return place


def warmed(rule: Warmup, age: float) -> float:
    """Return the part of its full share that a pod of this age gets."""
    if age >= rule.duration:
        return 1.0
    part = max(age, SHORTEST_AGE) / rule.duration
    if rule.aggression != 1 and part < 1:
        part = ppow(part, 1.0 / rule.aggression)
    return max(part, rule.minimum_percent / 100)
