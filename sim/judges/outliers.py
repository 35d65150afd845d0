"""What is done to a series before it is compared: missing values and outliers out, and what it looks like after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sample = NDArray[np.float64]
Flags = NDArray[np.bool_]


def percentile(sample: Sample, percent: float) -> float:
    """Return the percentile by linear interpolation (R type 7); 0 of nothing.

    Source: Kayenta DescriptiveStatistics.percentile.
    """
    return float(np.percentile(sample, percent)) if len(sample) else 0.0


def k_sigma(sample: Sample, k: float) -> Flags:
    """Return which values lie more than `k` standard deviations (of the population) from the mean.

    Source: Kayenta KSigmaDetector.
    """
    if not len(sample):
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(np.abs(sample - sample.mean()) > k * sample.std())


def tukey(sample: Sample, factor: float, *, widened: bool = False) -> Flags:
    """Return which values lie beyond the quartiles by more than `factor` times their distance.

    widened: values between the 1st and the 99th percentile are never outliers.

    Source: Kayenta IQRDetector (widened: reduceSensitivity).
    """
    low, high = percentile(sample, 25), percentile(sample, 75)
    low, high = low - factor * (high - low), high + factor * (high - low)
    if widened:
        low, high = min(low, percentile(sample, 1)), max(high, percentile(sample, 99))
    return np.asarray((sample < low) | (sample > high))


def without_nan(sample: Sample) -> Sample:
    """Return the values that are there."""
    return sample[~np.isnan(sample)]


def with_nan_as(sample: Sample, value: float) -> Sample:
    """Return the values with `value` for what is missing."""
    return np.where(np.isnan(sample), value, sample)
