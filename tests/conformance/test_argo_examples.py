"""Rollouts that Argo's documentation describes, simulated: weights, pods and phases at each moment are the documented.

A new pod is ready 5 s after its creation, a route changes in 1 s. Moments of people are operations.
"""

from __future__ import annotations

from typing import Any

from small_world import run, scenario

from sim.record import Record

MESH = {"propagationDelay": "1s"}
HOUR = 3600.0

Row = tuple[float, str, int, int, float]
"""A moment, Argo's phase, pods asked for (old, new), and the weight of the new version."""


def told(strategy: dict[str, Any], *operations: dict[str, Any], mesh: Any = MESH, **keys: Any) -> Record:
    return run(scenario(strategy, mesh=mesh, rate=1, **keys).replace("spec.operations", list(operations)))


def promote(at: float, **keys: Any) -> dict[str, Any]:
    return {"at": at, "action": "promote", **keys}


def pods(record: Record, at: float) -> tuple[int, int]:
    alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
    return alive.count("v1"), alive.count("v2")


def weight(record: Record, at: float) -> float:
    return [change.requested for change in record.routes if change.at_seconds <= at][-1]


def phase(record: Record, at: float) -> str:
    """Return Argo's word for where the rollout is, from what its controller has said up to now."""
    found = "Progressing"
    for event in record.events:
        if event.at_seconds > at:
            break
        match event.kind:
            case "pause":
                found = "Paused"
            case "step" | "scale" if found not in ("Healthy", "Degraded"):
                found = "Progressing"
            case "undo":
                found = "Degraded"
            case "outcome" if event.subject == "promoted":
                found = "Healthy"
    return found


def timeline(record: Record, *moments: float) -> list[Row]:
    return [(at, phase(record, at), *pods(record, at), weight(record, at)) for at in moments]


def test_the_canary_of_the_strategys_page():
    """Source: docs/features/canary.md, Example: ten pods, 10 % are 1 and 9, 20 % are 2 and 8; it then waits."""
    steps = [{"setWeight": 10}, {"pause": {"duration": "1h"}}, {"setWeight": 20}, {"pause": {}}]
    given = {"type": "canary", "maxSurge": "25%", "maxUnavailable": 0, "steps": steps}
    record = told(given, mesh=None, replicas=10, minReadySeconds=30, duration=4000)
    ready = 35.0
    assert timeline(record, 0, ready, ready + HOUR - 1, ready + HOUR, 2 * ready + HOUR, 3999) == [
        (0, "Progressing", 10, 1, 10),
        (ready, "Paused", 9, 1, 10),
        (ready + HOUR - 1, "Paused", 9, 1, 10),
        (ready + HOUR, "Progressing", 9, 2, 20),
        (2 * ready + HOUR, "Paused", 8, 2, 20),
        (3999, "Paused", 8, 2, 20),
    ]
    assert record.outcome == "paused"


DEMO = [
    {"setWeight": 20},
    {"pause": {}},
    *[step for weight in (40, 60, 80) for step in ({"setWeight": weight}, {"pause": {"duration": 10}})],
]


def test_the_demo_of_the_first_steps():
    """Source: docs/getting-started.md: 1 of 5 pods and a pause; after `promote` 2, 3, 4 and 5, ten seconds apart."""
    record = told({"type": "canary", "steps": DEMO}, promote(60), mesh=None, replicas=5)
    assert timeline(record, 5, 59, 65, 80, 95, 110) == [
        (5, "Paused", 4, 1, 20),
        (59, "Paused", 4, 1, 20),
        (65, "Paused", 3, 2, 40),
        (80, "Paused", 2, 3, 60),
        (95, "Paused", 1, 4, 80),
        (110, "Healthy", 0, 5, 100),
    ]


def test_the_abort_of_the_first_steps():
    """Source: docs/getting-started.md, Aborting: stable is scaled up, the canary down, the rollout is Degraded."""
    record = told({"type": "canary", "steps": DEMO}, {"at": 60, "action": "abort"}, mesh=None, replicas=5)
    assert timeline(record, 59, 60, 70) == [
        (59, "Paused", 4, 1, 20),
        (60, "Degraded", 5, 0, 0),
        (70, "Degraded", 5, 0, 0),
    ]


def test_the_canary_of_the_mesh_pages():
    """Source: docs/getting-started/{istio,nginx}: one pod, setWeight 5: one canary pod beside it, 95 to 5 of users."""
    record = told({"type": "canary", "steps": [{"setWeight": 5}, {"pause": {}}]}, promote(60), replicas=1)
    assert timeline(record, 0, 5, 59, 61, 100) == [
        (0, "Progressing", 1, 1, 0),
        (5, "Paused", 1, 1, 5),
        (59, "Paused", 1, 1, 5),
        (61, "Healthy", 1, 1, 100),
        (100, "Healthy", 0, 1, 100),
    ]


def test_the_scale_of_a_canary_apart_from_its_weight():
    """Source: docs/features/canary.md, Dynamic Canary Scale: a count, a share of the pods, then the weight again."""
    wait = {"pause": {"duration": 30}}
    scales = [{"replicas": 3}, {"weight": 25}, {"matchTrafficWeight": True}]
    steps = [each for scale in scales for each in ({"setCanaryScale": scale}, wait)]
    record = told({"type": "canary", "steps": [*steps, {"setWeight": 25}, {"pause": {}}]})
    assert timeline(record, 5, 35, 65, 100) == [
        (5, "Paused", 4, 3, 0),
        (35, "Paused", 4, 1, 0),
        (65, "Paused", 4, 0, 0),
        (100, "Paused", 4, 1, 25),
    ]


def test_the_sequence_of_a_dynamic_stable_scale():
    """Source: argo-rollouts issue 1029, the sequence of events that dynamicStableScale was designed by."""
    steps = [{"setWeight": 75}, {"pause": {}}]
    record = told({"type": "canary", "dynamicStableScale": True, "steps": steps}, promote(60))
    assert timeline(record, 0, 4, 5, 60, 65) == [
        (0, "Progressing", 4, 3, 0),
        (4, "Progressing", 4, 3, 0),
        (5, "Paused", 1, 3, 75),
        (60, "Progressing", 1, 4, 75),
        (65, "Progressing", 0, 4, 100),
    ]
    assert (record.outcome, record.settled_at) == ("promoted", 66)


def test_the_way_back_to_stable_of_a_dynamic_stable_scale():
    """Source: argo-rollouts pull request 3077: stable grows first, then users go back, then the other pods leave."""
    steps = [{"setWeight": 90}, {"pause": {}}]
    given = {"type": "canary", "dynamicStableScale": True, "steps": steps}
    record = told(given, {"at": 60, "action": "undo"}, replicas=10)
    assert timeline(record, 59, 61, 65)[0] == (59, "Paused", 1, 9, 90)
    assert pods(record, 61) == (10, 9)
    assert weight(record, 61) == 90
    assert (pods(record, 65), weight(record, 65)) == ((10, 0), 0)


def test_the_delay_of_an_aborted_canary():
    """Source: docs/features/scaledown-aborted-rs.md: its pods leave 30 s later, or when the file says, or never."""
    steps = [{"setWeight": 50}, {"pause": {}}]
    abort = {"at": 60, "action": "abort"}
    after = {}
    for delay in (None, 10, 0):
        keys = {} if delay is None else {"abortScaleDownDelaySeconds": delay}
        record = told({"type": "canary", "steps": steps, **keys}, abort)
        assert timeline(record, 59, 60) == [(59, "Paused", 4, 2, 50), (60, "Degraded", 4, 2, 0)]
        after[delay] = [pods(record, at)[1] for at in (69, 70, 89, 90, 299)]
    assert after == {None: [2, 2, 2, 0, 0], 10: [2, 0, 0, 0, 0], 0: [2, 2, 2, 2, 2]}


def test_the_blue_green_rollout_of_the_strategys_page():
    """Source: docs/features/bluegreen.md, Sequence of Events, with a preview of one pod and a person who promotes."""
    given = {"type": "blueGreen", "autoPromotionEnabled": False, "previewReplicaCount": 1}
    record = told(given, promote(60), replicas=2)
    assert timeline(record, 0, 5, 60, 65, 94, 95) == [
        (0, "Progressing", 2, 1, 0),
        (5, "Paused", 2, 1, 0),
        (60, "Progressing", 2, 2, 0),
        (65, "Progressing", 2, 2, 100),
        (94, "Healthy", 2, 2, 100),
        (95, "Healthy", 0, 2, 100),
    ]


def test_the_automatic_promotion_and_the_scale_down_delay_of_a_blue_green_rollout():
    """Source: docs/features/bluegreen.md, autoPromotionSeconds and scaleDownDelaySeconds."""
    given = {"type": "blueGreen", "autoPromotionSeconds": 40, "scaleDownDelaySeconds": 100}
    record = told(given, replicas=2)
    assert timeline(record, 5, 44, 46, 144, 145) == [
        (5, "Paused", 2, 2, 0),
        (44, "Paused", 2, 2, 0),
        (46, "Healthy", 2, 2, 100),
        (144, "Healthy", 2, 2, 100),
        (145, "Healthy", 0, 2, 100),
    ]


def test_a_canary_without_steps_mimics_a_rolling_update():
    """Source: docs/features/canary.md, Mimicking Rolling Update: the bounds alone say how the pods are exchanged."""
    given = {"maxSurge": 1, "maxUnavailable": 0}
    canary, update = (told({"type": kind, **given}, mesh=None) for kind in ("canary", "rollingUpdate"))
    moments = [float(at) for at in range(60)]
    assert [pods(canary, at) for at in moments] == [pods(update, at) for at in moments]
    assert canary.outcome == update.outcome == "promoted"
