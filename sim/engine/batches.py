"""How many requests come at one moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine.keyed import Purpose, many_uniforms
from sim.engine.variates import quantiles
from sim.spec.distributions import Law

LARGEST_BATCH = 10_000
"""A heavy tail is cut here."""


def batch_sizes(law: Law, count: int, seed: int, replication: int) -> NDArray[np.int64]:
    """Return the sizes of so many batches: numbers of the law, rounded up or down at random so that the mean stays."""
    size, rounding = many_uniforms(seed, replication, Purpose.BATCH, 0, count)
    return rounded(quantiles(law, size), rounding)


def rounded(values: NDArray[np.float64], luck: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers with the values as their means."""
    return np.floor(np.minimum(values, LARGEST_BATCH) + luck).astype(np.int64)
