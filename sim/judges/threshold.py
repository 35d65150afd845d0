"""The threshold judge: one number against a success and a failure condition, as Argo Rollouts does it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from sim.judges.phase import Phase
from sim.spec.condition import Condition, ConditionError, as_items


class Judgement(NamedTuple):
    """What a judge says of one measurement; threshold: the number it was held against, nan without a single one."""

    phase: Phase
    threshold: float
    reason: str


def judge(
    success: Condition | None,
    failure: Condition | None,
    result: float | Sequence[float],
    stable: float | None = None,
) -> Judgement:
    """Return the judgement of one value (nan: no data), or of several, against the conditions."""
    given = [condition for condition in (failure, success) if condition is not None]
    threshold = next((limit for condition in given if not math.isnan(limit := condition.threshold(stable))), math.nan)
    if not as_items(result) and not any(condition.handles_missing for condition in given):
        return Judgement("Error", threshold, "no data")
    if stable is not None and math.isnan(stable) and not all(each.handles_missing_stable for each in given):
        return Judgement("Error", threshold, "no data of the old version to compare with")
    try:
        succeeded = None if success is None else success.evaluate(result, stable)
        failed = None if failure is None else failure.evaluate(result, stable)
    except ConditionError as error:
        return Judgement("Error", threshold, str(error))
    return Judgement(measurement_phase(succeeded, failed), threshold, _reason(success, failure, succeeded, failed))


def measurement_phase(succeeded: bool | None, failed: bool | None) -> Phase:
    """Return the phase for the values of the two conditions; None: not given.

    Source: argo-rollouts utils/evaluate/evaluate.go, EvaluateResult.
    """
    if failed:
        return "Failed"
    if succeeded is None or succeeded:
        return "Successful"
    return "Failed" if failed is None else "Inconclusive"


def _reason(success: Condition | None, failure: Condition | None, succeeded: bool | None, failed: bool | None) -> str:
    if failure is not None and failed:
        return f"{failure.text.strip()} holds"
    if success is not None:
        return f"{success.text.strip()} {'holds' if succeeded else 'does not hold'}"
    if failure is not None:
        return f"{failure.text.strip()} does not hold"
    return "no condition was given"
