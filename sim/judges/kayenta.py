"""Kayenta's judge of one metric: series of canary and baseline -> Pass, High, Low or Nodata. All pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.judges.effect_size import cles, cohen_d, mean_ratio
from sim.judges.mann_whitney import Shift, location_shift
from sim.judges.outliers import k_sigma, tukey, with_nan_as, without_nan
from sim.judges.score import Label

Direction = Literal["increase", "decrease", "either"]
Measure = Literal["meanRatio", "cles", "cohenD"]
Sample = NDArray[np.float64]

TOLERANCE = 0.25
CONFIDENCE = 0.98
"""Source: Kayenta NetflixACAJudge, classifyMetric: new MannWhitneyClassifier(tolerance = 0.25, confLevel = 0.98)."""
MEASURES: Mapping[Measure, Callable[[Sample, Sample], float]] = {
    "meanRatio": mean_ratio,
    "cles": cles,
    "cohenD": cohen_d,
}
NO_SHIFT = Shift(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Rule:
    """How a metric is judged. allowed, critical: effect sizes (low, high) from which Low and High count.

    replaces_missing: missing values are 0. outlier_factor: None keeps outliers. must_have_data: no data is a failure.
    by_mean: the means alone are compared, with no effect size. by_sigma: outliers are so many deviations from the mean.
    """

    direction: Direction = "either"
    measure: Measure = "meanRatio"
    allowed: tuple[float, float] = (1.0, 1.0)
    critical: tuple[float, float] = (1.0, 1.0)
    is_critical: bool = False
    must_have_data: bool = False
    replaces_missing: bool = False
    outlier_factor: float | None = None
    by_mean: bool = False
    by_sigma: bool = False
    tolerance: float = TOLERANCE
    confidence: float = CONFIDENCE


class Classification(NamedTuple):
    """What a metric is. critical: it fails the whole canary. deviation: the effect size, nan when undefined."""

    label: Label
    critical: bool
    reason: str
    deviation: float = math.nan
    shift: Shift = NO_SHIFT


def judge(experiment: Sample, control: Sample, rule: Rule) -> Classification:
    """Return the class of a metric by its series of canary and baseline, nan where a value is missing."""
    return classify(cleaned(experiment, rule), cleaned(control, rule), rule)


def cleaned(series: Sample, rule: Rule) -> Sample:
    """Return the values that are compared.

    Source: Kayenta NetflixACAJudge, transformMetric.
    """
    sample = with_nan_as(series, 0.0) if rule.replaces_missing else without_nan(series)
    if rule.outlier_factor is None:
        return sample
    if rule.by_sigma:
        return sample[~k_sigma(sample, rule.outlier_factor)]
    return sample[~tukey(sample, rule.outlier_factor, widened=True)]


def classify(experiment: Sample, control: Sample, rule: Rule) -> Classification:
    """Return the class of a metric by two clean samples.

    Source: Kayenta MannWhitneyClassifier.
    """
    if not (len(experiment) and len(control)):
        return _without_data(rule)
    if rule.by_mean:
        return _by_mean(experiment, control, rule)
    if len(experiment) == len(control) and np.array_equal(np.sort(experiment), np.sort(control)):
        return Classification("Pass", False, "the values are the same", 1.0)
    if np.ptp(np.concatenate((experiment, control))) == 0:
        return Classification("Pass", False, "all values are the same", 1.0)
    shift = location_shift(experiment, control, rule.confidence)
    deviation = MEASURES[rule.measure](experiment, control)
    label = _label(shift, deviation, rule)
    if label == "Pass":
        return Classification("Pass", False, _no_difference(shift, rule), deviation, shift)
    critical = rule.is_critical and _reaches(label, deviation, rule, rule.critical)
    return Classification(label, critical, _certain_difference(label, deviation), deviation, shift)


def _by_mean(experiment: Sample, control: Sample, rule: Rule) -> Classification:
    label = classify_by_mean(experiment, control, rule.direction)
    if label == "Pass":
        return Classification("Pass", False, "no difference of the means that is bad")
    return Classification(label, rule.is_critical, f"the mean is {'higher' if label == 'High' else 'lower'}")


def _without_data(rule: Rule) -> Classification:
    if rule.replaces_missing:
        return Classification("Pass", False, "no data, which counts as 0")
    if rule.must_have_data and not rule.is_critical:
        return Classification("NodataFailMetric", False, "no data, and it must have some")
    return Classification("Nodata", rule.is_critical, "no data")


def _label(shift: Shift, deviation: float, rule: Rule) -> Label:
    """Return High or Low when the whole interval lies beyond the tolerance and the effect is large enough."""
    bound = rule.tolerance * abs(shift.estimate)
    if rule.direction != "decrease" and shift.low > bound and _reaches("High", deviation, rule, rule.allowed):
        return "High"
    if rule.direction != "increase" and shift.high < -bound and _reaches("Low", deviation, rule, rule.allowed):
        return "Low"
    return "Pass"


def _reaches(label: Label, deviation: float, rule: Rule, limits: tuple[float, float]) -> bool:
    """Return whether the effect size is beyond its limit; one that is undefined does not speak against it.

    cohenD has no sign: it grows with a decrease as well.
    """
    low, high = limits
    if math.isnan(deviation):
        return True
    if rule.measure == "cohenD":
        return deviation >= (high if label == "High" else low)
    return deviation >= high if label == "High" else deviation <= low


def _certain_difference(label: Label, deviation: float) -> str:
    size = "" if math.isnan(deviation) else f", effect size {deviation:.3g}"
    return f"certainly {'higher' if label == 'High' else 'lower'}{size}"


def _no_difference(shift: Shift, rule: Rule) -> str:
    bound = rule.tolerance * abs(shift.estimate)
    if -bound <= shift.high and shift.low <= bound:
        return "no certain difference"
    return "a certain difference, in a direction or of a size that is allowed"


def classify_by_mean(experiment: Sample, control: Sample, direction: Direction = "either") -> Label:
    """Return the class of a metric by its means alone, however uncertain.

    Source: Kayenta MeanInequalityClassifier.
    """
    if not (len(experiment) and len(control)):
        return "Nodata"
    difference = float(experiment.mean() - control.mean())
    if difference > 0 and direction != "decrease":
        return "High"
    return "Low" if difference < 0 and direction != "increase" else "Pass"
