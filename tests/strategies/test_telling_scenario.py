"""One cluster, one bad release, every strategy with a different answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_world import scenario

from sim.cluster.world import World
from sim.record import Record

BAD = {"faults": [{"errorRate": "20%"}]}
ANALYSIS = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "failureLimit": 1}
MONITORING = {
    "alerts": [{"name": "errors", "kind": "threshold", "window": "20s", "condition": "result > 0.1"}],
    "onCall": {"reaction": "60s"},
}
STEPS = [{"setWeight": 10}, {"pause": {"duration": 60}}]

# A strategy, how it ends, when, and why then. New pods take 5 s to be ready, a route 1 s to change.
TELLING = [
    ({"type": "none"}, "kept", 0),
    # Down from 1 to 7: the alert sees it at 5, the person acts at 65; a second down time of 6 s.
    ({"type": "recreate"}, "rolled_back", 71),
    # More than half on the new version from 16 on: seen at 25, undone from 85 on, pod by pod, four times 5 s.
    ({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, "rolled_back", 105),
    # Switched at 25, seen at 40, undone at 100, when the old pods have left: 5 s for new ones, 1 s to switch.
    ({"type": "blueGreen", "autoPromotionSeconds": 20}, "rolled_back", 106),
    # The same with old pods that stay for long enough: back at once.
    ({"type": "blueGreen", "autoPromotionSeconds": 20, "scaleDownDelaySeconds": 120}, "rolled_back", 101),
    # Two measurements above 5 %, at 20 and 30, and no alert.
    ({"type": "canary", "steps": STEPS, "analysis": ANALYSIS}, "rolled_back", 31),
    # Mirrored from 6 to 66, judged, off at 67, the last of its pods gone at 68.
    ({"type": "shadow", "duration": "60s"}, "kept", 68),
]


def released(strategy: dict[str, Any], rate: float = 20) -> Record:
    given = scenario(strategy, new=BAD, mesh={"propagationDelay": "1s"}, monitoring=MONITORING, rate=rate)
    return World(given, "it").run()


@pytest.mark.parametrize(("strategy", "outcome", "settled_at"), TELLING, ids=[str(each[0]) for each in TELLING])
def test_every_strategy_ends_in_its_own_way(strategy, outcome, settled_at):
    record = released(strategy)
    assert (record.outcome, record.settled_at) == (outcome, settled_at)


def test_fewer_requests_fail_the_fewer_users_meet_the_new_version():
    failed = {}
    for strategy, _, _ in TELLING:
        answers = released(strategy, rate=100).answers
        failed[strategy["type"]] = int(np.count_nonzero((answers.status >= 500) & (answers.copy == 0)))
    assert failed["none"] == failed["shadow"] == 0
    assert 0 < failed["canary"] < failed["rollingUpdate"] < failed["recreate"]
    assert failed["canary"] < failed["blueGreen"] < failed["recreate"]


def test_every_decision_is_one_sentence():
    for strategy, _, _ in TELLING:
        for event in released(strategy).events:
            if event.kind not in ("step", "firing", "resolved"):
                assert event.message[0].isupper(), event
                assert event.message.endswith("."), event


def test_every_planned_step_is_told_in_order():
    for strategy, _, _ in TELLING:
        given = scenario(strategy, mesh={})
        steps = [event.message for event in World(given, "it").run().events if event.kind == "step"]
        assert steps == list(given.strategies["it"].steps_text())
