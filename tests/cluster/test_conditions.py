from __future__ import annotations

import pytest

from sim.cluster.arithmetic import Status
from sim.cluster.conditions import Condition, availability, paused, progressing

BEFORE = Status(total=4, updated=1, ready=3, available=3)


def of(reason, at=0.0):
    return Condition(reason, at, at)


@pytest.mark.parametrize(
    ("before", "status", "at", "reason"),
    [
        ("NewReplicaSetCreated", BEFORE, 5, "NewReplicaSetCreated"),
        ("NewReplicaSetCreated", BEFORE._replace(updated=2), 5, "ReplicaSetUpdated"),
        ("ReplicaSetUpdated", BEFORE, 60, "ReplicaSetUpdated"),
        ("ReplicaSetUpdated", BEFORE, 60.5, "ProgressDeadlineExceeded"),
        ("ReplicaSetUpdated", Status(3, 3, 3, 3), 90, "NewReplicaSetAvailable"),
        ("ProgressDeadlineExceeded", BEFORE, 90, "ProgressDeadlineExceeded"),
        ("ProgressDeadlineExceeded", BEFORE._replace(ready=4), 90, "ReplicaSetUpdated"),
        ("DeploymentResumed", BEFORE, 60.5, "ProgressDeadlineExceeded"),
        # A rollout that begins after a complete one and never makes a step has no deadline.
        ("NewReplicaSetAvailable", BEFORE, 900, "NewReplicaSetAvailable"),
        # A pod that is lost and comes back after the end of a rollout is no progress.
        ("NewReplicaSetAvailable", Status(3, 3, 4, 4), 900, "NewReplicaSetAvailable"),
    ],
)
def test_progressing_says_how_the_rollout_goes(before, status, at, reason):
    assert progressing(of(before), 60, 3, BEFORE, status, at).reason == reason


def test_a_status_keeps_the_moment_since_which_it_holds():
    progressed = progressing(of("NewReplicaSetCreated"), 60, 3, BEFORE, BEFORE._replace(ready=4), 30)
    assert (progressed.status, progressed.changed_at, progressed.updated_at) == ("True", 0, 30)
    late = progressing(progressed, 60, 3, BEFORE, BEFORE, 91)
    assert (late.status, late.changed_at) == ("False", 91)


@pytest.mark.parametrize(
    ("before", "is_paused", "reason"),
    [
        ("ReplicaSetUpdated", True, "DeploymentPaused"),
        ("ReplicaSetUpdated", False, "ReplicaSetUpdated"),
        ("DeploymentPaused", True, "DeploymentPaused"),
        ("DeploymentPaused", False, "DeploymentResumed"),
        ("ProgressDeadlineExceeded", True, "ProgressDeadlineExceeded"),
    ],
)
def test_a_pause_is_said_unless_it_would_hide_a_missed_deadline(before, is_paused, reason):
    assert paused(of(before), is_paused, 30).reason == reason


@pytest.mark.parametrize(("available", "status"), [(3, "True"), (2, "True"), (1, "False")])
def test_available_allows_for_what_may_be_unavailable(available, status):
    assert availability(of("MinimumReplicasAvailable"), 3, 1, available, 30).status == status
