from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.judges.metric_status import effective_count
from sim.spec.analysis import AnalysisSpec, BackgroundAnalysis, Guardrail, MetricSpec
from sim.spec.fault import Fault
from sim.spec.mesh import Mesh, OutlierDetection, Retries
from sim.spec.model import FrozenMapping
from sim.spec.monitoring import Alert
from sim.spec.service import Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users
from sim.strategies.ab_test import ABTest
from sim.strategies.canary import Canary
from sim.strategies.canary_steps import Analyse, Pause, SetCanaryScale, SetWeight
from sim.strategies.rolling_update import RollingUpdate
from sim.strategies.shadow import Shadow
from sim.units import IntOrPercent

ERRORS = {"metric": "errorRate", "failureCondition": "result > 0.01"}


def test_one_metric_may_be_written_flat() -> None:
    several = AnalysisSpec.model_validate({"metrics": [ERRORS], "dryRun": ["errorRate"]})
    assert AnalysisSpec.model_validate({**ERRORS, "dryRun": ["errorRate"]}) == several
    assert BackgroundAnalysis.model_validate({**ERRORS, "interval": 10, "startingStep": 0}).starting_step == 0


@pytest.mark.parametrize(
    ("given", "window", "count"),
    [
        ({}, 60.0, 1),
        ({"interval": "30s"}, 30.0, None),
        ({"interval": "30s", "window": "5m", "count": 3}, 300.0, 3),
        ({"window": "2m"}, 120.0, 1),
    ],
)
def test_a_window_follows_the_interval_and_no_interval_means_once(
    given: dict[str, Any], window: float, count: int | None
) -> None:
    metric = MetricSpec.model_validate({**ERRORS, **given})
    assert (metric.name, metric.window) == ("errorRate", window)
    assert effective_count(metric.count, metric.interval) == count


def test_the_limits_are_argos() -> None:
    metric = MetricSpec.model_validate(ERRORS)
    limits = (
        metric.failure_limit,
        metric.inconclusive_limit,
        metric.consecutive_error_limit,
        metric.consecutive_success_limit,
    )
    assert limits == (0, 0, 4, 0)


def test_a_guardrail_looks_every_30_seconds() -> None:
    assert Guardrail.model_validate(ERRORS).metrics[0].interval == 30.0
    assert Guardrail.model_validate({**ERRORS, "interval": "10s"}).metrics[0].interval == 10.0


def test_a_shadow_is_judged_over_all_its_copies() -> None:
    metric = Shadow.model_validate({"duration": "5m"}).analysis.metrics[0]
    assert (metric.failure_condition, metric.window, metric.interval) == ("result > 0.01", 300.0, None)
    assert effective_count(metric.count, metric.interval) == 1
    own = Shadow.model_validate({"duration": "5m", "analysis": {**ERRORS, "interval": "10s"}}).analysis.metrics[0]
    assert own.window == 10.0


def test_the_steps_of_a_canary_are_read_and_written_as_argo_has_them() -> None:
    steps = [
        {"setWeight": 5},
        {"pause": {}},
        {"pause": {"duration": "2m"}},
        {"analysis": ERRORS},
        {"setCanaryScale": {"replicas": 3}},
    ]
    canary = Canary.model_validate({"steps": steps})
    assert canary.steps == (
        SetWeight(set_weight=5),
        Pause(),
        Pause(duration=120),
        Analyse(analysis=AnalysisSpec.model_validate(ERRORS)),
        SetCanaryScale(replicas=3),
    )
    assert Canary.model_validate(canary.model_dump(mode="json", exclude_unset=True)) == canary


def test_python_says_snake_case() -> None:
    assert RollingUpdate(max_surge=IntOrPercent(2, False)).max_unavailable == IntOrPercent(25, True)
    assert OutlierDetection(consecutive_5xx_errors=3).model_dump(by_alias=True)["consecutive5xxErrors"] == 3


def test_istios_list_with_commas_is_a_list() -> None:
    retries = Retries.model_validate({"retryOn": "connect-failure, 503"})
    assert retries.retry_on == ("connect-failure", "503")
    assert Mesh().retries == Retries()


def test_segments_are_shares_or_counts_of_the_users() -> None:
    users = Users.model_validate({"count": 1001, "segments": {"a": {"share": "25%"}, "b": {"count": 7}}})
    assert users.segment_counts() == (250, 7)


@pytest.mark.parametrize(
    ("traffic", "start", "end", "requests"),
    [
        ({"rate": 10}, -60, 60, 1200),
        ({"profile": [{"at": 10, "rate": 4}, {"at": 20, "rate": 8}]}, 0, 30, 160),
        ({"profile": [{"at": 0, "rate": 0, "ramp": "linear"}, {"at": 10, "rate": 10}]}, 0, 20, 150),
        ({"profile": [{"at": 0, "rate": 0, "ramp": "linear"}, {"at": 10, "rate": 10}]}, 2, 4, 6),
        ({"profile": [{"at": 0, "rate": 5, "ramp": "linear"}]}, -10, 10, 100),
    ],
)
def test_a_profile_is_an_area(traffic: dict[str, Any], start: float, end: float, requests: float) -> None:
    assert Traffic.model_validate(traffic).expected_requests(start, end) == pytest.approx(requests)


def test_a_frozen_mapping_is_a_value() -> None:
    one, other = FrozenMapping({"a": 1, "b": 2}), FrozenMapping({"a": 1, "b": 2})
    assert one == other == {"a": 1, "b": 2}
    assert hash(one) == hash(other)
    assert list(one) == ["a", "b"]


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (Fault, {}, "has no effect"),
        (Fault, {"at": 5, "segment": "x"}, "has no effect"),
        (Fault, {"crash": True, "segment": "x"}, "pods fail for everyone"),
        (Fault, {"crash": "yes"}, "valid boolean"),
        (Users, {"count": 10, "segments": {"a": {}}}, "has neither share nor count"),
        (Users, {"count": 10, "segments": {"a": {"count": 11}}}, "must be at most count, 10"),
        (Traffic, {"rate": 5, "trace": "a.csv"}, "has rate and trace"),
        (Alert, {"name": "a", "kind": "threshold", "window": 60}, "must have window and condition"),
        (Alert, {"name": "a", "kind": "threshold", "window": 60, "condition": "result >"}, "the end stands where"),
        (ABTest, {"duration": 60}, "has neither weight nor match"),
        (ABTest, {"weight": 50, "duration": 60, "samplesPerVariant": 5}, "has both of duration and samplesPerVariant"),
        (SetCanaryScale, {"replicas": 1, "weight": 2}, "must have one of"),
        (AnalysisSpec, {"metrics": [ERRORS, ERRORS]}, "has two metrics named 'errorRate'"),
        (AnalysisSpec, {"metrics": [ERRORS], "dryRun": ["other"]}, "must name one of its metrics"),
        (AnalysisSpec, {**ERRORS, "count": 3}, "has count 3 without an interval"),
        (Service, {"versions": {}}, "at least 1"),
        (Service, {"versions": {"v1": {"replicas": 0}}}, "must be between 1 and 10,000"),
    ],
)
def test_what_makes_no_sense_is_refused(model: Any, data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(data)
