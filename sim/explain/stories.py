"""The planned timeline of each strategy: mean delays, nothing wrong, nobody undoing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.cluster.arithmetic import resolve_fenceposts
from sim.cluster.partition import partition_limit
from sim.scenario import Scenario
from sim.spec.analysis import AnalysisSpec
from sim.spec.kayenta import CanaryScore
from sim.spec.service import ResolvedVersion
from sim.spec.strategy import StrategySpec
from sim.strategies.ab_test import ABTest
from sim.strategies.batches import Batches, BatchStep
from sim.strategies.blue_green import BlueGreen
from sim.strategies.canary import Analyse, Canary, CanaryStep, Pause, SetCanaryScale, SetWeight
from sim.strategies.flagger import Status, planned
from sim.strategies.none import NoRelease
from sim.strategies.progressive import Progressive
from sim.strategies.recreate import Recreate
from sim.strategies.rolling_update import RollingUpdate
from sim.strategies.shadow import Shadow
from sim.units import format_duration, plain

TIME_WIDTH = 10


@dataclass
class Plan:
    """The planned timeline of one strategy. pods: most pods of the new version beside those of the old."""

    scenario: Scenario
    old: ResolvedVersion
    new: ResolvedVersion
    at: float = 0.0
    lines: list[str] = field(default_factory=list)
    peak_pods: int = 0
    is_open: bool = True

    def say(self, text: str) -> None:
        """Add what happens now; nothing once the end is unknown."""
        if self.is_open:
            self.lines.append(f"  {moment(self.at):{TIME_WIDTH}}{text}")

    def start_pods(self, count: int, beside: int) -> None:
        """Start pods of the new version and wait for them."""
        self.peak_pods = max(self.peak_pods, beside + count)
        self.say(f"start {pods(count, self.new.name)}")
        self.at += seconds_to_ready(self.new)

    def wait_for_person(self, why: str) -> None:
        """Wait for the approver, for ever where there is none."""
        approver = self.scenario.monitoring.approver
        if approver is None:
            self.say(f"{why}: wait for a person, and nobody comes (monitoring.approver)")
            self.is_open = False
            return
        self.say(f"{why}: wait for a person, about {moment(approver.reaction.mean_seconds())}")
        self.at += approver.reaction.mean_seconds()

    def judge(self, analysis: AnalysisSpec, when: str) -> None:
        """Wait for an analysis that ends."""
        self.say(f"{when}: {described(analysis)}")
        if analysis.score is not None:
            self.at += analysis.score.initial_delay + analysis.score.interval * (analysis.score.count or 1)
            return
        self.at += max(
            metric.initial_delay + (metric.interval or 0.0) * (metric.count or 1) for metric in analysis.metrics
        )


def moment(seconds: float) -> str:
    """Return seconds for people, rounded as far as a mean means anything."""
    return str(format_duration(float(round(seconds)) if seconds >= 10 else round(seconds, 1))) if seconds else "0s"


def pods(count: int, version: str) -> str:
    """Return a number of pods in words."""
    return f"{count} pod{'s' * (count != 1)} of {version}"


def seconds_to_ready(version: ResolvedVersion) -> float:
    """Return the mean time from a pod's creation until all callers use it and it is available."""
    started = version.startup.mean_seconds()
    first_ready_probe = version.readiness_probe.initial_delay_seconds if version.readiness_probe else 0.0
    if version.startup_probe is not None:
        started = next_probe(version.startup_probe.initial_delay_seconds, version.startup_probe.period_seconds, started)
        first_ready_probe = max(first_ready_probe, started)
    probe = version.readiness_probe
    if probe is not None:
        started = next_probe(first_ready_probe, probe.period_seconds, started)
        started += (probe.success_threshold - 1) * probe.period_seconds
    pulled = version.image_pull.mean_seconds() if version.image_pull else 0.0
    return pulled + started + max(version.min_ready_seconds, version.endpoint_propagation.mean_seconds())


def next_probe(first: float, period: float, moment: float) -> float:
    """Return when the next of the probes at `first` and every period from there comes."""
    return first + max(0, math.ceil((moment - first) / period)) * period


def seconds_to_stop(version: ResolvedVersion) -> float:
    """Return the mean time from a pod's deletion until it is gone."""
    return min((version.pre_stop or 0.0) + version.latency.mean_seconds(), version.termination_grace_period_seconds)


def described(analysis: AnalysisSpec) -> str:
    """Return an analysis in words: metrics, conditions, pace."""
    if analysis.score is not None:
        return compared(analysis, analysis.score)
    parts = []
    for metric in analysis.metrics:
        failure = f"failing on {metric.failure_condition}" if metric.failure_condition else ""
        success = f"asking for {metric.success_condition}" if metric.success_condition else ""
        pace = f"every {moment(metric.interval)}" if metric.interval else "once"
        parts.append(f"{metric.name} {pace}, {' and '.join(filter(None, (success, failure)))}")
    return "; ".join(parts)


def compared(analysis: AnalysisSpec, score: CanaryScore) -> str:
    """Return an analysis by kayenta in words: what is compared, how often, and what the score must be."""
    series = ", ".join(f"{metric.name} each {moment(metric.interval or 0.0)}" for metric in analysis.metrics)
    return (
        f"compare {series} with the old version every {moment(score.interval)}, "
        f"passing from {score.passing:g} on and failing below {score.marginal:g}"
    )


def _recreate(plan: Plan, strategy: Recreate) -> None:
    plan.say(f"stop all {pods(plan.old.replicas, plan.old.name)}: nobody is served")
    plan.at += seconds_to_stop(plan.old)
    plan.peak_pods = 0
    plan.start_pods(plan.new.replicas, 0)
    plan.peak_pods = max(plan.peak_pods, plan.old.replicas)
    plan.say(f"all users on {plan.new.name}")


def _rolling_update(plan: Plan, strategy: RollingUpdate) -> None:
    replicas = plan.new.replicas
    surge = strategy.max_surge.of(replicas, round_up=True)
    unavailable = strategy.max_unavailable.of(replicas, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # Source: Kubernetes deployment_util.go, ResolveFenceposts
    rounds = math.ceil(replicas / (surge + unavailable))
    plan.say(f"exchange pods, at most {surge} above and {unavailable} below {replicas}: about {rounds} rounds")
    plan.peak_pods = max(plan.old.replicas, replicas + surge)
    plan.at += rounds * seconds_to_ready(plan.new)
    plan.say(f"all users on {plan.new.name}")


def _blue_green(plan: Plan, strategy: BlueGreen) -> None:
    preview = strategy.preview_replica_count or plan.new.replicas
    plan.start_pods(preview, plan.old.replicas)
    if strategy.preview_match:
        segments = ", ".join(match.segment for match in strategy.preview_match)
        plan.say(f"preview: {segments} reach {plan.new.name}")
    if strategy.pre_promotion_analysis:
        plan.judge(strategy.pre_promotion_analysis, "before the switch")
    if not strategy.auto_promotion_enabled:
        plan.wait_for_person("preview")
    elif strategy.auto_promotion_seconds:
        plan.at += strategy.auto_promotion_seconds
    if preview < plan.new.replicas:
        plan.start_pods(plan.new.replicas - preview, plan.old.replicas + preview)
    plan.say(f"all users switch to {plan.new.name}")
    if strategy.post_promotion_analysis:
        plan.judge(strategy.post_promotion_analysis, "after the switch")
    plan.at += strategy.scale_down_delay_seconds
    plan.say(f"the pods of {plan.old.name} go")


def _canary(plan: Plan, strategy: Canary) -> None:
    has_mesh = not strategy.shares_by_pods(plan.scenario.mesh is not None)
    if strategy.analysis is not None:
        plan.say(f"beside it, from step {strategy.analysis.starting_step}: {described(strategy.analysis)}")
    running = 0
    for step in strategy.steps:
        running = _canary_step(plan, step, running, has_mesh)
    _raise_to(plan, running, 100.0, has_mesh)
    if not has_mesh:
        plan.peak_pods = max(
            plan.old.replicas, plan.new.replicas + strategy.max_surge.of(plan.new.replicas, round_up=True)
        )
    plan.say(f"all users on {plan.new.name}")
    if has_mesh:
        plan.at += strategy.scale_down_delay_seconds
        plan.say(f"the pods of {plan.old.name} go")


def _canary_step(plan: Plan, step: CanaryStep, running: int, has_mesh: bool) -> int:
    """Tell one step and return the number of pods of the new version after it."""
    if isinstance(step, SetWeight):
        running = _raise_to(plan, running, step.set_weight, has_mesh)
        by = "of the requests" if has_mesh else "of the pods, as near as whole pods come,"
        plan.say(f"{plain(step.set_weight)} % {by} go to {plan.new.name}")
    elif isinstance(step, Analyse):
        plan.judge(step.analysis, "judge")
    elif isinstance(step, SetCanaryScale):
        running = _set_scale(plan, step, running)
    elif isinstance(step, Pause) and step.duration is None:
        plan.wait_for_person("pause")
    else:
        plan.at += step.duration or 0.0
    return running


def _set_scale(plan: Plan, step: SetCanaryScale, running: int) -> int:
    """Tell a number of canary pods apart from the weight and return it; the pods that go are not told."""
    if step.match_traffic_weight is not None:
        plan.say("the number of canary pods follows the weight again")
        return running
    wanted = step.replicas if step.replicas is not None else _part(step.weight or 0.0, plan.new)
    if wanted > running:
        plan.start_pods(wanted - running, plan.old.replicas + running)
    return wanted


def _part(percent: float, version: ResolvedVersion) -> int:
    return math.ceil(round(percent * version.replicas / 100, 9))


def _raise_to(plan: Plan, running: int, weight: float, has_mesh: bool) -> int:
    wanted = _part(weight, plan.new)
    if wanted > running:
        plan.start_pods(wanted - running, plan.old.replicas + running if has_mesh else plan.new.replicas)
    return max(wanted, running)


def _ab_test(plan: Plan, strategy: ABTest) -> None:
    weight = strategy.weight if strategy.weight is not None else 100 * _share(plan.scenario, strategy)
    plan.start_pods(_part(weight, plan.new), plan.old.replicas)
    who = f"{plain(strategy.weight)} % of the {strategy.unit}s" if strategy.weight is not None else ""
    segments = ", ".join(match.segment for match in strategy.match)
    plan.say(f"{' and '.join(filter(None, (who, segments)))} get {plan.new.name} (treatment)")
    if strategy.guardrail is not None:
        plan.say(f"beside it: {described(strategy.guardrail)}")
    if strategy.duration is None:
        plan.say(f"until each group has {strategy.samples_per_variant:,} {strategy.unit}s")
        plan.say(f"then decide by {strategy.metric}: the better version for all")
        return
    plan.at += strategy.duration
    otherwise = "keep control" if strategy.on_no_difference == "keepControl" else "promote all the same"
    plan.say(f"decide by {strategy.metric}: treatment if it is better, without a difference {otherwise}")


def _share(scenario: Scenario, strategy: ABTest) -> float:
    counts = dict(zip(scenario.users.segments, scenario.users.segment_counts(), strict=True))
    return sum(counts[match.segment] for match in strategy.match) / scenario.users.count


def _shadow(plan: Plan, strategy: Shadow) -> None:
    plan.start_pods(_part(strategy.mirror_percentage, plan.new), plan.old.replicas)
    plan.say(
        f"{plain(strategy.mirror_percentage)} % of the requests are copied to {plan.new.name}; "
        f"users get {plan.old.name}"
    )
    plan.at += strategy.duration
    plan.say(f"judge the copies: {described(strategy.analysis)}")
    if strategy.then is None:
        plan.say(f"the copies end; users stay on {plan.old.name}")
        return
    plan.say(f"if they were good, {strategy.then} follows:")
    following = plan.scenario.strategies[strategy.then]
    STORIES[type(following)](plan, following)


def _progressive(plan: Plan, strategy: Progressive) -> None:
    statuses = planned(strategy.analysis(plan.scenario.mesh is not None))
    before = Status()
    for status in statuses:
        gate = strategy.gate_before(before, status)
        if gate is not None:
            began = plan.at
            plan.wait_for_person(gate)
            plan.at = began + strategy.interval * math.ceil((plan.at - began) / strategy.interval)
        plan.say(strategy.words(before, status))
        plan.at += strategy.interval * max(1, math.ceil(_held_back(plan, before, status) / strategy.interval))
        before = status
    plan.at -= strategy.interval
    checked = ", ".join(check.name for check in strategy.metrics)
    plan.say(f"{plan.new.name} is the primary; each tick checked {checked or 'nothing'}")


def _held_back(plan: Plan, before: Status, status: Status) -> float:
    """Return how long the ticks after this one wait for pods: the canary's, or the primary's when it is updated."""
    if before.phase == "Initialized":
        plan.peak_pods = max(plan.peak_pods, plan.old.replicas + plan.new.replicas)
        return seconds_to_ready(plan.new)
    if status.phase != "Promoting" or before.phase == "Promoting":
        return 0.0
    surge, unavailable = math.ceil(plan.old.replicas / 4), plan.old.replicas // 4
    plan.peak_pods = max(plan.peak_pods, plan.new.replicas + plan.old.replicas + surge)
    return math.ceil(plan.old.replicas / (surge + unavailable)) * seconds_to_ready(plan.new)


def _batches(plan: Plan, strategy: Batches) -> None:
    replicas, running = plan.new.replicas, 0
    surge, unavailable = resolve_fenceposts(strategy.max_surge, strategy.max_unavailable, replicas)
    plan.peak_pods = max(plan.old.replicas, replicas + surge)
    if strategy.analysis is not None:
        plan.say(f"beside it, from batch {strategy.analysis.starting_step}: {described(strategy.analysis)}")
    for index, step in enumerate(strategy.steps):
        wanted = max(running, partition_limit(step.replicas, replicas))
        plan.say(f"batch {index + 1}: {wanted} of {replicas} pods run {plan.new.name}")
        plan.at += math.ceil((wanted - running) / (surge + unavailable)) * seconds_to_ready(plan.new)
        running = wanted
        _look_at(plan, step, is_last=not strategy.waits(index))
    if running < replicas:
        plan.say("the other pods follow as a rolling update")
        plan.at += math.ceil((replicas - running) / (surge + unavailable)) * seconds_to_ready(plan.new)
    plan.say(f"all users on {plan.new.name}")


def _look_at(plan: Plan, step: BatchStep, is_last: bool) -> None:
    """Tell who meets a batch and how long it is looked at."""
    if step.traffic is not None:
        plan.say(f"{plain(step.traffic)} % of the requests go to {plan.new.name}")
    if step.matches:
        plan.say(f"{', '.join(match.segment for match in step.matches)} reach {plan.new.name}")
    if is_last:
        return
    if step.pause.duration is None:
        plan.wait_for_person("pause")
    else:
        plan.at += step.pause.duration


def _none(plan: Plan, strategy: NoRelease) -> None:
    plan.say(f"all users stay on {plan.old.name}")


STORIES: dict[type[StrategySpec], Callable[..., None]] = {
    Recreate: _recreate,
    RollingUpdate: _rolling_update,
    BlueGreen: _blue_green,
    Canary: _canary,
    ABTest: _ab_test,
    Shadow: _shadow,
    Progressive: _progressive,
    Batches: _batches,
    NoRelease: _none,
}
