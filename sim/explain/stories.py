"""The planned timeline of each strategy: expected delays and their bounds, nothing wrong, nobody undoing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from sim.cluster.argo.counts import Bounds, Weights, approximate_weight
from sim.cluster.argo.plan import Status as ArgoStatus
from sim.cluster.argo.plan import weight_in_force
from sim.cluster.argo.route import Sight, wanted_pods
from sim.cluster.arithmetic import resolve_fenceposts
from sim.cluster.partition import partition_limit
from sim.explain.span import Span, drawn, seconds_to_ready, seconds_to_route, seconds_to_stop
from sim.scenario import Scenario
from sim.spec.analysis import AnalysisSpec
from sim.spec.kayenta import CanaryScore
from sim.spec.service import ResolvedVersion
from sim.spec.strategy import StrategySpec
from sim.strategies.ab_test import ABTest
from sim.strategies.batches import Batches, BatchStep
from sim.strategies.blue_green import BlueGreen
from sim.strategies.canary import Canary
from sim.strategies.canary_steps import Analyse, CanaryStep, Experiment, Pause, SetCanaryScale, SetWeight
from sim.strategies.flagger import Status, planned
from sim.strategies.none import NoRelease
from sim.strategies.progressive import Progressive
from sim.strategies.recreate import Recreate
from sim.strategies.rolling_update import RollingUpdate
from sim.strategies.shadow import Shadow
from sim.units import format_duration, plain

TIME_WIDTH = 10


class Planned(NamedTuple):
    """What is to happen, and when. story, step: the step of which strategy begins then; weight: what is asked for."""

    at: Span
    text: str
    story: str = ""
    step: int | None = None
    weight: float | None = None

    def line(self, before: Planned | None = None) -> str:
        """Return it as a line of the timeline, the bounds of its time behind it unless those of the line before."""
        low, high = moment(self.at.low), moment(self.at.high)
        has_bounds = low != high and (before is None or before.at != self.at)
        bounds = f" ({low} to {high})" if has_bounds else ""
        return f"  {moment(self.at.expected):{TIME_WIDTH}}{self.text}{bounds}"


@dataclass
class Plan:
    """The planned timeline of one strategy. peak_pods: most pods of either version asked for at once."""

    scenario: Scenario
    old: ResolvedVersion
    new: ResolvedVersion
    at: Span = field(default_factory=Span)
    planned: list[Planned] = field(default_factory=list)
    peak_pods: int = 0
    is_open: bool = True
    story: str = ""
    _begun: int | None = None

    def begin(self, step: int) -> None:
        """Let what is said next be where a step of the strategy begins."""
        self._begun = step

    def say(self, text: str, weight: float | None = None) -> None:
        """Add what happens now; nothing once the end is unknown."""
        if self.is_open:
            self.planned.append(Planned(self.at, text, self.story, self._begun, weight))
        self._begun = None

    def start_pods(self, count: int, beside: int) -> None:
        """Start pods of the new version and wait for them."""
        self.peak_pods = max(self.peak_pods, beside + count)
        self.say(f"start {pods(count, self.new.name)}")
        self.at += seconds_to_ready(self.new, count)

    def route(self) -> None:
        """Wait until requests follow what was asked for."""
        self.at += seconds_to_route(self.scenario, self.old)

    def wait_for_person(self, why: str) -> None:
        """Wait for the approver, for ever where there is none."""
        approver = self.scenario.monitoring.approver
        if approver is None:
            self.say(f"{why}: wait for a person, and nobody comes (monitoring.approver)")
            self.is_open = False
            return
        self.say(f"{why}: wait for a person, about {moment(approver.reaction.mean_seconds())}")
        self.at += drawn(approver.reaction)

    def judge(self, analysis: AnalysisSpec, when: str) -> None:
        """Wait for an analysis that ends; what it cannot measure for want of data, and tries again, is left out."""
        self.say(f"{when}: {described(analysis)}")
        if analysis.score is not None:
            self.at += analysis.score.initial_delay + analysis.score.interval * ((analysis.score.count or 1) - 1)
            return
        # The first of `count` measurements waits for initialDelay only.
        self.at += max(
            metric.initial_delay + (metric.interval or 0.0) * ((metric.count or 1) - 1) for metric in analysis.metrics
        )


def moment(seconds: float) -> str:
    """Return seconds for people, rounded as far as a mean means anything."""
    return str(format_duration(float(round(seconds)) if seconds >= 10 else round(seconds, 1))) if seconds else "0s"


def pods(count: int, version: str) -> str:
    """Return a number of pods in words."""
    return f"{count} pod{'s' * (count != 1)} of {version}"


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
    plan.begin(0)
    plan.say(f"stop all {pods(plan.old.replicas, plan.old.name)}: nobody is served", weight=100.0)
    plan.at += seconds_to_stop(plan.old, plan.old.replicas)
    plan.peak_pods = 0
    plan.begin(1)
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
    plan.begin(0)
    plan.say(
        f"exchange pods, at most {surge} above and {unavailable} below {replicas}: about {rounds} rounds", weight=100.0
    )
    plan.peak_pods = max(plan.old.replicas, replicas + surge)
    _exchange(plan, replicas, surge + unavailable)
    plan.say(f"all users on {plan.new.name}")


def _blue_green(plan: Plan, strategy: BlueGreen) -> None:
    preview = strategy.preview_replica_count or plan.new.replicas
    steps = count()
    plan.begin(next(steps))
    plan.start_pods(preview, plan.old.replicas)
    ready_at = plan.at
    if strategy.preview_match:
        segments = ", ".join(match.segment for match in strategy.preview_match)
        plan.say(f"preview: {segments} reach {plan.new.name}")
    if strategy.pre_promotion_analysis:
        plan.begin(next(steps))
        plan.judge(strategy.pre_promotion_analysis, "before the switch")
    if not strategy.auto_promotion_enabled:
        plan.begin(next(steps))
        plan.wait_for_person("preview")
    elif strategy.auto_promotion_seconds:
        plan.begin(next(steps))
        plan.say(f"the preview lasts {moment(strategy.auto_promotion_seconds)}")
        # Source: Argo Rollouts, reconcileBlueGreenPause: an analysis does not lengthen it.
        plan.at = plan.at.later_of(ready_at + strategy.auto_promotion_seconds)
    plan.begin(next(steps))
    if preview < plan.new.replicas:
        plan.start_pods(plan.new.replicas - preview, plan.old.replicas + preview)
    _switch(plan, strategy, next(steps))


def _switch(plan: Plan, strategy: BlueGreen, step: int) -> None:
    """Tell the switch, the analysis after it, and when the old pods go."""
    plan.say(f"all users switch to {plan.new.name}", weight=100.0)
    goes_at = plan.at + strategy.scale_down_delay_seconds
    if strategy.post_promotion_analysis:
        plan.route()
        plan.begin(step)
        plan.judge(strategy.post_promotion_analysis, "after the switch")
        goes_at = plan.at + strategy.scale_down_delay_seconds
    plan.at = goes_at
    plan.say(f"the pods of {plan.old.name} go")


def _canary(plan: Plan, strategy: Canary) -> None:
    has_mesh = not strategy.shares_by_pods(plan.scenario.mesh is not None)
    if strategy.analysis is not None:
        against = ", against a baseline of new pods" if strategy.has_baseline else ""
        plan.say(f"beside it, from step {strategy.analysis.starting_step}: {described(strategy.analysis)}{against}")
    if not has_mesh:
        _canary_by_pods(plan, strategy)
        return
    sizes = _RoutedSizes(plan, strategy)
    for index, step in enumerate(strategy.steps):
        plan.begin(index)
        if isinstance(step, SetWeight | SetCanaryScale):
            sizes.reach(index)
        elif isinstance(step, Experiment):
            sizes.add(sum(each.replicas for each in step.templates))
        _canary_step(plan, step, strategy.max_traffic_weight)
    plan.begin(len(strategy.steps))
    sizes.reach(len(strategy.steps))
    plan.say(f"all users on {plan.new.name}", weight=100.0)
    if not strategy.dynamic_stable_scale:
        plan.at += strategy.scale_down_delay_seconds
    plan.say(f"the pods of {plan.old.name} go")


class _RoutedSizes:
    """The pods of a canary with a router, from step to step, by the controller's own arithmetic."""

    def __init__(self, plan: Plan, strategy: Canary) -> None:
        self._plan = plan
        self._argo = strategy.plan(is_by_pods=False)
        self._running, self._stable = 0, plan.old.replicas
        self._weights = Weights(0.0, self._argo.max_weight)
        self._baseline = 0
        self._has_baseline = strategy.has_baseline

    def add(self, count: int) -> None:
        """Tell pods beside those of the steps, which go again."""
        self._plan.start_pods(count, self._stable + self._running)

    def reach(self, index: int) -> None:
        """Tell the pods that the step needs; pods that go are not told."""
        plan, status = self._plan, ArgoStatus(index)
        sight = Sight(plan.new.replicas, Bounds(0, 0), None, None)
        canary, stable = wanted_pods(self._argo, status, sight, self._weights)
        if self._has_baseline and index < len(self._argo.steps) and canary > self._baseline:
            plan.say(f"start {pods(canary - self._baseline, plan.old.name)} as a baseline")
            self._baseline = canary
        beside = stable + self._running + self._baseline
        if canary > self._running:
            plan.start_pods(canary - self._running, beside)
        self._running, self._stable = canary, stable
        weight = weight_in_force(self._argo, status)
        self._weights = Weights(weight, self._argo.max_weight - weight)


def _canary_by_pods(plan: Plan, strategy: Canary) -> None:
    """Tell a canary whose pods make the share: each weight is an exchange of pods."""
    replicas, running = plan.new.replicas, 0
    surge, unavailable = resolve_fenceposts(strategy.max_surge, strategy.max_unavailable, replicas)
    plan.peak_pods = max(plan.old.replicas, replicas + surge)
    for index, step in enumerate((*strategy.steps, SetWeight(set_weight=100.0))):
        plan.begin(index)
        if not isinstance(step, SetWeight):
            _canary_step(plan, step)
            continue
        wanted = approximate_weight(replicas, step.set_weight, surge)[0]
        plan.say(
            f"{plain(step.set_weight)} % of the pods, as near as whole pods come, are to be of {plan.new.name}",
            weight=step.set_weight,
        )
        _exchange(plan, wanted - running, surge + unavailable)
        running = wanted
    plan.say(f"all users on {plan.new.name}")


def _canary_step(plan: Plan, step: CanaryStep, max_weight: float = 100.0) -> None:
    """Tell one step."""
    match step:
        case SetWeight():
            percent = 100 * step.set_weight / max_weight
            plan.say(f"{plain(percent)} % of the requests go to {plan.new.name}", weight=percent)
        case Analyse():
            plan.judge(step.analysis, "judge")
        case Experiment():
            plan.say(f"{step.text()[0].lower()}{step.text()[1:]}")
            if step.duration is None and step.analysis is not None:
                plan.judge(step.analysis, "judge")
            plan.at += step.duration or 0.0
        case SetCanaryScale(match_traffic_weight=None):
            plan.say(f"{step.text()[0].lower()}{step.text()[1:]}, whatever the weight")
        case Pause(duration=None):
            plan.wait_for_person("pause")
        case Pause():
            plan.say(f"wait {moment(step.duration or 0.0)}")
            plan.at += step.duration or 0.0
        case _:
            plan.say(f"{step.text()[0].lower()}{step.text()[1:]}")


def _part(percent: float, version: ResolvedVersion) -> int:
    return math.ceil(round(percent * version.replicas / 100, 9))


def _ab_test(plan: Plan, strategy: ABTest) -> None:
    weight = strategy.weight if strategy.weight is not None else 100 * _share(plan.scenario, strategy)
    plan.begin(0)
    plan.start_pods(_part(weight, plan.new), plan.old.replicas)
    who = f"{plain(strategy.weight)} % of the {strategy.unit}s" if strategy.weight is not None else ""
    segments = ", ".join(match.segment for match in strategy.match)
    given = strategy.weight or 0.0
    plan.say(f"{' and '.join(filter(None, (who, segments)))} get {plan.new.name} (treatment)", weight=given)
    plan.route()
    plan.begin(1)
    if strategy.guardrail is not None:
        plan.say(f"beside it: {described(strategy.guardrail)}")
    if strategy.duration is None:
        plan.say(f"until each group has {strategy.samples_per_variant:,} {strategy.unit}s")
        plan.say(f"then decide by {strategy.metric}: the better version for all")
        return
    plan.say(f"compare for {moment(strategy.duration)}")
    plan.at += strategy.duration
    otherwise = "keep control" if strategy.on_no_difference == "keepControl" else "promote all the same"
    plan.begin(2)
    plan.say(f"decide by {strategy.metric}: treatment if it is better, without a difference {otherwise}")


def _share(scenario: Scenario, strategy: ABTest) -> float:
    counts = dict(zip(scenario.users.segments, scenario.users.segment_counts(), strict=True))
    return sum(counts[match.segment] for match in strategy.match) / scenario.users.count


def _shadow(plan: Plan, strategy: Shadow) -> None:
    copying = _part(strategy.mirror_percentage, plan.new)
    plan.begin(0)
    plan.start_pods(copying, plan.old.replicas)
    plan.say(
        f"{plain(strategy.mirror_percentage)} % of the requests are copied to {plan.new.name}; "
        f"users get {plan.old.name}"
    )
    plan.route()
    plan.begin(1)
    plan.say(f"copies for {moment(strategy.duration)}")
    plan.at += strategy.duration
    plan.begin(2)
    plan.say(f"judge the copies: {described(strategy.analysis)}")
    plan.route()
    plan.at += seconds_to_stop(plan.new, copying)
    if strategy.then is None:
        plan.say(f"the copies end; users stay on {plan.old.name}")
        return
    plan.say(f"if they were good, {strategy.then} follows:")
    tell(plan, plan.scenario.strategies[strategy.then])


def _progressive(plan: Plan, strategy: Progressive) -> None:
    statuses = planned(strategy.analysis(plan.scenario.mesh is not None))
    before = Status()
    for index, status in enumerate(statuses):
        gate = strategy.gate_before(before, status)
        if gate is not None:
            began = plan.at
            plan.wait_for_person(gate)
            plan.at = began + plan.at.since(began).through(lambda waited: _ticks(strategy, waited))
        plan.begin(index)
        weight = status.weight if status.weight != before.weight and not strategy.match else None
        plan.say(strategy.words(before, status), weight=weight)
        plan.at += _held_back(plan, before, status).through(
            lambda seconds: max(strategy.interval, _ticks(strategy, seconds))
        )
        before = status
    checked = ", ".join(check.name for check in strategy.metrics)
    if plan.is_open and strategy.skip_analysis:
        plan.at = plan.planned[-1].at + _primary_update(plan)
    elif plan.is_open:
        plan.at = plan.planned[-1].at
    plan.say(f"{plan.new.name} is the primary; each tick checked {checked or 'nothing'}")


def _ticks(strategy: Progressive, seconds: float) -> float:
    """Return the ticks that so many seconds take, in seconds."""
    return strategy.interval * math.ceil(seconds / strategy.interval)


def _held_back(plan: Plan, before: Status, status: Status) -> Span:
    """Return how long the ticks after this one wait for pods: the canary's, or the primary's when it is updated."""
    if before.phase == "Initialized":
        plan.peak_pods = max(plan.peak_pods, plan.old.replicas + plan.new.replicas)
        return seconds_to_ready(plan.new, plan.new.replicas)
    if status.phase != "Promoting" or before.phase == "Promoting":
        return Span()
    return _primary_update(plan)


def _primary_update(plan: Plan) -> Span:
    """Return how long the primary's Deployment takes to exchange its pods."""
    surge, unavailable = math.ceil(plan.old.replicas / 4), plan.old.replicas // 4
    plan.peak_pods = max(plan.peak_pods, plan.new.replicas + plan.old.replicas + surge)
    return math.ceil(plan.old.replicas / (surge + unavailable)) * seconds_to_ready(plan.new, surge + unavailable)


def _batches(plan: Plan, strategy: Batches) -> None:
    replicas, running = plan.new.replicas, 0
    surge, unavailable = resolve_fenceposts(strategy.max_surge, strategy.max_unavailable, replicas)
    is_by_pods = strategy.shares_by_pods(plan.scenario.mesh is not None)
    plan.peak_pods = max(plan.old.replicas, replicas + surge)
    if strategy.analysis is not None:
        plan.say(f"beside it, from batch {strategy.analysis.starting_step}: {described(strategy.analysis)}")
    for index, step in enumerate(strategy.steps):
        wanted = max(running, partition_limit(step.replicas, replicas))
        plan.begin(index)
        weight = None if step.is_routed else 100 * wanted / replicas
        plan.say(f"batch {index + 1}: {wanted} of {replicas} pods are to run {plan.new.name}", weight)
        if not is_by_pods and (not step.is_routed or wanted == replicas):
            plan.route()
        _exchange(plan, wanted - running, surge + unavailable, is_batch=True)
        running = wanted
        _look_at(plan, step, is_last=not strategy.waits(index), covers_all=wanted == replicas)
    plan.begin(len(strategy.steps))
    plan.say("the other pods follow as a rolling update" if running < replicas else "all pods follow", weight=100.0)
    if not is_by_pods:
        plan.route()
    _exchange(plan, replicas - running, surge + unavailable)
    plan.say(f"all users on {plan.new.name}")


def _look_at(plan: Plan, step: BatchStep, is_last: bool, covers_all: bool) -> None:
    """Tell who meets a batch and how long it is looked at."""
    if step.is_routed and not covers_all:
        if step.traffic is not None:
            plan.say(f"{plain(step.traffic)} % of the requests go to {plan.new.name}", weight=step.traffic)
        else:
            plan.say(f"{', '.join(match.segment for match in step.matches)} reach {plan.new.name}")
        plan.route()
    if is_last:
        return
    if step.pause.duration is None:
        plan.wait_for_person("pause")
    else:
        plan.say(f"wait {moment(step.pause.duration)}")
        plan.at += step.pause.duration


def _exchange(plan: Plan, moving: int, at_once: int, is_batch: bool = False) -> None:
    """Let time pass while so many pods are exchanged, a few at once; a batch is over when its last pods are ready."""
    if moving > 0:
        rounds = math.ceil(moving / at_once)
        plan.at += rounds * seconds_to_ready(plan.new, min(moving, at_once))
        if is_batch:
            plan.at += -plan.new.min_ready_seconds


def _none(plan: Plan, strategy: NoRelease) -> None:
    plan.say(f"all users stay on {plan.old.name}")


def tell(plan: Plan, strategy: StrategySpec) -> None:
    """Add the timeline of a strategy to a plan."""
    before, plan.story = plan.story, strategy.kind
    STORIES[type(strategy)](plan, strategy)
    plan.story = before


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
