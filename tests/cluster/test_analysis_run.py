"""An analysis in a running world: when it measures, what it sees, how it ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from releases import BAD, GOOD, decisions, run, told, world

from sim.cluster.analysis_run import AnalysisRun
from sim.cluster.clock import STRATEGY
from sim.record import Decision, Record
from sim.spec.analysis import AnalysisSpec

HALF = "canary: {steps: [{setWeight: 50}, {pause: {duration: 4m}}]}"
START = 20.0


def analysed(
    spec: dict[str, Any], version: str = BAD, *, inline: bool = False, **more: Any
) -> tuple[AnalysisRun, Record]:
    """Return an analysis that started at START beside a canary of 50 %, and the record."""
    monitoring = more.pop("monitoring", "{scrapeInterval: 5s}")
    at_work, runs = world(HALF, version, monitoring, **more), []
    parsed = AnalysisSpec.model_validate(spec)
    at_work.env.call(START, STRATEGY, 0, lambda: runs.append(AnalysisRun(at_work, parsed, "probe", inline=inline)))
    record = at_work.run()
    return runs[0], record


def looks(record: Record) -> list[Decision]:
    return decisions(record, "probe")


def moments(record: Record) -> list[float]:
    return [look.at_seconds - START for look in looks(record)]


def test_it_measures_after_the_initial_delay_and_then_every_interval() -> None:
    spec = {
        "metric": "errorRate",
        "interval": "20s",
        "initialDelay": "15s",
        "count": 3,
        "failureCondition": "result > 1",
    }
    probe, record = analysed(spec)
    assert (moments(record), probe.phase) == ([15.0, 35.0, 55.0], "Successful")


def test_without_interval_it_measures_once() -> None:
    probe, record = analysed({"metric": "errorRate", "failureCondition": "result > 1"})
    assert (moments(record), probe.phase) == ([0.0], "Successful")


def test_in_the_background_it_goes_on_until_it_is_stopped() -> None:
    probe, record = analysed({"metric": "errorRate", "interval": "1m", "failureCondition": "result > 1"})
    assert (moments(record), probe.phase) == ([0.0, 60.0, 120.0, 180.0, 240.0], "Running")


def test_somebody_waits_for_an_inline_one_so_it_ends() -> None:
    spec = {"metric": "errorRate", "interval": "1m", "failureCondition": "result > 1"}
    assert analysed(spec, inline=True)[0].phase == "Successful"


def test_it_fails_when_failures_exceed_the_limit() -> None:
    spec = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "failureLimit": 2}
    probe, record = analysed(spec)
    assert (moments(record), probe.phase) == ([0.0, 10.0, 20.0], "Failed")
    assert probe.message == "errorRate failed 3 times, failureLimit is 2"
    assert told(record, "analysis", "failed") == [(START + 20, f"The probe ended: Failed, {probe.message}.")]


def test_a_measurement_is_a_row_of_the_record() -> None:
    _, record = analysed({"metric": "errorRate", "interval": "30s", "count": 2, "failureCondition": "result > 0.05"})
    look = looks(record)[-1]
    rows = (record.answers.finish > 20.0 - 30.0) & (record.answers.finish <= 20.0) & (record.answers.version == 1)
    assert look.samples == np.count_nonzero(rows)
    assert look.value == np.mean(record.answers.status[rows] >= 500)
    assert look.low < look.value < look.high
    assert (look.metric, look.threshold, look.verdict) == ("errorRate", 0.05, "fail")
    assert look.reason.startswith("errorRate of the new version over 30s is ")


def test_it_knows_only_what_was_scraped() -> None:
    spec = {"metric": "errorRate", "initialDelay": "9s", "failureCondition": "result > 1"}
    _, record = analysed(spec, monitoring="{scrapeInterval: 15s}")
    # At 29 s the last scrape was at 15 s.
    rows = (record.answers.finish > 15.0 - 60.0) & (record.answers.finish <= 15.0) & (record.answers.version == 1)
    assert looks(record)[0].samples == np.count_nonzero(rows)


def test_no_data_is_tried_again_soon_and_ends_in_error() -> None:
    spec = {"metric": "errorRate", "segment": "nobody", "interval": "1m", "failureCondition": "result > 0.05"}
    probe, record = analysed(spec, **{"users.segments": {"nobody": {"count": 0}}})
    assert moments(record) == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert {look.verdict for look in looks(record)} == {"error"}
    assert (probe.phase, probe.message) == (
        "Error",
        "errorRate was an error 5 times in a row, consecutiveErrorLimit is 4",
    )
    assert all(math.isnan(look.value) and look.samples == 0 for look in looks(record))


def test_a_condition_may_take_no_data_as_good() -> None:
    spec = {"metric": "errorRate", "segment": "nobody", "successCondition": "isNaN(result) || result < 0.05"}
    assert analysed(spec, **{"users.segments": {"nobody": {"count": 0}}})[0].phase == "Successful"


def test_too_few_samples_are_no_data() -> None:
    spec = {"metric": "errorRate", "failureCondition": "result > 0.05", "minimumSamples": 100_000}
    probe, record = analysed(spec)
    assert (probe.phase, looks(record)[0].verdict) == ("Error", "error")
    assert "at least 100000 needed" in looks(record)[0].reason


def test_neither_condition_is_inconclusive() -> None:
    spec = {"metric": "errorRate", "successCondition": "result < 0.01", "failureCondition": "result > 0.9"}
    probe, record = analysed(spec)
    assert (probe.phase, looks(record)[0].verdict) == ("Inconclusive", "inconclusive")
    assert probe.message == "errorRate was inconclusive once, inconclusiveLimit is 0"


def test_a_dry_run_measures_and_does_not_decide() -> None:
    metric = {"metric": "errorRate", "failureCondition": "result > 0.05"}
    spec = {
        "metrics": [metric, {**metric, "name": "other", "failureCondition": "result > 0.9"}],
        "dryRun": ["errorRate"],
    }
    probe, record = analysed(spec)
    assert (probe.phase, record.detections) == ("Successful", ())
    assert [look.verdict for look in looks(record)] == ["fail", "pass"]
    [(_, sentence)] = [(at, said) for at, said in told(record, "analysis", "successful") if "probe" in said]
    assert sentence == "The probe ended: Successful (1 tried in a dry run: 1 failed)."


ONE_BAD_POD = "{faults: [{errorRate: 60%, pods: 1}]}"


def test_by_pod_it_sees_the_pods_that_the_mean_hides() -> None:
    mean = {"metric": "errorRate", "failureCondition": "result > 0.3"}
    by_pod = {"name": "pods", "metric": "errorRate", "by": "pod", "failureCondition": "any(result, # > 0.3)"}
    record = analysed({"metrics": [mean, by_pod]}, ONE_BAD_POD)[1]
    assert [look.verdict for look in looks(record)] == ["pass", "fail"]
    assert looks(record)[1].value == pytest.approx(0.6, abs=0.15)
    assert looks(record)[1].threshold == 0.3
    assert "at worst, of 3 pods" in looks(record)[1].reason


def test_by_segment_it_sees_the_users_that_the_mean_hides() -> None:
    version = "{faults: [{errorRate: 50%, segment: testers}]}"
    by_segment = {
        "name": "segments",
        "metric": "errorRate",
        "by": "segment",
        "successCondition": "all(result, # < 0.3)",
    }
    mean = {"metric": "errorRate", "failureCondition": "result > 0.3"}
    record = analysed({"metrics": [mean, by_segment]}, version)[1]
    assert [look.verdict for look in looks(record)] == ["pass", "fail"]
    assert "at worst, of 2 segments" in looks(record)[1].reason


def test_a_pod_with_too_few_samples_is_not_in_the_list() -> None:
    spec = {"metric": "errorRate", "by": "pod", "minimumSamples": 10_000, "successCondition": "len(result) == 0"}
    probe, record = analysed(spec)
    assert (probe.phase, math.isnan(looks(record)[0].value)) == ("Successful", True)


def test_one_value_may_be_written_as_a_list_of_one() -> None:
    texts = ("result < 0.5", "result[0] < 0.5", "all(result, # < 0.5)", "len(result) == 1 && max(result) < 0.5")
    metrics = [{"name": text, "metric": "errorRate", "successCondition": text} for text in texts]
    record = analysed({"metrics": metrics})[1]
    assert {(look.verdict, look.value, look.threshold) for look in looks(record)[:3]} == {
        ("pass", looks(record)[0].value, 0.5)
    }
    assert looks(record)[3].verdict == "pass"


def test_without_a_failure_limit_only_a_streak_of_successes_ends_it() -> None:
    spec = {
        "metric": "errorRate",
        "interval": "10s",
        "count": 0,
        "successCondition": "result > 0",
        "failureCondition": "result > 0.1",
        "failureLimit": -1,
        "consecutiveSuccessLimit": 3,
    }
    probe, record = analysed(spec)
    assert (probe.phase, {look.verdict for look in looks(record)}) == ("Running", {"fail"})
    assert len(looks(record)) > 20


def test_one_bad_metric_ends_the_others() -> None:
    bad = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "failureLimit": 1}
    good = {"metric": "latencyP50", "interval": "10s", "failureCondition": "result > 9"}
    probe, record = analysed({"metrics": [bad, good]})
    assert (probe.phase, len(looks(record))) == ("Failed", 4)


def test_successes_in_a_row_end_it_well() -> None:
    spec = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "consecutiveSuccessLimit": 3}
    probe, record = analysed(spec, GOOD)
    assert (probe.phase, moments(record)) == ("Successful", [0.0, 10.0, 20.0])


def test_the_first_failed_measurement_is_a_detection() -> None:
    spec = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "failureLimit": 1}
    assert analysed(spec)[1].detections == (START, START + 10)


def test_stopping_takes_what_was_seen_so_far() -> None:
    at_work, runs = world(HALF, BAD), []
    spec = AnalysisSpec.model_validate(
        {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.05", "failureLimit": 9}
    )
    at_work.env.call(START, STRATEGY, 0, lambda: runs.append(AnalysisRun(at_work, spec, "probe", inline=False)))
    at_work.env.call(START + 25, STRATEGY, 0, lambda: runs[0].stop())
    record = at_work.run()
    assert (runs[0].phase, moments(record)) == ("Successful", [0.0, 10.0, 20.0])


@pytest.mark.parametrize("metric", ["latencyP50", "latencyP99", "saturation", "conversion"])
def test_every_metric_can_be_compared_with_the_stable_version(metric: str) -> None:
    spec = {"metric": metric, "initialDelay": "1m", "failureCondition": "result > 3 * stable"}
    _, record = analysed(spec, GOOD)
    (look,) = looks(record)
    assert (look.verdict, look.samples > 0) == ("pass", True)
    assert look.threshold > 0


def test_a_slow_version_is_told_by_its_latency() -> None:
    spec = {"metric": "latencyP99", "initialDelay": "1m", "failureCondition": "result > 2 * stable"}
    _, record = analysed(spec, "{faults: [{latencyFactor: 3}]}")
    (look,) = looks(record)
    assert look.verdict == "fail"
    assert look.value == pytest.approx(0.06, abs=0.03)
    assert look.reason.startswith("latencyP99 of the new version over 1m is 0.0")


def test_saturation_is_the_load_over_the_workers() -> None:
    spec = {"metric": "saturation", "version": "all", "initialDelay": "1m", "failureCondition": "result > 1"}
    _, record = analysed(spec, GOOD)
    # 50 rps x 20 ms are one busy worker; 5 + 3 pods of 2 workers.
    assert looks(record)[0].value == pytest.approx(1 / 16, rel=0.1)


def test_conversion_is_of_users_that_the_version_met_first() -> None:
    spec = {
        "metric": "conversion",
        "version": "stable",
        "initialDelay": "2m",
        "window": "2m",
        "failureCondition": "result > 1",
    }
    _, record = analysed(spec, GOOD)
    assert looks(record)[0].low < 0.2 < looks(record)[0].high


def test_history_before_the_warm_up_is_the_stable_versions() -> None:
    spec = {"metric": "errorRate", "version": "stable", "window": "10m", "failureCondition": "result > 1"}
    _, steady = analysed(spec, GOOD)
    _, none = analysed(spec, GOOD, monitoring="{scrapeInterval: 5s, history: none}")
    # The window reaches from -580 s to 20 s; the warm-up began at -60 s.
    assert looks(steady)[0].samples - looks(none)[0].samples == 520 * 50


def test_a_failed_background_analysis_undoes_the_canary() -> None:
    analysis = "analysis: {metric: errorRate, interval: 10s, failureCondition: result > 0.05, failureLimit: 1}"
    record = run(f"canary: {{steps: [{{setWeight: 20}}, {{pause: {{duration: 4m}}}}], {analysis}}}", BAD)
    assert record.outcome == "rolled_back"
    assert record.outcome_reason == "Analysis: errorRate failed twice, failureLimit is 1."
    assert record.routes[-1].at_seconds == decisions(record, "analysis")[-1].at_seconds


def test_an_inconclusive_analysis_waits_for_a_person() -> None:
    analysis = "analysis: {metric: errorRate, successCondition: result < 0.01, failureCondition: result > 0.9}"
    steps = f"steps: [{{setWeight: 20}}, {{pause: {{duration: 20s}}}}, {{{analysis}}}]"
    assert run(f"canary: {{{steps}}}", BAD).outcome == "paused"
    approved = run(f"canary: {{{steps}}}", BAD, "{scrapeInterval: 5s, approver: {reaction: 30s}}")
    assert approved.outcome == "promoted"
    assert told(approved, "person", "approve")
