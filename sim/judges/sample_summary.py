"""A sample in five numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SampleSummary:
    """Smallest, largest and mean value, standard deviation (n - 1), and how many; all 0 of nothing."""

    min: float
    max: float
    mean: float
    std: float
    count: int


def summary(sample: NDArray[np.float64]) -> SampleSummary:
    """Return the sample in numbers; a single value deviates by 0.

    Source: Kayenta DescriptiveStatistics.summary.
    """
    count = len(sample)
    if not count:
        return SampleSummary(0.0, 0.0, 0.0, 0.0, 0)
    std = float(sample.std(ddof=1)) if count > 1 else 0.0
    return SampleSummary(float(sample.min()), float(sample.max()), float(sample.mean()), std, count)
