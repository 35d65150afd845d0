"""What a metric is: a name, a unit, where its numbers come from, and a function of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sim.metrics.window import Window


@dataclass(frozen=True)
class Metric:
    """One number measured over a window.

    value: nan when there is nothing to measure. samples: how many observations the value rests on. shape: how its
    uncertainty is told: a share of counted things, a quantile of latencies, or a level sampled over time.
    """

    name: str
    unit: str
    source: str
    shape: Literal["share", "quantile", "level"]
    value: Callable[[Window], float]
    samples: Callable[[Window], float]
    probability: float | None = None
    """The quantile's, where the shape is one."""
