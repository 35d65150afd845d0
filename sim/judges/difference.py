"""The A/B judge: conversions of two groups -> is the treatment better, for certain."""

from __future__ import annotations

from typing import NamedTuple

from sim.judges.proportions import newcombe
from sim.judges.threshold import Judgement


class Group(NamedTuple):
    """One variant: how many users (requests) it reached, and how many of them converted."""

    exposed: int
    converted: int


class Difference(NamedTuple):
    """Treatment minus control, its interval, and what that means: Successful when all of it lies above 0."""

    value: float
    low: float
    high: float
    judgement: Judgement


def judge(treatment: Group, control: Group, alpha: float) -> Difference:
    """Return the difference with its (1 - alpha) Newcombe interval; no data in a group is an Error."""
    low, high = newcombe(treatment.converted, treatment.exposed, control.converted, control.exposed, 1 - alpha)
    low, high = float(low), float(high)
    if not (treatment.exposed and control.exposed):
        return Difference(float("nan"), low, high, Judgement("Error", 0.0, "a group has no data"))
    value = treatment.converted / treatment.exposed - control.converted / control.exposed
    if low > 0:
        judgement = Judgement("Successful", 0.0, "the treatment converts better")
    elif high < 0:
        judgement = Judgement("Failed", 0.0, "the treatment converts worse")
    else:
        judgement = Judgement("Inconclusive", 0.0, "no difference can be told")
    return Difference(value, low, high, judgement)
