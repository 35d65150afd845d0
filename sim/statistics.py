"""Means over replications with their 95 % t intervals, and paired differences between strategies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from statistics import fmean, variance
from typing import NamedTuple, TypedDict

CONFIDENCE = 0.95


class Interval(TypedDict):
    """A mean over replications; low and high are null for a single one, n of `of` replications have a value."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    of: int


class PairedDifference(NamedTuple):
    """A field of one strategy minus another's, replication by replication.

    variance_ratio: variance of the difference had the two not shared their luck, over what it is; nan for no variance.
    """

    mean: float
    low: float
    high: float
    n: int
    of: int
    variance_ratio: float


def t_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Return mean, lower and upper end; the ends of a single value are nan.

    Source: Law, Simulation Modeling and Analysis, section 4.5.
    """
    mean = fmean(values)
    if len(values) == 1:
        return mean, math.nan, math.nan
    half = t_quantile(0.5 + confidence / 2, len(values) - 1) * math.sqrt(variance(values, mean) / len(values))
    return mean, mean - half, mean + half


def over_replications(values: Sequence[float | None], censored: Sequence[float | None] | None = None) -> Interval:
    """Return the mean of a field over replications with its interval.

    A null is left out, or counts as the `censored` value of its replication where there is one; n counts the rest.
    """
    stand_ins = censored or [None] * len(values)
    known = [value if value is not None else other for value, other in zip(values, stand_ins, strict=True)]
    counted = [value for value in known if value is not None]
    n = sum(value is not None for value in values)
    mean, low, high = t_interval(counted) if counted else (math.nan,) * 3
    return Interval(mean=_null(mean), low=_null(low), high=_null(high), n=n, of=len(values))


def paired_difference(first: Sequence[float | None], second: Sequence[float | None]) -> PairedDifference:
    """Return first minus second over the replications in which both have a value."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        return PairedDifference(math.nan, math.nan, math.nan, 0, len(first), math.nan)
    mean, low, high = t_interval([a - b for a, b in pairs])
    return PairedDifference(mean, low, high, len(pairs), len(first), _variance_ratio(pairs))


def word_counts(words: Sequence[str]) -> dict[str, int]:
    """Return how often each word came, the most frequent first."""
    return dict(Counter(words).most_common())


@cache
def t_quantile(probability: float, degrees: int) -> float:
    """Return the quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def _variance_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    if len(pairs) < 2:
        return math.nan
    together = variance([a - b for a, b in pairs])
    apart = sum(variance(side) for side in zip(*pairs, strict=True))
    return apart / together if together else math.nan


def _null(value: float) -> float | None:
    return None if math.isnan(value) else value
