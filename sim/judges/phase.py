"""Argo's phases of a measurement, a metric and a run, and which is worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Literal

Phase = Literal["Pending", "Running", "Successful", "Inconclusive", "Error", "Failed"]

# Source: argo-rollouts utils/analysis/helpers.go, unCompletedPhases and IsWorse.
FINAL: tuple[Phase, ...] = ("Successful", "Inconclusive", "Error", "Failed")
BAD: tuple[Phase, ...] = ("Inconclusive", "Error", "Failed")


def is_worse(new: Phase, current: Phase) -> bool:
    """Return whether the final phase `new` is strictly worse than `current`."""
    return FINAL.index(new) > FINAL.index(current)


def worst(phases: Iterable[Phase]) -> Phase:
    """Return the worst of final phases; Successful when there are none."""
    return reduce(lambda current, new: new if is_worse(new, current) else current, phases, FINAL[0])


VERDICTS: Mapping[Phase, Literal["pass", "inconclusive", "fail", "error"]] = {
    "Successful": "pass",
    "Inconclusive": "inconclusive",
    "Failed": "fail",
    "Error": "error",
}
"""The phases of a measurement in the words of the record."""
