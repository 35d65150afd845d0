"""Kayenta in a running world: when it judges, which values it compares, and what comes of the score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from releases import BAD, GOOD, decisions, world

from sim.cluster.analysis_run import AnalysisRun
from sim.cluster.clock import STRATEGY
from sim.cluster.series import Series
from sim.judges.kayenta import Rule, judge
from sim.record import Decision, Record
from sim.spec.analysis import AnalysisSpec

HALF = "canary: {steps: [{setWeight: 50}, {pause: {duration: 4m}}]}"
START = 20.0
ERRORS = {"metric": "errorRate", "interval": "5s"}


def judged(
    score: dict[str, Any], metrics: list[dict[str, Any]], version: str = BAD, *, inline: bool = False, **more: Any
) -> tuple[AnalysisRun, Record]:
    """Return an analysis by kayenta that started at START beside a canary of 50 %, and the record."""
    at_work, runs = world(HALF, version, "{scrapeInterval: 5s}"), []
    parsed = AnalysisSpec.model_validate({"judge": "kayenta", "score": score, "metrics": metrics, **more})
    at_work.env.call(START, STRATEGY, 0, lambda: runs.append(AnalysisRun(at_work, parsed, "probe", inline=inline)))
    record = at_work.run()
    return runs[0], record


def looks(record: Record, metric: str) -> list[Decision]:
    return [look for look in decisions(record, "probe") if look.metric == metric]


def test_it_judges_after_each_interval_on_the_values_so_far() -> None:
    probe, record = judged({"interval": "1m", "count": 3}, [ERRORS], GOOD)
    scores = looks(record, "score")
    assert [(look.at_seconds - START, look.value, look.verdict) for look in scores] == [
        (60.0, 1.0, "pass"),
        (120.0, 1.0, "pass"),
        (180.0, 1.0, "pass"),
    ]
    assert [look.samples for look in looks(record, "errorRate")] == [12, 24, 36]
    assert probe.phase == "Successful"


def test_a_lookback_compares_the_last_values_only() -> None:
    _, record = judged({"interval": "1m", "count": 2, "lookback": "40s"}, [ERRORS], GOOD)
    assert [look.samples for look in looks(record, "errorRate")] == [8, 8]


def test_the_series_begin_after_the_initial_delay() -> None:
    _, record = judged({"interval": "1m", "initialDelay": "30s", "count": 1}, [ERRORS], GOOD)
    assert [(look.at_seconds - START, look.samples) for look in looks(record, "errorRate")] == [(90.0, 12)]


def test_a_bad_version_is_high_and_fails() -> None:
    probe, record = judged({"interval": "1m"}, [{**ERRORS, "kayenta": {"direction": "increase"}}])
    assert probe.phase == "Failed"
    assert probe.message == "score failed once, failureLimit is 0: errorRate is high"
    look = looks(record, "errorRate")[0]
    assert (look.verdict, look.value > look.threshold, look.low < look.value < look.high) == ("fail", True, True)
    assert record.detections[0] == START + 60


def test_the_values_are_those_of_the_windows_up_to_each_scrape() -> None:
    _, record = judged({"interval": "1m", "count": 1}, [ERRORS])
    answers, look = record.answers, looks(record, "errorRate")[0]
    canary, stable = (
        np.array([failed_share(answers, version, START + 5.0 * k) for k in range(1, 13)]) for version in (1, 0)
    )
    assert (look.value, look.threshold) == (pytest.approx(canary.mean()), pytest.approx(stable.mean()))
    found = judge(canary, stable, Rule())
    assert (look.low, look.high) == pytest.approx((stable.mean() + found.shift.low, stable.mean() + found.shift.high))


def failed_share(answers: Any, version: int, end: float) -> float:
    rows = (answers.finish > end - 5.0) & (answers.finish <= end) & (answers.version == version)
    return float(np.mean(answers.status[rows] >= 500))


def test_a_metric_in_dry_run_is_shown_and_does_not_count() -> None:
    metrics = [{**ERRORS, "name": "muted"}, {"metric": "latencyP50", "interval": "5s"}]
    probe, record = judged({"interval": "1m", "count": 1}, metrics, dryRun=["muted"])
    assert (looks(record, "muted")[0].verdict, probe.phase) == ("fail", "Successful")


def test_a_critical_metric_makes_the_score_0_whatever_the_weights() -> None:
    critical = {**ERRORS, "kayenta": {"critical": True, "groups": ["errors"]}}
    metrics = [critical, {"metric": "latencyP50", "interval": "5s", "kayenta": {"groups": ["latency"]}}]
    _, record = judged({"interval": "1m", "groupWeights": {"latency": 99}}, metrics)
    assert looks(record, "score")[0].value == 0.0


def test_between_the_marks_it_is_inconclusive() -> None:
    metrics = [{**ERRORS, "kayenta": {"groups": ["errors"]}}, {"metric": "latencyP50", "interval": "5s"}]
    probe, record = judged({"interval": "1m", "pass": 90, "marginal": 60, "groupWeights": {"errors": 30}}, metrics)
    assert (looks(record, "score")[0].value, probe.phase) == (0.7, "Inconclusive")


def test_failures_up_to_the_limit_are_tolerated() -> None:
    probe, record = judged({"interval": "30s", "failureLimit": 2}, [ERRORS])
    assert (len(looks(record, "score")), probe.phase) == (3, "Failed")


def test_somebody_waits_for_an_inline_one_so_it_judges_once() -> None:
    probe, record = judged({"interval": "1m"}, [ERRORS], GOOD, inline=True)
    assert (len(looks(record, "score")), probe.phase) == (1, "Successful")


def test_without_values_the_score_is_0() -> None:
    """The old version still has values; the new one has too few samples for any."""
    probe, record = judged({"interval": "1m"}, [{**ERRORS, "minimumSamples": 100_000}], GOOD)
    assert (looks(record, "errorRate")[0].verdict, probe.phase) == ("error", "Failed")
    assert probe.message.endswith("1 of 1 metrics have no data")


def test_a_value_with_too_few_samples_is_missing() -> None:
    at_work = world(HALF, GOOD, "{scrapeInterval: 5s}")
    spec = AnalysisSpec.model_validate({"judge": "kayenta", "metrics": [ERRORS]}).metrics[0]
    series, seen = Series(at_work, spec, (1,), began_at=-30.0), []
    at_work.env.call(290.0, STRATEGY, 0, lambda: seen.append(series.values()))
    at_work.run()
    (values,) = seen
    assert math.isnan(values[0])
    assert not math.isnan(values[-1])


def test_conversion_is_compared_by_first_answers() -> None:
    metrics = [{"metric": "conversion", "interval": "10s", "kayenta": {"direction": "decrease"}}]
    _, record = judged({"interval": "1m", "count": 1}, metrics, GOOD)
    assert looks(record, "conversion")[0].samples > 0
