"""Kayenta's score: the classes of the metrics -> 0 to 100, by groups and their weights, and what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple

from sim.judges.phase import Phase

Label = Literal["Pass", "High", "Low", "Nodata", "NodataFailMetric"]
FULL = 100.0
HALF = 0.5
"""Source: WeightedSumScorer.NODATA_THRESHOLD, 50 percent."""


class Classified(NamedTuple):
    """A metric's class. critical: it fails the whole canary unless it is Pass."""

    label: Label
    groups: tuple[str, ...]
    critical: bool = False
    reason: str = ""


class GroupScore(NamedTuple):
    """The share of Pass in a group, 0 to 100; 0 without data."""

    name: str
    score: float
    has_data: bool


class Score(NamedTuple):
    """The score of a canary, those of its groups, and why it is 0 where that is no sum; empty where it is one."""

    value: float
    groups: tuple[GroupScore, ...]
    reason: str = ""


def canary_score(metrics: Sequence[Classified], weights: Mapping[str, float]) -> Score:
    """Return the score; `weights` in percent, the groups without one share what is left of 100.

    Source: Kayenta WeightedSumScorer.
    """
    groups = group_scores(metrics)
    failed = next((each for each in metrics if each.critical and each.label != "Pass"), None)
    if failed is not None:
        return Score(0.0, groups, failed.reason or "a critical metric failed")
    missing = sum(each.label == "Nodata" for each in metrics)
    if missing >= HALF * len(metrics):
        return Score(0.0, groups, f"{missing} of {len(metrics)} metrics have no data")
    return Score(_weighted(groups, weights), groups)


def group_scores(metrics: Sequence[Classified]) -> tuple[GroupScore, ...]:
    """Return the groups in order of appearance; a metric without data counts only where it must have some."""
    names = dict.fromkeys(name for each in metrics for name in each.groups)
    found = []
    for name in names:
        labels = [each.label for each in metrics if name in each.groups and each.label != "Nodata"]
        share = labels.count("Pass") / len(labels) if labels else 0.0
        found.append(GroupScore(name, FULL * share, bool(labels)))
    return tuple(found)


def _weighted(groups: Sequence[GroupScore], weights: Mapping[str, float]) -> float:
    """Return the weighted sum, a group without data taken for a good one, rounded half up to two decimals."""
    unweighted = sum(group.name not in weights for group in groups)
    share = (FULL - sum(weights.values())) / unweighted if unweighted else 0.0
    total = sum((group.score if group.has_data else FULL) * (weights.get(group.name, share) / FULL) for group in groups)
    return float(Decimal(repr(total)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def score_phase(score: float, passing: float, marginal: float) -> Phase:
    """Return what a score means: from `passing` on a success, from `marginal` on undecided, below a failure.

    Source: argo-rollouts metricproviders/kayenta/kayenta.go, Resume; Kayenta ThresholdScoreClassifier.
    """
    if score >= passing:
        return "Successful"
    return "Inconclusive" if score >= marginal else "Failed"
