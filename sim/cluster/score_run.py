"""Kayenta at work in an analysis: series of the new and the old version, judged together at every interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from sim.cluster.counted_metric import CountedMetric
from sim.cluster.scrape import versions_in
from sim.cluster.series import Series
from sim.judges import kayenta, schedule
from sim.judges.kayenta import CONFIDENCE, Classification, Rule
from sim.judges.metric_status import Exceeded, Limits
from sim.judges.phase import VERDICTS
from sim.judges.sample_summary import SampleSummary, summary
from sim.judges.score import Classified, Score, canary_score, score_phase
from sim.metrics import METRICS
from sim.record import Decision, Verdict

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.analysis import MetricSpec
    from sim.spec.kayenta import CanaryMetric, CanaryScore

SCORE = "score"
"""The name under which the record has the score over all metrics."""


class Compared(NamedTuple):
    """A metric as it was compared: its class, and what the series were like; production: beside a fresh baseline."""

    spec: MetricSpec
    found: Classification
    canary: SampleSummary
    baseline: SampleSummary
    production: SampleSummary | None


class ComparedMetric:
    """One metric of the score: its series and how they are judged. A fresh baseline takes the place of production."""

    def __init__(self, world: World, spec: MetricSpec, settings: CanaryMetric, began_at: float) -> None:
        self.spec = spec
        self.settings = settings
        self._rule = rule_of(settings)
        self._canary = Series(world, spec, versions_in(world, "candidate") or (), began_at)
        fresh = world.baseline if world.rollout.has_baseline else None
        old = Series(world, spec, versions_in(world, "stable") or (), began_at, is_apart=fresh is not None)
        self._baseline = old if fresh is None else Series(world, spec, (fresh,), began_at, is_apart=True)
        self._production = None if fresh is None else old

    def compare(self, lookback: float | None) -> Compared:
        """Return the metric's class by the series so far."""
        canary, baseline = (
            kayenta.cleaned(series.values(lookback), self._rule) for series in (self._canary, self._baseline)
        )
        found = kayenta.classify(canary, baseline, self._rule)
        return Compared(self.spec, found, summary(canary), summary(baseline), self._in_production(lookback))

    def _in_production(self, lookback: float | None) -> SampleSummary | None:
        """Return what the old version's other pods were like, where a fresh baseline is compared."""
        series = self._production
        return None if series is None else summary(kayenta.cleaned(series.values(lookback), self._rule))


class ScoreRun(CountedMetric):
    """The score of an analysis: what Argo Rollouts has as one metric with the provider kayenta."""

    def __init__(
        self,
        world: World,
        metrics: tuple[MetricSpec, ...],
        spec: CanaryScore,
        dry_run: tuple[str, ...],
        judge: str,
        is_inline: bool,
    ) -> None:
        limits = Limits(
            failure=spec.failure_limit,
            inconclusive=spec.inconclusive_limit,
            count=1 if is_inline and spec.count is None else spec.count,
        )
        super().__init__(SCORE, dry_run=False, limits=limits)
        self._world = world
        self._spec = spec
        self._judge = judge
        self._dry_run = dry_run
        self._began_at = world.now + spec.initial_delay
        self._metrics = [
            ComparedMetric(world, metric, metric.kayenta, self._began_at) for metric in metrics if metric.kayenta
        ]
        self._why = ""

    def measure(self) -> None:
        """Compare every metric, and judge the score."""
        compared = [metric.compare(self._spec.lookback) for metric in self._metrics]
        score = canary_score(
            [
                Classified(each.found.label, metric.settings.groups, each.found.critical, self._name(each))
                for metric, each in zip(self._metrics, compared, strict=True)
                if metric.spec.name not in self._dry_run
            ],
            self._spec.group_weights,
        )
        for each in compared:
            self._note_metric(each)
        self._note_score(score, compared)

    def _next_at(self) -> float | None:
        return schedule.due_at(self._began_at, self._spec.interval, self._spec.interval, self._last)

    def _reason(self, limit: Exceeded) -> str:
        return f"{limit}: {self._why}"

    def _note_metric(self, each: Compared) -> None:
        """Record a metric: its mean against that of the old version, and where the shift puts it."""
        world, found = self._world, each.found
        ends = (each.baseline.mean + found.shift.low, each.baseline.mean + found.shift.high)
        value, threshold = (each.canary.mean if each.canary.count else math.nan, each.baseline.mean)
        threshold = threshold if each.baseline.count else math.nan
        verdict: Verdict = "fail" if found.label in ("High", "Low", "NodataFailMetric") else "pass"
        if found.label == "Nodata":
            verdict = "error"
        values = (world.now, self._judge, each.spec.name, value, *ends, threshold, each.canary.count, verdict)
        world.decide(Decision(*values, self._sentence(each)))

    def _note_score(self, score: Score, compared: list[Compared]) -> None:
        world, spec = self._world, self._spec
        phase = score_phase(score.value, spec.passing, spec.marginal)
        self._count(phase, world.now)
        failed = [self._name(each) for each in compared if each.found.label != "Pass"]
        self._why = score.reason or ", ".join(failed) or "no metric differs"
        line = {
            "Successful": f"passes from {spec.passing:g} on",
            "Inconclusive": f"passes from {spec.passing:g} on and fails below {spec.marginal:g}",
            "Failed": f"fails below {spec.marginal:g}",
        }[phase]
        reason = f"Score {score.value:g}, which {line}: {self._why}."
        rows = (math.nan, math.nan, spec.passing / 100, len(compared), VERDICTS[phase])
        world.decide(Decision(world.now, self._judge, SCORE, score.value / 100, *rows, reason))
        if phase == "Failed":
            world.detect(world.now)

    def _name(self, each: Compared) -> str:
        left_out = " (dry run)" if each.spec.name in self._dry_run else ""
        return f"{each.spec.name} {LABELS[each.found.label]}{' and critical' * each.found.critical}{left_out}"

    def _sentence(self, each: Compared) -> str:
        found, unit = each.found, METRICS[each.spec.metric].unit
        if not (each.canary.count and each.baseline.count):
            few = f"{each.canary.count} values of the new version, {each.baseline.count} of the old"
            return f"{self._name(each)}: {few}: {found.reason}."
        means = f"{shown(each.canary.mean, unit)} against {shown(each.baseline.mean, unit)}"
        if each.production is not None:
            means += f" of the baseline, {shown(each.production.mean, unit)} in production,"
        text = f"{self._name(each)}: mean {means} over {each.canary.count} and {each.baseline.count} values"
        if math.isnan(found.shift.low):
            return f"{text}: {found.reason}."
        shift = f"{shown(found.shift.low, unit)} to {shown(found.shift.high, unit)}"
        return f"{text}, shift {shift} ({100 * CONFIDENCE:g} %): {found.reason}."


LABELS = {
    "Pass": "passes",
    "High": "is high",
    "Low": "is low",
    "Nodata": "has no data",
    "NodataFailMetric": "has no data",
}


def rule_of(settings: CanaryMetric) -> Rule:
    """Return how a metric is judged, as the file says it."""
    return Rule(
        direction=settings.direction,
        measure=settings.effect_size.measure,
        allowed=settings.effect_size.allowed,
        critical=settings.effect_size.critical,
        is_critical=settings.critical,
        must_have_data=settings.must_have_data,
        replaces_missing=settings.nan_strategy == "replace",
        outlier_factor=settings.outliers.outlier_factor if settings.outliers.strategy == "remove" else None,
        by_mean=settings.classifier == "meanInequality",
        by_sigma=settings.outliers.method == "kSigma",
    )


def shown(value: float, unit: str) -> str:
    """Return a number of a metric for people."""
    if math.isnan(value):
        return "nothing"
    return f"{value:.3g} s" if unit == "s" else f"{100 * value:.3g} %"
