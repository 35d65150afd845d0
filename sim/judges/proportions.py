"""Intervals for a share and for the difference of two shares: counts -> (low, high)."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Number = float | NDArray[np.float64]


class Interval(NamedTuple):
    """The lower and the upper end; nan where nothing was counted."""

    low: Number
    high: Number


def wilson(successes: Number, trials: Number, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share, element by element.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    z = two_sided_z(confidence)
    count = np.asarray(trials, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(successes, dtype=np.float64) / count
        centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return Interval(_plain(np.clip(centre - half, 0.0, 1.0)), _plain(np.clip(centre + half, 0.0, 1.0)))


def newcombe(
    successes: Number, trials: Number, other_successes: Number, other_trials: Number, confidence: float = 0.95
) -> Interval:
    """Return Newcombe's interval (square and add) of the first share minus the other, element by element.

    Source: Newcombe (1998), method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    first, other = wilson(successes, trials, confidence), wilson(other_successes, other_trials, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(successes, dtype=np.float64) / np.asarray(trials, dtype=np.float64)
        other_share = np.asarray(other_successes, dtype=np.float64) / np.asarray(other_trials, dtype=np.float64)
    below = np.sqrt((share - first.low) ** 2 + (other.high - other_share) ** 2)
    above = np.sqrt((first.high - share) ** 2 + (other_share - other.low) ** 2)
    return Interval(_plain(share - other_share - below), _plain(share - other_share + above))


def two_sided_z(confidence: float) -> float:
    """Return the normal quantile that leaves (1 - confidence) / 2 on each side."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _plain(values: NDArray[np.float64]) -> Number:
    return float(values) if values.ndim == 0 else values
