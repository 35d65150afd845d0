"""Argo's controller of a canary: what it sees of the rollout, what it asks for, and when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.argo.counts import Weights, all_are_available, bounds
from sim.cluster.argo.plan import (
    Plan,
    Status,
    before_starting_step,
    current_step,
    weight_in_force,
)
from sim.cluster.argo.route import Sight, is_at_desired_counts, router_weight
from sim.cluster.argo.status import next_look, resize
from sim.cluster.arithmetic import FULL_WEIGHT, Count

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.replica_set import ReplicaSet
    from sim.spec.header_match import HeaderMatch
    from sim.strategies.rollout import Rollout
    from sim.units import IntOrPercent


class CanaryController:
    """One canary on its way through its plan."""

    def __init__(self, rollout: Rollout, plan: Plan, max_surge: IntOrPercent, max_unavailable: IntOrPercent) -> None:
        self.plan = plan
        self.status = Status(0 if plan.steps else None)
        self.analysis_phase = ""
        self._rollout = rollout
        self._max_surge = max_surge
        self._max_unavailable = max_unavailable
        self._is_analysed = False
        self._header_routes: dict[str, tuple[HeaderMatch, ...]] = {}
        self._mirror_routes: dict[str, float] = {}

    @property
    def step_index(self) -> int:
        """Return the index of the current step; the number of steps when all are done."""
        return self.status.step_index or 0

    def sight(self) -> Sight:
        """Return what the controller sees now."""
        rollout = self._rollout
        wanted = rollout.candidate.wanted
        asked = rollout.weight * self.plan.max_weight / FULL_WEIGHT
        return Sight(
            replicas=wanted,
            bounds=bounds(self._max_surge, self._max_unavailable, wanted),
            canary=count_of(rollout.candidate),
            stable=count_of(rollout.stable),
            weights=Weights(asked, self.plan.max_weight - asked) if self.plan.is_routed else None,
            analysis_phase=self.analysis_phase,
        )

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return the size of the one set that is resized now; nothing when all have theirs."""
        found = resize(self.plan, self.status, self.sight())
        if found.stable is not None:
            return {self._rollout.stable: found.stable}
        if found.canary is None or (self.status.is_aborted and self._keeps_canary):
            return {}
        return {self._rollout.candidate: found.canary}

    @property
    def _keeps_canary(self) -> bool:
        """True when the canary's pods stay where they are after an abort, for a time or for ever."""
        return self.plan.is_routed and (self.plan.scales_down_late_after_abort or self.plan.abort_delay == 0)

    def is_done(self) -> bool:
        """Return whether the sets have the pods of the step; on the way back, the stable set's are waited for."""
        sight = self.sight()
        if self.status.is_aborted:
            is_back = not self.plan.is_routed or self._rollout.weight == 0
            return is_back and not self.sizes() and all_are_available(sight.stable, sight.replicas)
        return is_at_desired_counts(self.plan, self.status, sight, sight.weights)

    def moves_users(self) -> bool:
        """Tell the router another weight, if it is time for one; return whether it was told."""
        has_steps_left = current_step(self.plan.steps, self.status.step_index) is not None
        if not (has_steps_left or self.status.promote_full or self.status.is_aborted):
            # Past the last step the promotion gives the new version all users.
            return False
        percent = self._percent(router_weight(self.plan, self.status, self.sight()).canary)
        if percent == self._rollout.weight:
            return False
        self._rollout.set_weight(percent)
        return True

    def starts_analysis(self, starting_step: int) -> bool:
        """Return, once, that the background analysis may begin."""
        if self._is_analysed or before_starting_step(self.plan.steps, self.step_index, starting_step):
            return False
        self._is_analysed = True
        return True

    def reach_counts(self) -> Steps:
        """Bring the sets to the pods of the current step; then its weight goes to the router."""
        rollout = self._rollout
        percent = self._percent(weight_in_force(self.plan, self.status))
        if not self.plan.is_routed:
            yield from rollout.share_pods(self, percent, rollout.candidate)
            return
        before = rollout.weight
        yield from rollout.follow(self, f"to carry {percent:g} % of the users")
        current = current_step(self.plan.steps, self.status.step_index)
        if rollout.weight == before == percent and current is not None and current[1].word == "setWeight":
            rollout.set_weight(percent)

    def watch_users(self) -> Steps:
        """Keep the router's weight to what the pods can carry, from now until the rollout has settled either way.

        Source: rollout/trafficrouting.go is looked at with every change of a pod: a canary without available pods gets
        no users, and the weight stays while the stable set cannot carry the rest.
        """
        while not (self.status.is_aborted or self.status.is_stable):
            if not self._rollout.is_controlled:
                self.moves_users()
            yield self._rollout.change()

    def set_header_route(self, name: str, match: tuple[HeaderMatch, ...]) -> None:
        """Send requests with one of these headers to the canary, or no longer where there is none."""
        self._header_routes.pop(name, None)
        if match:
            self._header_routes[name] = match
        self._rollout.match_headers([each for route in self._header_routes.values() for each in route])

    def set_mirror_route(self, name: str, percentage: float | None) -> None:
        """Copy this percentage of the requests to the canary, or none; of several routes the first one counts."""
        self._mirror_routes.pop(name, None)
        if percentage is not None:
            self._mirror_routes[name] = percentage
        self._rollout.mirror(next(iter(self._mirror_routes.values()), 0.0))

    def pause(self, seconds: float | None) -> Steps:
        """Wait as a pause step says."""
        self.status = next_look(self.plan, self.status, self.sight()).status
        began = self._rollout.now
        yield from self._rollout.pause(seconds)
        has_run_out = seconds is not None and self._rollout.now >= began + seconds
        # Else a person has ended it, and the controller finds no pause any more.
        self.status = self.status._replace(pause_seconds=seconds if has_run_out else None)

    def leave_step(self) -> Steps:
        """Go on to the next step, once this one has done what it says."""
        here = self.status.step_index
        self.status = next_look(self.plan, self.status, self.sight()).status
        while self.status.step_index == here:
            yield self._rollout.change()
            self.status = next_look(self.plan, self.status, self.sight()).status
        self.analysis_phase = ""

    def promote(self, why: str, scale_down_delay: float) -> Steps:
        """Give the new version all pods and all users; it then is the stable one."""
        rollout = self._rollout
        if not self.plan.is_routed:
            yield from rollout.share_pods(self, FULL_WEIGHT, rollout.candidate)
            self.status = next_look(self.plan, self.status, self.sight()).status
            rollout.finish("promoted", why)
        else:
            yield from rollout.follow(self, "to carry all users")
            self.status = next_look(self.plan, self.status, self.sight()).status
            yield from rollout.hand_over_users(why, 0.0 if self.plan.is_dynamic else scale_down_delay)

    def go_back(self, abort_scale_down_delay: float) -> Steps:
        """Give the stable version all users again."""
        self.status = Status(self.status.step_index, is_aborted=True)
        self.status = next_look(self.plan, self.status, self.sight()).status
        rollout = self._rollout
        if not self.plan.is_routed:
            yield from rollout.share_pods(self, 0.0, rollout.stable)
        elif not self.plan.is_dynamic:
            yield from rollout.abort(abort_scale_down_delay)
        else:
            rollout.forget_routes()
            yield from rollout.follow(self, "to carry all users again", rollout.stable)
            yield from rollout.await_route()
            if self._keeps_canary:
                yield from rollout.let_canary_go(abort_scale_down_delay)

    def _ask_router(self) -> None:
        """Tell the router the weight of now, if it is another one or if the step is there to say it."""
        percent = self._percent(router_weight(self.plan, self.status, self.sight()).canary)
        current = current_step(self.plan.steps, self.status.step_index)
        if percent != self._rollout.weight or (current is not None and current[1].word == "setWeight"):
            self._rollout.set_weight(percent)

    def _percent(self, weight: float) -> float:
        return weight * FULL_WEIGHT / self.plan.max_weight


def count_of(replica_set: ReplicaSet) -> Count:
    """Return the set in numbers."""
    return Count(replica_set.replicas, replica_set.available)
