"""An experiment between the steps of a canary: more pods of both versions, for a time, and a judgement.

Source: argoproj/argo-rollouts rollout/experiment.go and experiments/experiment.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.replica_set import ReplicaSet
    from sim.strategies.canary_controller import CanaryController
    from sim.strategies.canary_steps import Experiment
    from sim.strategies.rollout import Rollout


def run_experiment(rollout: Rollout, canary: CanaryController, step: Experiment) -> Steps:
    """Start the pods, give them their users, wait and judge; they go whatever comes of it.

    Model: the router knows versions, not sets, so an experiment's pods share their version's requests with the others.
    """
    canary.experiment_phase = "Pending"
    sets = [_start(rollout, each.spec_ref == "canary", each.name, each.replicas) for each in step.templates]
    try:
        yield from rollout.await_sets(sets)
        canary.experiment_phase = "Running"
        if not rollout.is_by_pods:
            canary.moves_users()
        yield from _judge(rollout, step, f"experiment of step {canary.step_index + 1}")
        canary.experiment_phase = "Successful"
    finally:
        rollout.share_extra(0.0)
        for each in sets:
            rollout.resize(each, 0, "the experiment is over")


def _start(rollout: Rollout, is_canary: bool, name: str, replicas: int) -> ReplicaSet:
    like = rollout.candidate if is_canary else rollout.stable
    made = rollout.another_set(like, name)
    rollout.resize(made, replicas, f"for the experiment's {name}")
    return made


def _judge(rollout: Rollout, step: Experiment, name: str) -> Steps:
    if step.analysis is None:
        yield from rollout.rest(step.duration or 0.0)
    elif step.duration is None:
        yield from rollout.judge(step.analysis, name)
    else:
        reason = yield from rollout.observe(step.analysis, name, step.duration)
        if reason is not None:
            rollout.give_up(reason)
