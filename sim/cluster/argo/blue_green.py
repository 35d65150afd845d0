"""Pods and pauses of an Argo blue-green rollout.

Source: argoproj/argo-rollouts utils/replicaset/replicaset.go, rollout/pause.go and rollout/replicaset.go.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Active: TypeAlias = Literal["new", "other"] | None
"""Which set users are on; None: no service selects one yet."""


def preview_pods(
    replicas: int,
    preview: int | None,
    active: Active,
    *,
    is_current: bool = True,
    is_past_checkpoint: bool = False,
    promote_full: bool = False,
    is_paused: bool = False,
) -> int:
    """Return the pods of the new set: those of the preview until the switch is near, then all.

    Source: replicaset.go, NewRSNewReplicas.
    """
    if preview is None or active != "other" or promote_full:
        return replicas
    return replicas if is_current and is_past_checkpoint and not is_paused else preview


def pods_after_abort(replicas: int, delay: float | None, deadline: Literal["ahead", "passed"] | None) -> int | None:
    """Return the new set's pods in an aborted rollout; None: they stay as they are until the deadline.

    delay: seconds before they go; None: they stay for ever.

    Source: rollout/replicaset.go, reconcileNewReplicaSet.
    """
    if delay is None:
        return replicas
    return 0 if deadline == "passed" else None


def pause_is_over(
    auto_promotion: bool, seconds: float, elapsed: float | None, *, is_paused: bool = True, is_past_checkpoint: bool
) -> bool:
    """Return whether the preview is over: a person has ended it (elapsed None), or the time of automatic promotion has.

    Source: pause.go, CompletedBlueGreenPause: with automatic promotion off no time ends it.
    """
    if is_past_checkpoint:
        return True
    if not auto_promotion:
        return is_paused and elapsed is None
    return seconds == 0 or (elapsed is not None and elapsed >= seconds)
