"""How far one sample lies above another: the interval that inverts the rank-sum test, as Kayenta takes it from R."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.judges.root import brent

CONTINUITY = 0.5
ROOT_TOLERANCE = 1e-4
"""Source: R wilcox.test. It is absolute: of samples that differ by less, the interval says little."""

Sample = NDArray[np.float64]


class Shift(NamedTuple):
    """The shift of x against y, in their unit, with the ends of its interval."""

    estimate: float
    low: float
    high: float


def normal_quantile(probability: float) -> float:
    """Return the standard normal quantile."""
    return NormalDist().inv_cdf(probability)


def rank_sum_z(x: Sample, y: Sample, shift: float, quantile: float = 0.0, continuity: float = CONTINUITY) -> float:
    """Return the normal score of the rank sum of x - shift among both samples, less `quantile`.

    Ranks of ties are their mean, sigma is corrected for them, and the sum is moved by `continuity` ranks towards 0.

    Source: Kayenta MannWhitney.scala, after R wilcox.test.
    """
    moved, ordered = x - shift, np.sort(y)
    below = np.searchsorted(ordered, moved, side="left")
    at_most = np.searchsorted(ordered, moved, side="right")
    above_middle = float((below + at_most).sum()) / 2 - len(x) * len(y) / 2
    corrected = above_middle - math.copysign(continuity, above_middle) if above_middle else 0.0
    return corrected / rank_sum_sigma(moved, y) - quantile


def rank_sum_sigma(x: Sample, y: Sample) -> float:
    """Return the standard deviation of the rank sum, corrected for ties; 0 when all values are tied."""
    total = len(x) + len(y)
    tied = np.unique(np.concatenate((x, y)), return_counts=True)[1].astype(np.float64)
    correction = float((tied**3 - tied).sum()) / (total * (total - 1))
    return math.sqrt(len(x) * len(y) / 12 * (total + 1 - correction))


def location_shift(x: Sample, y: Sample, confidence: float) -> Shift:
    """Return how far x lies above y: where the score of the ranks is 0, and where it is at each end of `confidence`.

    The estimate goes without the correction for continuity, as in R.

    Model: where both samples are constant there is nothing to rank, and the shift is certain; Kayenta ranks them after
    adding noise of a hundred-thousandth of their size.
    """
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        difference = float(x[0] - y[0])
        return Shift(difference, difference, difference)
    quantile = normal_quantile((1 - confidence) / 2)
    return Shift(
        _shift_at(x, y, 0.0, continuity=0.0),
        _shift_at(x, y, -quantile, CONTINUITY),
        _shift_at(x, y, quantile, CONTINUITY),
    )


def _shift_at(x: Sample, y: Sample, quantile: float, continuity: float) -> float:
    """Return the shift at which the score of the ranks is `quantile`, at most the largest that the samples allow."""

    def score(shift: float) -> float:
        return rank_sum_z(x, y, shift, quantile, continuity)

    least, most = float(x.min() - y.max()), float(x.max() - y.min())
    if score(least) <= 0:
        return least
    if score(most) >= 0:
        return most
    return brent(score, least, most, ROOT_TOLERANCE)
