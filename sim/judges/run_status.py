"""What the metrics of an analysis make of the whole run: the worst of those that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sim.judges.metric_status import Exceeded
from sim.judges.phase import BAD, FINAL, Phase, worst


class MetricState(NamedTuple):
    """Where a metric stands; exceeded: the limit that ended it, if one did; reason: the same in words."""

    name: str
    phase: Phase
    dry_run: bool
    reason: str = ""
    exceeded: Exceeded | None = None
    was_measured: bool = True


@dataclass(frozen=True)
class DryRun:
    """How many metrics were only tried, and how those that were measured ended."""

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0

    def __str__(self) -> str:
        ends = [f"{ended} {how}" for how, ended in asdict(self).items() if how != "count" and ended]
        return f"{self.count} tried in a dry run: {', '.join(ends) or 'none measured'}"


class RunStatus(NamedTuple):
    """Where a run stands, and the first of its worst metrics."""

    phase: Phase
    cause: MetricState | None
    dry_run: DryRun = DryRun()


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
        return RunStatus("Running", None, dry_run_summary(metrics))
    counting = [metric for metric in metrics if not metric.dry_run]
    phase = worst(metric.phase for metric in counting)
    cause = next((metric for metric in counting if metric.phase == phase), None) if phase in BAD else None
    return RunStatus(phase, cause, dry_run_summary(metrics))


def dry_run_summary(metrics: Sequence[MetricState]) -> DryRun:
    """Return how the metrics that do not decide have ended so far.

    Source: argo-rollouts analysis/analysis.go, assessRunStatus.
    """
    tried = [metric for metric in metrics if metric.dry_run]
    ends = Counter(metric.phase.lower() for metric in tried if metric.was_measured and metric.phase in FINAL)
    return DryRun(len(tried), **ends)
