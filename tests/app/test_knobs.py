from __future__ import annotations

import pytest

import sim
from sim.app.analysis_knobs import checks_by_itself
from sim.app.knobs import KNOBS, changed, turned

VALUES = {
    "rate": 90.0, "replicas": 4, "errors": 12.5, "slower": 3.0, "limit": 2.5, "interval": 45.0, "seed": 99,
    "duration": 300.0, "concurrency": 2, "propagation": 4.0, "scrape": 5.0, "reaction": 60.0,
}  # fmt: skip
PROFILE = [{"at": 0, "rate": "50rps"}, {"at": "1m", "rate": "100rps", "ramp": "linear"}]


def values_of(scenario, strategy):
    return {knob.name: knob.value(scenario, strategy) for knob in KNOBS}


@pytest.mark.parametrize("name", VALUES)
def test_a_knob_says_what_it_was_turned_to(release, name):
    after = turned(release, "canary", {name: VALUES[name]})
    assert values_of(after, "canary") == {**values_of(release, "canary"), name: VALUES[name]}
    assert sim.Scenario.from_text(after.dump()) == after


@pytest.mark.parametrize("strategy", ["recreate", "blueGreen", "canary", "abTest", "shadow"])
def test_knobs_left_alone_change_nothing(release, strategy):
    own = {name: value for name, value in values_of(release, strategy).items() if value is not None}
    assert turned(release, strategy, own) is release
    assert changed(release, strategy, own) == {}


def test_flagger_checks_by_itself_unless_its_file_says_no_metric(release):
    metrics = [{"name": "request-success-rate", "thresholdRange": {"min": 99}}]
    strategy = {"type": "progressive", "stepWeight": 10, "metrics": metrics}
    scenario = release.replace("spec.strategies.checked", strategy)
    scenario = scenario.replace("spec.strategies.blind", {**strategy, "metrics": []})
    checked = [checks_by_itself(scenario, name) for name in ("checked", "blind", "canary")]
    assert checked == [True, False, False]


def test_batches_may_be_watched_by_an_analysis(release):
    steps = [{"replicas": "20%", "pause": {"duration": 30}}, {"replicas": "100%"}]
    scenario = release.replace("spec.strategies.batches", {"steps": steps})
    assert values_of(scenario, "batches")["watched"] == 0
    watched = turned(scenario, "batches", {"watched": 1.0})
    assert watched.strategies["batches"].analysis is not None
    assert values_of(watched, "batches")["limit"] == 1.0
    assert turned(watched, "batches", {"watched": 0.0}) == scenario


def test_every_knob_at_once(release):
    after = turned(release, "canary", VALUES)
    assert {name: values_of(after, "canary")[name] for name in VALUES} == VALUES


def test_a_profile_is_scaled_as_a_whole(release):
    scenario = release.replace("spec.traffic", {"profile": PROFILE})
    after = turned(scenario, "canary", {"load": 2.0})
    assert [point.rate for point in after.traffic.profile] == [100, 200]
    assert "rate" not in {knob.name for knob in KNOBS if knob.value(scenario, "canary") is not None}


def test_no_errors_and_no_slowness_is_no_fault(release):
    after = turned(release, "canary", {"errors": 0.0})
    assert after.services["checkout"].versions["v2"].faults == ()
    assert turned(after, "canary", {"slower": 2.0}).services["checkout"].versions["v2"].faults[0].latency_factor == 2


@pytest.mark.parametrize(("strategy", "key"), [("canary", "analysis"), ("abTest", "guardrail")])
def test_an_analysis_is_switched_off(release, strategy, key):
    after = turned(release, strategy, {"watched": 0, "limit": 5.0})
    assert getattr(after.strategies[strategy], key) is None


def test_an_analysis_is_switched_on_with_its_limit(release):
    after = turned(release, "blueGreen", {"watched": 1, "limit": 3.0, "interval": 20.0})
    metric = after.strategies["blueGreen"].post_promotion_analysis.metrics[0]
    assert (metric.failure_condition, metric.interval, metric.window) == ("result > 0.03", 20, 20)


def test_a_shadow_always_judges_its_copies(release):
    assert "watched" not in {knob.name for knob in KNOBS if knob.value(release, "shadow") is not None}
    analysis = turned(release, "shadow", {"limit": 20.0}).strategies["shadow"].analysis
    assert analysis.metrics[0].failure_condition == "result > 0.2"


def test_a_value_out_of_bounds_is_told_by_the_loader(release):
    with pytest.raises(sim.ScenarioError, match=r"spec.traffic.rate.* is 1e\+?09|must be"):
        turned(release, "canary", {"rate": 1e9})


def test_the_limit_of_an_analysis_between_steps(release):
    steps = [
        {"setWeight": 5},
        {"analysis": {"metric": "latencyP99", "successCondition": "result < 0.5"}},
        {"setWeight": 50},
    ]
    scenario = release.replace("spec.strategies.canary", {"steps": steps})
    assert values_of(scenario, "canary")["limit"] == 0.5
    after = turned(scenario, "canary", {"limit": 0.25})
    assert after.strategies["canary"].steps[1].analysis.metrics[0].success_condition == "result < 0.25"
    assert len(turned(scenario, "canary", {"watched": 0}).strategies["canary"].steps) == 2


def test_an_analysis_of_several_metrics_keeps_the_others(release):
    metrics = [
        {"metric": "errorRate", "failureCondition": "result > 0.01", "interval": 30},
        {"metric": "saturation", "failureCondition": "result > 0.9"},
    ]
    scenario = release.replace("spec.strategies.canary.analysis", {"metrics": metrics})
    after = turned(scenario, "canary", {"limit": 7.0}).strategies["canary"].analysis
    assert [metric.failure_condition for metric in after.metrics] == ["result > 0.07", "result > 0.9"]


def test_the_preview_analysis_of_a_blue_green_release_is_an_analysis(release):
    analysis = {"metric": "errorRate", "interval": 30, "count": 2, "failureCondition": "result > 0.04"}
    scenario = release.replace("spec.strategies.blueGreen.prePromotionAnalysis", analysis)
    assert (values_of(scenario, "blueGreen")["watched"], values_of(scenario, "blueGreen")["limit"]) == (1, 4)
    assert turned(scenario, "blueGreen", {"watched": 0}).strategies["blueGreen"].pre_promotion_analysis is None


def test_a_new_analysis_is_told_with_its_limit(release):
    values = {"watched": 1, "limit": 3.0, "interval": 30.0}
    assert changed(release, "blueGreen", values) == {"watched": 1, "limit": 3.0}


def test_a_condition_that_is_no_plain_number_has_no_knob(release):
    scenario = release.replace("spec.strategies.canary.analysis.failureCondition", "result > stable * 2")
    assert values_of(scenario, "canary")["limit"] is None


def test_a_seed_that_browsers_cannot_count_to_stays(release):
    assert values_of(release.replace("spec.seed", 2**60), "canary")["seed"] is None
