"""An analysis while it runs: measures, judges, counts, and ends as Argo Rollouts' AnalysisRun does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sim.cluster.clock import JUDGE, STRATEGY, Steps
from sim.cluster.counted_metric import CountedMetric
from sim.cluster.score_run import ScoreRun
from sim.cluster.scrape import Scraped
from sim.judges import schedule, threshold
from sim.judges.metric_status import Limits, effective_count
from sim.judges.phase import VERDICTS, Phase
from sim.judges.proportions import Interval
from sim.judges.run_status import DryRun, is_terminating, run_status
from sim.judges.uncertainty import interval
from sim.metrics import METRICS
from sim.record import Decision
from sim.spec import condition
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.metrics.window import Window
    from sim.spec.analysis import AnalysisSpec, MetricSpec


class AnalysisRun:
    """One analysis from now on. phase and message say where it stands; `done` happens when it has ended by itself.

    inline: somebody waits for it, so a metric without count and end is measured once.
    """

    def __init__(self, world: World, spec: AnalysisSpec, name: str, *, inline: bool) -> None:
        self.name = name
        self.phase: Phase = "Running"
        self.message = ""
        self.done = world.env.event()
        self._world = world
        self._is_stopped = False
        self._metrics = _measured(world, spec, name, inline)
        self.process = world.env.process(self._run())

    @property
    def has_data(self) -> bool:
        """Return whether every metric that counts was measured at least once."""
        return all(metric.has_data or metric.state.dry_run for metric in self._metrics)

    def stop(self) -> None:
        """Take no more measurements: what has not ended badly by now has ended well."""
        if self.phase == "Running":
            self._is_stopped = True
            self._assess()

    def _run(self) -> Steps:
        while self.phase == "Running":
            at = min(metric.due_at for metric in self._metrics)
            yield self._world.env.moment(at, JUDGE)
            if self._is_stopped:
                return
            for metric in self._metrics:
                if metric.due_at <= self._world.now:
                    metric.measure()
            self._assess()

    def _assess(self) -> None:
        """Bring metrics and run up to date; when the run has ended, say so."""
        for metric in self._metrics:
            metric.assess(terminating=self._is_stopped)
        if is_terminating([metric.state for metric in self._metrics], self._is_stopped):
            for metric in self._metrics:
                metric.assess(terminating=True)
        status = run_status([metric.state for metric in self._metrics])
        if status.phase == "Running":
            return
        self.phase = status.phase
        if status.cause is not None:
            self.message = f"{status.cause.name} {status.cause.reason or 'could not decide within its count'}"
        self._world.log("analysis", status.phase.lower(), self.name, self._sentence(status.dry_run))
        self._world.env.fire(self.done, STRATEGY)

    def _sentence(self, tried: DryRun) -> str:
        ended = "was stopped" if self._is_stopped else "ended"
        beside = f" ({tried})" if tried.count else ""
        return f"The {self.name} {ended}: {self.phase}{', ' * bool(self.message)}{self.message}{beside}."


class Seen(NamedTuple):
    """What a window held: a value (nan: no data), the samples it rests on, and the window."""

    value: float
    samples: int
    window: Window | None


class MetricRun(CountedMetric):
    """One metric of an analysis: what was measured so far and what is due next."""

    def __init__(
        self, world: World, scraped: Scraped, spec: MetricSpec, judge: str, is_dry_run: bool, is_inline: bool
    ) -> None:
        super().__init__(spec.name, is_dry_run, _limits(spec, is_inline))
        self._world = world
        self._scraped = scraped
        self._spec = spec
        self._judge = judge
        self._metric = METRICS[spec.metric]
        self._success, self._failure = _parsed(spec.success_condition), _parsed(spec.failure_condition)
        self._started_at = world.now

    def measure(self) -> None:
        """Take one measurement and judge it."""
        seen = [self._seen(window) for window in self._scraped.windows(self._spec, self._spec.version)]
        known = [each for each in seen if not math.isnan(each.value)]
        judgement = threshold.judge(self._success, self._failure, [each.value for each in known], self._stable())
        self._count(judgement.phase, self._world.now)
        if known:
            worst = (min if self._spec.metric == "conversion" else max)(known, key=lambda each: each.value)
            of = f" at worst, of {len(known)} {self._spec.by}s" if self._spec.by else ""
        else:
            worst, of = Seen(math.nan, sum(each.samples for each in seen), None), ""
        self._note(judgement, worst, of)

    def _next_at(self) -> float | None:
        return schedule.due_at(self._started_at, self._spec.initial_delay, self._spec.interval, self._last)

    def _seen(self, window: Window) -> Seen:
        """Return what a window holds; too few samples are no data."""
        samples = round(self._metric.samples(window))
        value = self._metric.value(window)
        return Seen(value if samples >= self._spec.minimum_samples else math.nan, samples, window)

    def _stable(self) -> float | None:
        """Return the stable version's value, where a condition asks for it."""
        given = [each for each in (self._success, self._failure) if each is not None]
        if not any(each.needs_stable for each in given):
            return None
        return self._seen(self._scraped.window(self._spec, "stable")).value

    def _note(self, judgement: threshold.Judgement, seen: Seen, of: str) -> None:
        """Record a look; of several values the worst, and how many they are."""
        world, verdict = self._world, VERDICTS[judgement.phase]
        ends = Interval(math.nan, math.nan)
        if seen.window is not None and seen.samples:
            ends = interval(self._metric, seen.window, seen.value)
        world.decide(
            Decision(
                world.now,
                self._judge,
                self._spec.name,
                seen.value,
                float(ends[0]),
                float(ends[1]),
                judgement.threshold,
                seen.samples,
                verdict,
                self._sentence(judgement.reason, seen, of),
            )
        )
        if verdict == "fail" and not self.state.dry_run:
            world.detect(world.now)

    def _sentence(self, reason: str, seen: Seen, of: str) -> str:
        spec, value, samples = self._spec, seen.value, seen.samples
        who = {"candidate": "the new version", "stable": "the old version", "all": "all versions"}[spec.version]
        over = format_duration(spec.window)
        if math.isnan(value):
            few = f"{samples} samples, at least {spec.minimum_samples} needed" if samples else "no sample"
            return f"{spec.metric} of {who} over {over}: {few}: {reason}."
        shown = f"{value:.3g} s" if self._metric.unit == "s" else f"{100 * value:.3g} %"
        return f"{spec.metric} of {who} over {over} is {shown}{of} ({samples} samples): {reason}."


def _measured(world: World, spec: AnalysisSpec, name: str, inline: bool) -> Sequence[CountedMetric]:
    """Return what is measured: each metric by itself, or, by kayenta, one score of them all."""
    if spec.score is not None:
        return [ScoreRun(world, spec.metrics, spec.score, spec.dry_run, name, inline)]
    scraped = Scraped(world)
    return [MetricRun(world, scraped, metric, name, metric.name in spec.dry_run, inline) for metric in spec.metrics]


def _parsed(text: str | None) -> condition.Condition | None:
    return None if text is None else condition.parse(text)


def _limits(spec: MetricSpec, is_inline: bool) -> Limits:
    count = effective_count(spec.count, spec.interval)
    return Limits(
        failure=spec.failure_limit,
        inconclusive=spec.inconclusive_limit,
        consecutive_error=spec.consecutive_error_limit,
        consecutive_success=spec.consecutive_success_limit,
        count=1 if is_inline and count is None else count,
    )
