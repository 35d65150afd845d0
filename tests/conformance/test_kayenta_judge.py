"""Kayenta's own test cases for its judge, through thin adapters."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import real_cases
from called import called, functions
from small_world import run, scenario

from sim.judges import effect_size, kayenta, mann_whitney, outliers, sample_summary, score
from sim.judges.kayenta import Rule, classify, classify_by_mean
from sim.judges.mann_whitney import Sample, location_shift, normal_quantile, rank_sum_z
from sim.judges.sample_summary import summary
from sim.judges.score import Classified, canary_score

FILE = real_cases.load("kayenta_judge.json")
MEASURES = {"mean_ratio": "meanRatio", "cles": "cles"}
NAN = math.nan


def of_group(name: str) -> pytest.MarkDecorator:
    return real_cases.of_group(FILE, name)


def sample(values: Any) -> Sample:
    if isinstance(values, str):
        values = FILE["samples"][values.removeprefix("samples:")]
    return np.array([NAN if value is None else value for value in values], dtype=np.float64)


def number(value: Any) -> float:
    return NAN if value == "nan" else value


def test_every_case_is_run() -> None:
    assert real_cases.groups(FILE) <= {
        "classify",
        "classify_mean",
        "clean",
        "effect_size",
        "interval",
        "normal_quantile",
        "outliers",
        "percentile",
        "rank_sum_z",
        "score",
        "summary",
    }


@of_group("classify")
def test_classify(case: dict[str, Any]) -> None:
    given, expected = case["in"], case["expect"]
    rule = Rule(
        direction=given["direction"],
        measure=MEASURES[given["effect_size"]],  # type: ignore[arg-type]
        allowed=tuple(given["effect_size_thresholds"]),
        critical=tuple(given["critical_thresholds"]),
        is_critical=given["critical_metric"],
        must_have_data=given.get("must_have_data", False),
        replaces_missing=given["nan_strategy"] == "replace",
        tolerance=given["tolerance"],
        confidence=given["confidence"],
    )
    found = classify(sample(given["experiment"]), sample(given["control"]), rule)
    if "classification" in expected:
        assert found.label == expected["classification"]
    if "critical" in expected:
        assert found.critical is expected["critical"]
    if "deviation" in expected:
        assert found.deviation == pytest.approx(number(expected["deviation"]), nan_ok=True)
    if "has_reason" in expected:
        assert bool(found.reason) is expected["has_reason"]


@of_group("classify_mean")
def test_classify_by_mean(case: dict[str, Any]) -> None:
    given = case["in"]
    label = classify_by_mean(sample(given["experiment"]), sample(given["control"]), given["direction"])
    assert label == case["expect"]["classification"]


@of_group("interval")
def test_interval(case: dict[str, Any]) -> None:
    """The root finder is R's own, so that the narrow tolerances hold."""
    given, expected = case["in"], case["expect"]
    found = location_shift(sample(given["experiment"]), sample(given["control"]), given["confidence"])
    assert (found.low, found.high) == pytest.approx((expected["low"], expected["high"]), abs=expected["tolerance"])
    assert found.estimate == pytest.approx(expected["estimate"], abs=expected["estimate_tolerance"])


@of_group("rank_sum_z")
def test_rank_sum_z(case: dict[str, Any]) -> None:
    given, expected = case["in"], case["expect"]
    found = rank_sum_z(sample(given["x"]), sample(given["y"]), given["shift"], given["quantile"])
    assert found == pytest.approx(expected["z"], abs=expected["tolerance"])


@of_group("normal_quantile")
def test_normal_quantile(case: dict[str, Any]) -> None:
    assert normal_quantile(case["in"]["p"]) == pytest.approx(case["expect"]["z"], abs=case["expect"]["tolerance"])


@of_group("score")
def test_score(case: dict[str, Any]) -> None:
    given, expected = case["in"], case["expect"]
    metrics = [
        Classified(metric["classification"], (metric["group"],), metric["critical"]) for metric in given["metrics"]
    ]
    score = canary_score(metrics, given["group_weights"])
    assert score.value == expected["score"]
    if "group_scores" in expected:
        assert sorted(group.score for group in score.groups) == expected["group_scores"]


@of_group("outliers")
def test_outliers(case: dict[str, Any]) -> None:
    assert np.flatnonzero(flagged(case["in"])).tolist() == case["expect"]["outlier"]


def flagged(given: dict[str, Any]) -> outliers.Flags:
    data = sample(given["data"])
    return outliers.k_sigma(data, given["k"]) if given["method"] == "k_sigma" else outliers.tukey(data, given["factor"])


@of_group("clean")
def test_clean(case: dict[str, Any]) -> None:
    given = case["in"]
    data = sample(given["data"])
    if given["op"] == "remove_nan":
        found = outliers.without_nan(data)
    elif given["op"] == "replace_nan":
        found = outliers.with_nan_as(data, given["value"])
    else:
        found = data[~flagged(given)]
    assert found.tolist() == case["expect"]["data"]


@of_group("summary")
def test_summary(case: dict[str, Any]) -> None:
    expected = dict(case["expect"])
    tolerance = expected.pop("tolerance")
    found = asdict(summary(sample(case["in"]["data"])))
    assert found.pop("std") == pytest.approx(expected.pop("std"), abs=tolerance)
    assert found == expected


@of_group("percentile")
def test_percentile(case: dict[str, Any]) -> None:
    found = outliers.percentile(sample(case["in"]["data"]), case["in"]["p"])
    assert found == pytest.approx(case["expect"]["value"], abs=case["expect"]["tolerance"])


@of_group("effect_size")
def test_effect_size(case: dict[str, Any]) -> None:
    given, expected = case["in"], case["expect"]
    measure = getattr(effect_size, given["kind"])
    found = measure(sample(given["experiment"]), sample(given["control"]))
    assert found == pytest.approx(number(expected["value"]), abs=expected["tolerance"], nan_ok=True)


def test_a_running_analysis_decides_by_these_functions() -> None:
    """`judge` is the same in one step, from series to class, for who has both at hand."""
    several = [
        {"effectSize": {"measure": "cles"}, "outliers": {"strategy": "remove"}},
        {"effectSize": {"measure": "cohenD"}, "outliers": {"strategy": "remove", "method": "kSigma"}},
        {"nanStrategy": "replace", "critical": True},
        {"classifier": "meanInequality"},
    ]
    metrics = [
        {"name": f"m{place}", "metric": "latencyP50", "interval": 5, "kayenta": {"direction": "increase", **settings}}
        for place, settings in enumerate(several)
    ]
    missing = {"name": "none", "metric": "errorRate", "interval": 5, "minimumSamples": 100_000}
    analysis = {"judge": "kayenta", "score": {"interval": 60}, "metrics": [*metrics, missing]}
    strategy = {"type": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": 100}}], "analysis": analysis}
    slow, good = ({"faults": [{"latencyFactor": factor}]} for factor in (3, 1.01))
    releases = [scenario(strategy, mesh={}, new=new, latency=SPREAD) for new in (slow, good)]
    modules = (kayenta, effect_size, mann_whitney, outliers, sample_summary, score)
    found = called(lambda: [run(each) for each in releases], *modules)
    assert found >= set().union(*map(functions, modules)) - {"judge"}


SPREAD = {"distribution": "lognormal", "median": "20ms", "p99": "60ms"}
