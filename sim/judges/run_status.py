"""What the metrics of an analysis make of the whole run: the worst of those that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.judges.phase import BAD, FINAL, Phase, worst


class MetricState(NamedTuple):
    """Where a metric stands; reason: which limit ended it, empty when none did."""

    name: str
    phase: Phase
    dry_run: bool
    reason: str = ""


class RunStatus(NamedTuple):
    """Where a run stands, and the first of its worst metrics."""

    phase: Phase
    cause: MetricState | None


def is_terminating(metrics: Sequence[MetricState], asked_to_stop: bool) -> bool:
    """Return whether no more measurements are taken: asked to stop, or a metric that counts ended badly.

    Source: argo-rollouts utils/analysis/helpers.go, IsTerminating.
    """
    return asked_to_stop or any(metric.phase in BAD and not metric.dry_run for metric in metrics)


def run_status(metrics: Sequence[MetricState]) -> RunStatus:
    """Return Running while a metric is not final, else the worst phase of those that are no dry run.

    Source: argo-rollouts analysis/analysis.go, assessRunStatus.
    """
    if any(metric.phase not in FINAL for metric in metrics):
        return RunStatus("Running", None)
    counting = [metric for metric in metrics if not metric.dry_run]
    phase = worst(metric.phase for metric in counting)
    cause = next((metric for metric in counting if metric.phase == phase), None) if phase in BAD else None
    return RunStatus(phase, cause)
