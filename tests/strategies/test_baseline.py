"""A fresh baseline beside the canary: as large, with as much traffic, judged against, and gone in the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import run, scenario, story

from sim.cluster.baseline import baseline_weight
from sim.cluster.clock import SCRAPE
from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario

MESH: dict[str, Any] = {"propagationDelay": "1s"}
ERRORS = {
    "metric": "errorRate",
    "interval": 10,
    "kayenta": {"direction": "increase", "effectSize": {"allowedIncrease": 2}},
}
COLD = {"faults": [{"coldStart": {"factor": 5, "halfLife": "10m"}}]}
END = 200.0


def release(*steps: dict[str, Any], metric: dict[str, Any] = ERRORS, **given: Any) -> Scenario:
    score = {"interval": "100s", "count": 1}
    analysis = {"judge": "kayenta", "baseline": True, "score": score, "metrics": [metric]}
    strategy = {"type": "canary", "steps": [*steps], "analysis": analysis, "scaleDownDelaySeconds": 5}
    return scenario(strategy, **{"mesh": MESH, "rate": 100, "preStop": "2s", "replicas": 8, "errorRate": "1%", **given})


HALFWAY = ({"setWeight": 25}, {"pause": {"duration": 130}})


def is_of_baseline(record: Record) -> Any:
    """Return which answers came from a pod of the baseline."""
    fresh = [pod.name.startswith("web-v1-baseline") for pod in record.pods]
    return np.array([*fresh, False])[record.answers.pod]


def shares(record: Record, start: float, end: float) -> tuple[float, float]:
    """Return the shares of the users that canary and baseline answered, of those who came in a span."""
    arrival = record.requests.arrival[record.answers.request]
    rows = (arrival >= start) & (arrival < end)
    canary = record.answers.version[rows] == record.candidate
    return float(np.mean(canary)), float(np.mean(is_of_baseline(record)[rows]))


def test_a_baseline_has_as_many_pods_as_the_canary_and_as_many_users() -> None:
    record = run(release(*HALFWAY))
    for at in (1, 50, 100):
        names = [
            pod.name.rpartition("-")[0] for pod in record.pods if pod.created_at <= at and not pod.terminating_at <= at
        ]
        assert (names.count("web-v1-baseline"), names.count("web-v2")) == (2, 2)
    assert shares(record, 10, 130) == (pytest.approx(0.25, abs=0.02), pytest.approx(0.25, abs=0.02))


def test_to_whoever_looks_at_users_and_pods_the_baseline_is_the_old_version() -> None:
    record = run(release(*HALFWAY))
    assert record.service_versions == (("web", "v1"), ("web", "v2"))
    assert set(record.answers.version[is_of_baseline(record)]) == {record.stable}
    assert {pod.version for pod in record.pods if "baseline" in pod.name} == {"v1"}
    assert record.samples.pods_ready.shape[1] == 2
    assert max(change.existing for change in record.pod_changes if change.version == record.stable) == 8 + 2


@pytest.mark.parametrize("undo_at", [None, 3.0, 60.0])
def test_a_baseline_goes_without_hurting_anybody(undo_at: float | None) -> None:
    world = World(release(*HALFWAY, errorRate=0), "it")
    if undo_at is not None:
        world.env.call(undo_at, SCRAPE, 0, lambda: world.request_undo("a person decided"))
    record = world.run()
    assert record.outcome == ("promoted" if undo_at is None else "rolled_back")
    assert not (record.answers.status >= 500).any()
    left = [pod.name.rpartition("-")[0] for pod in record.pods if not pod.gone_at <= 300]
    assert left == ["web-v2" if undo_at is None else "web-v1"] * 8
    assert shares(record, END, 300)[1] == 0


def test_the_canary_is_compared_with_the_baseline_and_production_is_told_beside() -> None:
    metric = {"metric": "latencyP50", "interval": 10}
    record = run(release(*HALFWAY, metric=metric, old=COLD, new=COLD, concurrency=20))
    look = next(each for each in record.decisions if each.metric == "latencyP50")
    assert look.verdict == "pass"
    assert look.value == pytest.approx(look.threshold, rel=0.1)
    assert look.threshold > 3 * 0.02
    assert "of the baseline, 0.02 s in production" in look.reason


def test_a_worse_version_is_worse_than_its_baseline() -> None:
    record = run(release(*HALFWAY, new={"faults": [{"errorRate": "30%"}]}))
    assert record.outcome == "rolled_back"
    assert [at for at, _, _ in story(record, "undo")] == [100.0]


def test_a_baseline_is_the_same_in_either_engine() -> None:
    given_release = release(
        {"setWeight": 10}, {"pause": {"duration": 30}}, {"setWeight": 50}, {"pause": {"duration": 30}}
    )
    compiled, reference = run(given_release), run(given_release, engine="reference")
    for name in ("request", "version", "pod", "finish", "status"):
        assert np.array_equal(getattr(compiled.answers, name), getattr(reference.answers, name))
    assert compiled.events == reference.events
    assert compiled.pod_changes == reference.pod_changes


@given(st.floats(0, 100), st.integers(0, 20), st.integers(0, 20))
@settings(derandomize=True)
def test_no_pod_of_a_baseline_gets_more_than_one_of_the_canary(weight: float, canary: int, baseline: int) -> None:
    part = baseline_weight(weight, canary, baseline)
    assert 0 <= part <= 100 - weight
    if canary and baseline:
        assert part / baseline <= weight / canary + 1e-9
    if canary == baseline > 0 and weight <= 50:
        assert part == weight
