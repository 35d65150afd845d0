"""How large a difference between two samples is, whatever its certainty: as a ratio, in deviations, as a chance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Sample = NDArray[np.float64]


def mean_ratio(experiment: Sample, control: Sample) -> float:
    """Return the mean of experiment over that of control; nan when one of them is 0.

    Source: Kayenta EffectSizes.meanRatio.
    """
    above, below = float(experiment.mean()), float(control.mean())
    return above / below if above and below else math.nan


def cohen_d(experiment: Sample, control: Sample) -> float:
    """Return the distance of the means in pooled standard deviations; nan when nothing deviates.

    Source: Kayenta EffectSizes.cohenD; J. Cohen, Statistical Power Analysis for the Behavioral Sciences, chapter 2.
    """
    degrees = len(experiment) + len(control) - 2
    squares = len(experiment) * float(experiment.var()) + len(control) * float(control.var())
    if degrees < 1 or squares == 0:
        return math.nan
    return float(abs(experiment.mean() - control.mean())) / math.sqrt(squares / degrees)


def cles(experiment: Sample, control: Sample) -> float:
    """Return the chance that a value of experiment is above one of control, ties counted half.

    Source: Kayenta EffectSizes.cles; McGraw and Wong, A common language effect size statistic.
    """
    ordered = np.sort(control)
    below = np.searchsorted(ordered, experiment, side="left")
    at_most = np.searchsorted(ordered, experiment, side="right")
    return float((below + at_most).sum()) / (2 * len(experiment) * len(control))
