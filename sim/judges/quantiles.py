"""The distribution-free interval of a quantile: sorted values -> (low, high)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.judges.proportions import Interval


def quantile_interval(values: NDArray[np.float64], probability: float, confidence: float = 0.95) -> Interval:
    """Return the order statistics that hold the quantile with at least `confidence`; nan with too few values.

    Source: David and Nagaraja, Order Statistics, section 7.1.
    """
    low, high = quantile_ranks(len(values), probability, confidence)
    ranks = [rank - 1 for rank in (low, high) if 1 <= rank <= len(values)]
    ordered = np.partition(values, ranks) if ranks else values
    return Interval(*(float(ordered[rank - 1]) if 1 <= rank <= len(values) else math.nan for rank in (low, high)))


def quantile_ranks(count: int, probability: float, confidence: float = 0.95) -> tuple[int, int]:
    """Return the ranks (from 1) of the interval's ends; 0 and count + 1 stand for no such rank.

    The number of values below the quantile is Binomial(count, probability): each end leaves at most
    (1 - confidence) / 2 of it outside.
    """
    tail = (1 - confidence) / 2
    cumulative = np.cumsum(_binomial(count, probability))
    low = int(np.searchsorted(cumulative, tail, side="right"))
    high = int(np.searchsorted(cumulative, 1 - tail, side="left")) + 1
    return low, min(high, count + 1)


def _binomial(count: int, probability: float) -> NDArray[np.float64]:
    """Return the probabilities of 0 .. count, summed up in logarithms so that none is lost on the way."""
    drawn = np.arange(1, count + 1, dtype=np.float64)
    steps = np.log((count - drawn + 1) / drawn) + math.log(probability / (1 - probability))
    logs = count * math.log1p(-probability) + np.concatenate(([0.0], np.cumsum(steps)))
    return np.asarray(np.exp(logs), dtype=np.float64)
