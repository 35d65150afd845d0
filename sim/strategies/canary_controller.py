"""Argo's controller of a canary: what it sees of the rollout, what it asks for, and when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.argo.counts import Weights, all_are_available, bounds
from sim.cluster.argo.plan import (
    Plan,
    Status,
    before_starting_step,
    current_step,
    experiment_in_force,
    weight_in_force,
)
from sim.cluster.argo.route import RouterWeight, Sight, is_at_desired_counts, is_rolling_back_to_stable, router_weight
from sim.cluster.argo.status import Change, Revision, is_rollback_within_window, next_look, resize
from sim.cluster.arithmetic import FULL_WEIGHT, Count
from sim.strategies.user_verbs import DIGITS

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.replica_set import ReplicaSet
    from sim.spec.header_match import HeaderMatch
    from sim.strategies.rollout import Rollout
    from sim.units import IntOrPercent


class CanaryController:
    """One canary on its way through its plan."""

    def __init__(
        self,
        rollout: Rollout,
        plan: Plan,
        max_surge: IntOrPercent,
        max_unavailable: IntOrPercent,
        leaving: tuple[ReplicaSet, ...] = (),
    ) -> None:
        self.plan = plan
        self.status = Status(0 if plan.steps else None)
        self.analysis_phase = ""
        self.experiment_phase = ""
        self._rollout = rollout
        self._max_surge = max_surge
        self._max_unavailable = max_unavailable
        self._leaving = leaving
        self.returns_to_stable = False
        self._is_within_window = False
        self._sized_for = rollout.candidate.wanted
        self._is_analysed = False
        self._header_routes: dict[str, tuple[HeaderMatch, ...]] = {}
        self._mirror_routes: dict[str, float] = {}

    @property
    def step_index(self) -> int:
        """Return the index of the current step; the number of steps when all are done."""
        return self.status.step_index or 0

    @property
    def is_past_steps(self) -> bool:
        """True after the last step, and where there is none."""
        return current_step(self.plan.steps, self.status.step_index) is None

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
            older=tuple(count_of(each) for each in self._leaving),
            weights=Weights(asked, self.plan.max_weight - asked) if self.plan.is_routed else None,
            analysis_phase=self.analysis_phase,
            experiment_phase=self.experiment_phase,
        )

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return the size of the one set that is resized now; nothing when all have theirs."""
        candidate, stable = self._rollout.candidate, self._rollout.stable
        if self._has_settled_back:
            return self._sizes_around(stable, candidate)
        if self.status.is_stable and not self.plan.is_routed:
            return self._sizes_around(candidate, stable)
        if self._is_held():
            return {}
        self._sized_for = candidate.wanted
        found = resize(self.plan, self.status, self.sight())
        if found.stable is not None:
            return {stable: found.stable}
        if found.older is not None:
            return dict(zip(self._leaving, found.older, strict=True))
        if found.canary is None or (self.status.is_aborted and self._keeps_canary):
            return {}
        return {candidate: found.canary}

    def _is_held(self) -> bool:
        """Return whether a person has paused the rollout: then pods only follow another wanted count.

        Source: rollout/sync.go, syncReplicasOnly.
        """
        return self.status.is_paused_by_person and self._sized_for == self._rollout.candidate.wanted

    @property
    def _has_settled_back(self) -> bool:
        """True when the wanted version is the stable one again and the canary an older set."""
        return self.returns_to_stable and self.status.is_stable

    def _sizes_around(self, only: ReplicaSet, older: ReplicaSet) -> dict[ReplicaSet, int]:
        """Return the sizes where one version is wanted and stable, and the other one leaves.

        A canary that is left keeps its pods as long as users are sent there.
        """
        is_referenced = self.plan.is_routed and self._rollout.weight > 0
        others = self._leaving if is_referenced else (*self._leaving, older)
        counts = tuple(count_of(each) for each in others)
        found = resize(self.plan, self.status, self.sight()._replace(canary=count_of(only), stable=None, older=counts))
        if found.canary is not None:
            return {only: found.canary}
        return {} if found.older is None else dict(zip(others, found.older, strict=True))

    @property
    def _keeps_canary(self) -> bool:
        """True when the canary's pods stay where they are after an abort, for a time or for ever."""
        return self.plan.is_routed and (self.plan.scales_down_late_after_abort or self.plan.abort_delay == 0)

    def is_done(self) -> bool:
        """Return whether the sets have the pods of the step; on the way back, the stable set's are waited for."""
        sight = self.sight()
        if self.status.is_aborted or self._has_settled_back:
            is_back = not self.plan.is_routed or self._rollout.weight == 0
            return is_back and not self.sizes() and all_are_available(sight.stable, sight.replicas)
        if self.status.is_stable:
            return not self.sizes() and self._rollout.stable.replicas == 0
        if self.is_past_steps and not self.plan.is_routed and not all_are_available(sight.canary, sight.replicas):
            # A threshold is for steps; the promotion asks for all pods. Source: rollout/sync.go, shouldFullPromote.
            return False
        return is_at_desired_counts(self.plan, self.status, sight, sight.weights)

    def moves_users(self) -> bool:
        """Tell the router another weight, if it is time for one; return whether it was told."""
        if self.is_past_steps and not self._moves_past_steps:
            # The promotion gives the new version all users.
            return False
        weights = router_weight(self.plan, self.status, self.sight(), self._is_rolling_back())
        percent = self._percent(weights.canary)
        if self._rollout.share_extra(self._percent(self._of_canary(weights))):
            return True
        if percent == self._rollout.weight or (self._is_within_window and percent == FULL_WEIGHT):
            return False
        self._rollout.set_weight(percent)
        return True

    def _of_canary(self, weights: RouterWeight) -> float:
        """Return what the sets of an experiment that are of the canary's version get."""
        step = experiment_in_force(self.plan, self.status)
        weighted = [each for each in step.experiment if each.weight is not None] if step else []
        return sum(extra for each, extra in zip(weighted, weights.extra, strict=False) if each.is_canary)

    @property
    def _moves_past_steps(self) -> bool:
        status = self.status
        return status.promote_full or status.is_aborted or self._has_settled_back or self._is_within_window

    def _is_rolling_back(self) -> bool:
        stable, candidate = self._rollout.stable.name, self._rollout.candidate.name
        wanted = stable if self._has_settled_back else candidate
        router = candidate if self._rollout.weight > 0 else wanted
        return is_rolling_back_to_stable(self.plan, wanted, stable, router, wanted)

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
        self.analysis_phase = self.experiment_phase = ""

    def promote(self, why: str, scale_down_delay: float) -> Steps:
        """Give the new version all pods and all users; it then is the stable one."""
        rollout = self._rollout
        change: Change = "older_version_within_window" if self._is_within_window else "none"
        if not self.plan.is_routed:
            yield from rollout.share_pods(self, FULL_WEIGHT, rollout.candidate)
            self.status = next_look(self.plan, self.status, self.sight(), change).status
            if rollout.stable.replicas > 0:
                # A threshold has let it be promoted before all its pods were there.
                yield from rollout.follow(self, "within surge and unavailability")
            rollout.finish("promoted", why)
        else:
            yield from rollout.follow(self, "to carry all users")
            self.status = next_look(self.plan, self.status, self.sight(), change).status
            yield from rollout.hand_over_users(why, 0.0 if self.plan.is_dynamic else scale_down_delay)

    def hold(self, is_held: bool) -> None:
        """Begin no further step, or go on."""
        if self.status.is_paused_by_person != is_held:
            self.status = self.status._replace(is_paused_by_person=is_held)
            self._rollout.hold_back(is_held)

    def skip_step(self) -> None:
        """Take the current step for done."""
        self.status = Status(self.step_index + 1)
        self.analysis_phase = ""

    def promote_full(self) -> None:
        """Take all steps for done: the new version gets everything as its pods become available."""
        self.status = Status(len(self.plan.steps) or None, promote_full=True)

    def skips_steps_within_window(self) -> bool:
        """Return whether the version that is released was there before the stable one, not too many revisions ago."""
        rollout = self._rollout
        # The version that was released came after the one that goes back: they are two revisions.
        revisions = [Revision(rollout.candidate.name, 0.0), Revision(rollout.stable.name, 1.0)]
        names = rollout.stable.name, rollout.candidate.name
        self._is_within_window = is_rollback_within_window(revisions, *names, self.plan.rollback_window)
        if self._is_within_window:
            self.status = Status(len(self.plan.steps) or None)
        return self._is_within_window

    def go_back(self, abort_scale_down_delay: float) -> Steps:
        """Give the stable version all users again."""
        rollout = self._rollout
        is_return = self.returns_to_stable
        change: Change = "back_to_stable_version" if is_return else "none"
        self.status = Status(self.status.step_index, is_aborted=not is_return)
        self.status = next_look(self.plan, self.status, self.sight(), change).status
        if not self.plan.is_routed:
            yield from rollout.share_pods(self, 0.0, rollout.stable)
        elif not (self.plan.is_dynamic or is_return):
            yield from rollout.abort(abort_scale_down_delay)
        else:
            rollout.forget_routes()
            self.moves_users()
            yield from rollout.follow(self, "to carry all users again", rollout.stable)
            yield from rollout.await_route()
            if self._keeps_canary and not is_return:
                yield from rollout.let_canary_go(abort_scale_down_delay)

    def _percent(self, weight: float) -> float:
        """Return a weight in percent, to the digits that a weight in force is known with."""
        return round(weight * FULL_WEIGHT / self.plan.max_weight, DIGITS)


def count_of(replica_set: ReplicaSet) -> Count:
    """Return the set in numbers."""
    return Count(replica_set.replicas, replica_set.available)
