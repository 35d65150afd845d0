"""The handle by which a strategy moves a release: verbs, the way to be interrupted, and the outcome."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NoReturn, cast

import simpy

from sim.cluster.analysis_run import AnalysisRun
from sim.cluster.argo.blue_green import pods_after_abort
from sim.cluster.argo.counts import pods_for_weight
from sim.cluster.arithmetic import FULL_WEIGHT
from sim.cluster.clock import PERSON, STRATEGY, Steps
from sim.cluster.controller import Controller, RoutingController
from sim.cluster.experiment import Experiment
from sim.cluster.on_call import approval
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.world import World
from sim.record import Outcome
from sim.spec.analysis import AnalysisSpec
from sim.spec.operation import Operation
from sim.strategies.baseline_verbs import BaselineVerbs
from sim.strategies.pod_verbs import everything
from sim.strategies.story import Story
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.strategies.canary_controller import CanaryController

UNDONE_OR_KEPT = ("rolled_back", "kept")


class Turn(Exception):
    """What the rollout does instead of what it waits for."""

    def __init__(self, steps: Callable[[], Steps]) -> None:
        super().__init__(steps)
        self.steps = steps


class Undo(Exception):
    """The release is to be undone: why, and who decided."""

    def __init__(self, reason: str, source: str) -> None:
        super().__init__(reason, source)
        self.reason = reason
        self.source = source


class StepsTold:
    """The planned steps, told one after the other."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._next = 0

    def begin(self) -> None:
        """Record that the next step begins."""
        self._rollout.step(self._next)
        self._next += 1


class Rollout(BaselineVerbs):
    """One release on its way. A strategy sees the cluster only through this."""

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self.outcome: Outcome = "in_progress"
        self.canary: CanaryController | None = None
        self.outcome_reason = "The rollout was still under way at the end."
        self.settled_at = math.nan
        self._process: simpy.Process | None = None
        self._is_undone = False
        self._analyses: list[AnalysisRun] = []
        self._inconclusive: str | None = None
        self._approvals = 0
        self._pause_over: simpy.Event | None = None
        self._judging: AnalysisRun | None = None
        self._held: str | None = None
        self.has_applied = False

    def start(self) -> None:
        """Begin the story now."""
        self._process = self.world.env.process(self._tell())

    def close(self) -> None:
        """Name the outcome of a rollout that the end of the run has cut."""
        for run in self._analyses:
            run.stop()
        if self.outcome != "in_progress":
            return
        if self._is_undone:
            self.outcome_reason = "The undo was still under way at the end."
        elif (reason := self._held or self._paused) is not None:
            self.outcome, self.outcome_reason = "paused", reason
        elif self._stalled is not None:
            self.outcome, self.outcome_reason = "failed", self._stalled
        self.say("outcome", self.outcome, self.outcome_reason)

    def request_undo(self, reason: str, source: str) -> bool:
        """Interrupt whatever the strategy waits for and go back; return False when there is nothing to undo."""
        if self._process is None or self._is_undone or self.outcome in UNDONE_OR_KEPT:
            return False
        if self.has_changed_roles and source == "person":
            # It goes back already.
            return False
        self._is_undone = True
        self.turn(lambda: self._go_back(Undo(reason, source)))
        return True

    @property
    def has_begun(self) -> bool:
        """True from the start of the release on."""
        return self._process is not None

    def go_to(self, target: ReplicaSet, why: str) -> None:
        """Let the Deployment go to another template instead of what it is about; `why` a return to the old version."""
        self.deployment.target = target
        self.turn(lambda: self._settle_on(target, why))

    def _settle_on(self, target: ReplicaSet, why: str) -> Steps:
        is_back = target.version == self.stable.version
        self.outcome, self.settled_at, self._is_undone = "in_progress", math.nan, is_back
        weight = 0.0 if is_back else FULL_WEIGHT
        if self.weight != weight:
            self.set_weight(weight)
        yield from self.roll_to(target)
        self.finish("rolled_back" if is_back else "promoted", why if is_back else f"every pod runs {target.version}")

    def turn(self, steps: Callable[[], Steps]) -> None:
        """Interrupt whatever the strategy waits for and go on with these steps."""
        assert self._process is not None
        self._process.interrupt(Turn(steps))

    def operate(self, operation: Operation) -> str | None:
        """Do what an operator asks; return why it is refused, None when it is done."""
        if operation.action not in self.story.actions:
            return f"{self.story.kind} cannot {operation.action}"
        return self.story.operate(self, operation)

    def _tell(self) -> Steps:
        part = self.story.roll_out(self)
        while True:
            try:
                yield from part
                # A release that has settled can still be undone.
                yield self.world.env.event()
            except simpy.Interrupt as interrupt:
                part = cast("Turn", interrupt.cause).steps()
            except Undo as decision:
                part = self._go_back(decision)

    def begin_again(self) -> None:
        """Forget how the rollout stood, and what was to be deleted: it goes on another way."""
        self._stop_analyses()
        self._scale_downs += 1
        self._is_undone = False
        self.outcome, self.settled_at = "in_progress", math.nan
        self._inconclusive = self._paused = self._held = self._stalled = None
        self._pause_over = None

    def _go_back(self, undo: Undo) -> Steps:
        self.begin_again()
        self._is_undone = True
        self.world.log(undo.source, "undo", self.candidate.version, as_sentence(undo.reason))
        yield from self.story.undo(self)
        self.finish("rolled_back", undo.reason)

    def step(self, index: int) -> None:
        """Record that a planned step begins."""
        self.say("step", str(index), self.story.steps_text()[index])

    def steps(self) -> StepsTold:
        """Return the planned steps, to be told in order."""
        return StepsTold(self)

    def finish(self, outcome: Outcome, reason: str) -> None:
        """Settle the rollout: all users are on one version, and why."""
        if self.has_changed_roles:
            outcome = "rolled_back" if outcome == "promoted" else "promoted"
        self.outcome, self.outcome_reason, self.settled_at = outcome, as_sentence(reason), self.world.now
        self._stalled = None
        self._stop_analyses()
        self.say("outcome", outcome, self.outcome_reason)

    def scale_to_weight(self, weight: float) -> Steps:
        """Bring the candidate to the pods that `weight` percent need, and wait for them."""
        yield from self.settle_doubt()

        def pods(wanted: int) -> int:
            return pods_for_weight(weight, wanted)

        yield from self.scale_and_wait(self.candidate, pods, f"to carry {weight:g} % of the users")

    def share_pods(self, controller: Controller, weight: float, new: ReplicaSet) -> Steps:
        """Bring the pods to the ratio that comes nearest to `weight` percent; users follow it."""
        yield from self.settle_doubt()
        self.set_weight(weight)
        yield from self._control(controller, new)

    def follow(self, controller: RoutingController, why: str, new: ReplicaSet | None = None) -> Steps:
        """Let a controller size the sets and move users from now on; wait until it says that all is as it is to be."""

        def look() -> bool:
            is_done = self._reconcile(controller, why)
            while controller.moves_users():
                is_done = self._reconcile(controller, why)
            return is_done

        yield from self.settle_doubt()
        self._controller, self._is_controlled = controller, True
        try:
            self._reconcile(controller, why)
            yield from self._await(look, new or self.candidate)
        finally:
            self._is_controlled = False

    def beside(self, steps: Steps) -> None:
        """Let these steps happen beside the story."""
        self.world.env.process(steps)

    def change(self) -> simpy.Event:
        """Return an event for the next change of any pod."""
        return self.world.changed()

    def pause(self, seconds: float | None) -> Steps:
        """Wait for `seconds`, or, without, until a person approves."""
        if seconds is None:
            yield from self._await_person("A pause without duration waits for a person.")
            return
        self.say("pause", self.candidate.version, f"Waits {format_duration(seconds)}.")
        yield self._or_promoted(self.world.env.after(seconds, STRATEGY))
        self._pause_over = None
        yield from self.settle_doubt()

    def end_pause(self) -> bool:
        """End the pause that the rollout is in; return False when it is in none."""
        over, self._pause_over = self._pause_over, None
        if over is not None:
            self.world.env.fire(over, PERSON)
        return over is not None

    def _or_promoted(self, event: simpy.Event) -> simpy.Event:
        """Return an event for whichever comes first: that one, or an operator who ends the pause."""
        self._pause_over = self.world.env.event()
        return event | self._pause_over

    def _await_person(self, reason: str) -> Steps:
        self._paused = reason
        self._approvals += 1
        self.say("pause", self.candidate.version, reason)
        yield self._or_promoted(approval(self.world, self._approvals))
        self._approved()

    def ask(self, reason: str) -> simpy.Event:
        """Return an event for the moment when a person approves, without waiting for it."""
        self._paused = reason
        self._approvals += 1
        self.say("pause", self.candidate.version, reason)
        approved = self._or_promoted(approval(self.world, self._approvals))
        approved.callbacks.append(lambda _: self._approved())
        return approved

    def _approved(self) -> None:
        if self._paused is not None and self._pause_over is not None:
            self.world.log("person", "approve", self.candidate.version, "The approver lets the rollout go on.")
        self._paused = self._pause_over = None

    def give_up(self, reason: str) -> NoReturn:
        """Undo the release by the strategy's own decision.

        Raises:
            Undo: always.
        """
        self._is_undone = True
        raise Undo(reason, "analysis")

    def stay_broken(self, reason: str) -> None:
        """Leave everything as it is: the rollout has failed, and only a person can undo it."""
        self._stalled = as_sentence(reason)
        self._stop_analyses()

    def settle_doubt(self) -> Steps:
        """Wait for a person if a background analysis could not decide."""
        if self._inconclusive is not None:
            reason, self._inconclusive = self._inconclusive, None
            yield from self._await_person(reason)

    def stop_judging(self) -> None:
        """End the analysis that the story waits for."""
        if self._judging is not None:
            self._judging.stop()

    def hold_back(self, is_held: bool) -> None:
        """Take note that an operator has paused the rollout, or lets it go on, and wake whoever waits."""
        self._held = "An operator paused the rollout." if is_held else None
        self.world.pods_changed(self.candidate)

    def judge(self, spec: AnalysisSpec, name: str) -> Steps:
        """Wait for an analysis; a person decides where it cannot.

        Raises:
            Undo: the analysis failed.
        """
        self._judging = run = AnalysisRun(self.world, spec, name, inline=True)
        self._analyses.append(run)
        if run.phase == "Running":
            yield run.done
        if run.phase in ("Failed", "Error"):
            self._is_undone = True
            raise Undo(f"{name}: {run.message}", "analysis")
        if run.phase == "Inconclusive":
            yield from self._await_person(f"{name} is inconclusive: {run.message}")

    def start_analysis(self, spec: AnalysisSpec, name: str) -> AnalysisRun:
        """Let an analysis run beside the steps: a failure undoes the release, doubt makes it wait."""
        run = AnalysisRun(self.world, spec, name, inline=False)
        self._analyses.append(run)
        run.done.callbacks.append(lambda _: self._heed(run, name))
        return run

    def observe(self, spec: AnalysisSpec, name: str, seconds: float) -> Generator[simpy.Event, None, str | None]:
        """Wait for `seconds` beside an analysis, less if it ends badly; return what speaks against the release.

        A person decides where the analysis cannot; what was never measured is not healthy.
        """
        run = AnalysisRun(self.world, spec, name, inline=False)
        self._analyses.append(run)
        over = self.world.env.after(seconds, STRATEGY)
        yield over | run.done
        if run.phase == "Successful":
            yield over
        run.stop()
        if run.phase == "Inconclusive":
            yield from self._await_person(f"{name} is inconclusive: {run.message}")
            return None
        if run.phase == "Successful":
            return None if run.has_data else f"{name} had no data"
        return f"{name}: {run.message}"

    def experiment(self, name: str) -> Experiment:
        """Return the comparison of the candidate's users with the others, from now on."""
        return Experiment(self.world, name)

    def await_samples(self, experiment: Experiment, count: int) -> Steps:
        """Wait until both groups of an experiment have `count` users (or requests)."""
        while experiment.smallest_group() < count:
            yield experiment.next_look()
        yield from self.settle_doubt()

    def _stall(self, new: ReplicaSet, seconds: float) -> None:
        super()._stall(new, seconds)
        if self.story.aborts_at_deadline and not self._is_undone and self._stalled is not None:
            self.request_undo(self._stalled, self.story.kind)

    def _heed(self, run: AnalysisRun, name: str) -> None:
        if run.phase in ("Failed", "Error"):
            self.request_undo(f"{name}: {run.message}", "analysis")
        elif run.phase == "Inconclusive":
            self._inconclusive = f"{name} is inconclusive: {run.message}"

    def _stop_analyses(self) -> None:
        for run in self._analyses:
            if run.phase == "Running":
                run.stop()

    def promote(self, why: str, scale_down_delay: float) -> Steps:
        """Give the candidate all its pods, then all users; the old pods leave `scale_down_delay` after that was asked.

        A route that takes longer to change than that leaves users without a pod, as in Argo Rollouts.
        """
        yield from self.settle_doubt()
        yield from self.scale_to_full(self.candidate, "to carry all users")
        yield from self.hand_over_users(why, scale_down_delay)

    def hand_over_users(self, why: str, scale_down_delay: float) -> Steps:
        """Give the candidate, which has its pods, all users as well; the old pods leave later."""
        yield from self.settle_doubt()
        self.scale(self.candidate, everything, "to carry all users")
        self.scale_down_later(self.stable, scale_down_delay, f"{self.candidate.version} has all users")
        yield from self.switch(why)
        self.finish("promoted", why)

    def switch(self, why: str) -> Steps:
        """Send all users to the candidate and wait until they go there."""
        self._match, self._mirror = (), None
        self.say("promote", self.candidate.version, why)
        self.set_weight(FULL_WEIGHT)
        yield from self.await_route()

    def abort(self, abort_scale_down_delay: float) -> Steps:
        """Give all users back to the old version, at once while its pods live; the new pods leave later.

        abort_scale_down_delay: 0 means that they stay. Source: Argo Rollouts, abortScaleDownDelaySeconds.
        """
        stable = self.stable
        lacks_pods = stable.replicas < self.full(stable)
        self.scale(stable, everything, "to carry all users again")
        if lacks_pods:
            yield from self.await_available(stable)
        self.forget_routes()
        self.set_weight(0.0)
        yield from self.let_canary_go(abort_scale_down_delay)

    def forget_routes(self) -> None:
        """End what sends some users, or copies, to the candidate apart from its weight."""
        self._match, self._mirror = (), None
        self.say("abort", self.candidate.version, f"All users go back to {self.stable.version}.")

    def let_canary_go(self, abort_scale_down_delay: float) -> Steps:
        """Delete the candidate's pods later (0: never) and wait until users are on the route that was asked for."""
        if pods_after_abort(self.stable.wanted, abort_scale_down_delay or None, "ahead") is None:
            self.scale_down_later(self.candidate, abort_scale_down_delay, "the release was undone")
        yield from self.await_route()

    def hand_over(self, name: str) -> Steps:
        """Go on with another strategy of the scenario, which from here on also decides how to undo."""
        story = cast("Story", self.world.scenario.strategies[name])
        self.story = story
        self._is_by_pods = story.shares_by_pods(self.world.scenario.mesh is not None)
        if self._is_by_pods:
            # Only old pods are left: sharing by pods changes nothing yet, so it need not propagate.
            self.world.traffic.share_by_pods()
        yield from story.roll_out(self)


def as_sentence(reason: str) -> str:
    """Return a reason with a capital letter and a full stop."""
    return reason[:1].upper() + reason[1:].rstrip(".") + "."
