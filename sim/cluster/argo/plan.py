"""A canary's plan and where it stands: which step is current, and what the steps up to it have put in force.

Source: argoproj/argo-rollouts utils/replicaset/canary.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from sim.cluster.argo.counts import Threshold
from sim.cluster.arithmetic import FULL_WEIGHT

Word: TypeAlias = Literal[
    "setWeight",
    "pause",
    "setCanaryScale",
    "analysis",
    "experiment",
    "setHeaderRoute",
    "setMirrorRoute",
    "replicaProgressThreshold",
]


class Scale(NamedTuple):
    """What setCanaryScale says: pods, or a weight that they are for, or that they follow the weight again."""

    replicas: int | None = None
    weight: float | None = None
    match_traffic_weight: bool = False


class Template(NamedTuple):
    """A set of pods of an experiment, of the canary's version or of the stable one, and its weight (None: none)."""

    name: str
    weight: float | None = None
    is_canary: bool = True


class Planned(NamedTuple):
    """One step. seconds: how long a pause is; None: until a person comes."""

    word: Word
    weight: float = 0.0
    seconds: float | None = None
    scale: Scale | None = None
    threshold: Threshold | None = None
    experiment: tuple[Template, ...] = ()


class Plan(NamedTuple):
    """The steps and what holds for all of them.

    abort_delay: abortScaleDownDelaySeconds; None where the file does not say it, 0 where the pods stay for ever.
    """

    steps: tuple[Planned, ...] = ()
    max_weight: float = FULL_WEIGHT
    is_routed: bool = True
    is_dynamic: bool = False
    minimum: int | None = None
    threshold: Threshold | None = None
    abort_delay: float | None = None
    rollback_window: int | None = None

    @property
    def scales_down_late_after_abort(self) -> bool:
        """True when an aborted canary keeps its pods for a time; a dynamic one only where the file says so.

        Source: rollout/replicaset.go, shouldDelayScaleDownOnAbort.
        """
        if not self.is_routed or self.abort_delay == 0:
            return False
        return not self.is_dynamic or self.abort_delay is not None


class Status(NamedTuple):
    """What the controller remembers from one look to the next.

    pause_seconds: how long ago the controller paused for the current step; None: it is not waiting.
    """

    step_index: int | None = None
    is_aborted: bool = False
    promote_full: bool = False
    is_paused_by_controller: bool = False
    pause_seconds: float | None = None
    is_paused_by_person: bool = False
    is_stable: bool = False


def current_step(steps: Sequence[Planned], index: int | None) -> tuple[int, Planned] | None:
    """Return the current step with its index; None without steps and after the last one.

    Source: canary.go, GetCurrentCanaryStep.
    """
    at = index or 0
    return (at, steps[at]) if at < len(steps) else None


def before_starting_step(steps: Sequence[Planned], index: int | None, starting: int | None) -> bool:
    """Return whether the background analysis has to wait for its step.

    Source: canary.go, BeforeStartingStep.
    """
    return starting is not None and bool(steps) and (index or 0) < starting


def weight_in_force(plan: Plan, status: Status) -> float:
    """Return the weight of the last setWeight up to now: 0 before the first and when aborted, all after the last step.

    Source: canary.go, GetCurrentSetWeight.
    """
    if status.is_aborted:
        return 0.0
    if current_step(plan.steps, status.step_index) is None:
        return plan.max_weight
    return next((step.weight for step in _back(plan, status) if step.word == "setWeight"), 0.0)


def weight_before(plan: Plan, status: Status) -> float:
    """Return the weight of the last setWeight before the current step."""
    earlier = Status(step_index=(status.step_index or 0) - 1)
    return next((step.weight for step in _back(plan, earlier) if step.word == "setWeight"), 0.0)


def scale_in_force(plan: Plan, status: Status) -> Scale | None:
    """Return what setCanaryScale asks for now; only a router lets pods differ from the weight.

    An abort ends it, unless the canary's pods are to stay for ever.

    Source: canary.go, UseSetCanaryScale.
    """
    if not plan.is_routed or current_step(plan.steps, status.step_index) is None:
        return None
    if status.is_aborted and plan.abort_delay != 0:
        return None
    scale = next((step.scale for step in _back(plan, status) if step.scale is not None), None)
    return None if scale is None or scale.match_traffic_weight else scale


def threshold_in_force(plan: Plan, status: Status) -> Threshold | None:
    """Return how much of the canary must be available for the next step."""
    return next((step.threshold for step in _back(plan, status) if step.threshold is not None), plan.threshold)


def experiment_in_force(plan: Plan, status: Status) -> Planned | None:
    """Return the last experiment up to now; None after the last step.

    Source: canary.go, GetCurrentExperimentStep.
    """
    if current_step(plan.steps, status.step_index) is None:
        return None
    return next((step for step in _back(plan, status) if step.word == "experiment"), None)


def replicas_or_weight(plan: Plan, status: Status) -> tuple[int | None, float]:
    """Return what governs the canary's size: a number of pods (the weight is then 0), or a weight.

    Source: canary.go, GetCanaryReplicasOrWeight.
    """
    if status.promote_full or status.is_stable:
        return None, plan.max_weight
    scale = scale_in_force(plan, status)
    if scale is not None and scale.replicas is not None:
        return scale.replicas, 0.0
    if scale is not None and scale.weight is not None:
        return None, scale.weight
    return None, weight_in_force(plan, status)


def _back(plan: Plan, status: Status) -> Iterator[Planned]:
    """Yield the current step and those before it, the last one first."""
    return reversed(plan.steps[: max(0, (status.step_index or 0) + 1)])
