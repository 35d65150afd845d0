"""Defects that other simulators of deployments have; none of them is here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_world import scenario

from sim.cluster.world import World
from sim.engine import draw_requests
from sim.engine.protocol import Answers
from sim.metrics.error_rate import error_rate
from sim.metrics.window import Selection, cut
from sim.record import Record
from sim.spec.traffic import Traffic
from sim.spec.users import Users

MONITORING = {
    "alerts": [{"name": "errors", "kind": "threshold", "window": "20s", "condition": "result > 0.01"}],
    "onCall": {"reaction": "5s"},
}
HEALTHY = [
    {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0},
    {"type": "rollingUpdate", "maxSurge": "25%", "maxUnavailable": "25%"},
    {"type": "blueGreen", "autoPromotionSeconds": 20},
    {"type": "canary", "steps": [{"setWeight": 20}, {"pause": {"duration": 20}}]},
    {"type": "canary", "trafficRouting": "none", "steps": [{"setWeight": 50}, {"pause": {"duration": 20}}]},
]


def released(strategy: dict[str, Any]) -> Record:
    """Return the run of a healthy release of pods whose readiness probe fails until they have started."""
    given = scenario(strategy, mesh={"propagationDelay": "1s"}, monitoring=MONITORING, preStop="2s")
    return World(given, "it").run()


@pytest.mark.parametrize("strategy", HEALTHY, ids=str)
def test_a_healthy_release_is_not_undone_by_its_own_health_checks(strategy: dict[str, Any]) -> None:
    record = released(strategy)
    assert record.outcome == "promoted", record.outcome_reason
    assert not [event for event in record.events if event.kind in ("undo", "abort")]
    assert not np.any(record.answers.status >= 500)


@pytest.mark.parametrize("strategy", HEALTHY, ids=str)
def test_a_promotion_leaves_every_pod_it_should(strategy: dict[str, Any]) -> None:
    record = released(strategy)
    before = [pod for pod in record.pods if pod.created_at < 0]
    left = [pod.version for pod in record.pods if np.isnan(pod.gone_at)]
    _, new = record.service_versions[1]
    assert left == [new] * len(before)
    assert len(before) > 1


def test_errors_are_judged_over_the_window_and_not_over_a_life() -> None:
    requests = draw_requests(Traffic(rate=10.0), Users(count=10), None, 1, 0, 0.0, 100.0)
    count = len(requests.arrival)
    late = requests.arrival > 90.0
    status = np.where(late, 500, 200).astype(np.int16)
    zeros = {
        name: np.zeros(count, kind) for name, kind in (("copy", np.int8), ("version", np.int16), ("pod", np.int32))
    }
    ones = {"attempts": np.ones(count, np.int16), "reason": late.astype(np.int8)}
    times = {"start": requests.arrival, "finish": requests.arrival}
    answers = Answers(request=np.arange(count), status=status, **zeros, **ones, **times)
    assert error_rate(cut(answers, requests, 90.0, 100.0, Selection())) == 1.0
    assert error_rate(cut(answers, requests, 80.0, 90.0, Selection())) == 0.0
