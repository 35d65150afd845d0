"""Argo Rollouts' own test cases for measurements, metrics and runs, through thin adapters."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sim.judges.metric_status import Counters, Limits, effective_count, exceeded, metric_phase
from sim.judges.phase import FINAL, is_worse
from sim.judges.run_status import MetricState, is_terminating, run_status
from sim.judges.schedule import Last, due_at
from sim.judges.threshold import judge, measurement_phase
from sim.spec.condition import parse

CASES = json.loads((Path(__file__).parent / "cases" / "argo_analysis_verdict.json").read_text())["cases"]


def of_group(name: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case["group"] == name]
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def limits_of(metric: dict[str, Any]) -> Limits:
    names = ("failure", "inconclusive", "consecutive_error", "consecutive_success")
    given = {name: metric[f"{name}_limit"] for name in names if metric.get(f"{name}_limit") is not None}
    return Limits(**given, count=effective_count(metric.get("count"), metric.get("interval_s")))


@of_group("measurement_phase")
def test_measurement_phase(case: dict[str, Any]) -> None:
    success, failure = case["in"]["success"], case["in"]["failure"]
    if "result" in case["in"] or "error" in (success, failure):
        # A condition that cannot be evaluated: the first element of no data.
        broken = parse("result[0] >= 0.95")
        phase = judge(broken if isinstance(success, str) else None, broken if failure else None, math.nan).phase
    else:
        phase = measurement_phase(success, failure)
    assert phase == case["expect"]["phase"]


@of_group("metric_status")
def test_metric_status(case: dict[str, Any]) -> None:
    given = case["in"]
    last = given["measurements"][-1] if given["measurements"] else None
    phase = metric_phase(limits_of(given["metric"]), Counters(**given["result"]), last, given["terminating"])
    assert phase == case["expect"]["phase"]


@of_group("limit_reason")
def test_limit_reason(case: dict[str, Any]) -> None:
    found = exceeded(limits_of(case["in"]["metric"]), Counters(**case["in"]["result"]))
    assert found is not None
    assert (found.phase, found.counter, found.allowed) == tuple(
        case["expect"][key] for key in ("phase", "counter", "limit")
    )


@of_group("error_counter")
def test_error_counter(case: dict[str, Any]) -> None:
    after = Counters(**case["in"]["result"]).after(case["in"]["returned"])
    assert after == Counters(**case["expect"]["result"])


@of_group("is_worse")
def test_is_worse(case: dict[str, Any]) -> None:
    assert is_worse(case["in"]["new"], case["in"]["current"]) is case["expect"]["worse"]


@of_group("terminating")
def test_terminating(case: dict[str, Any]) -> None:
    metrics = [MetricState("", metric["phase"], metric["dry_run"]) for metric in case["in"]["metrics"]]
    assert is_terminating(metrics, case["in"]["terminate_requested"]) is case["expect"]["terminating"]


@of_group("run_status")
def test_run_status(case: dict[str, Any]) -> None:
    """Each metric is assessed, then again once it is known whether the run is terminating, then the run is."""
    given = case["in"]
    states = [assessed(metric, given, terminating=False) for metric in given["metrics"]]
    terminating = is_terminating(states, given.get("terminate_requested", False))
    states = [assessed(metric, given, terminating) for metric in given["metrics"]]
    status = run_status(states)
    assert status.phase == case["expect"]["phase"]
    if "cause_metric" in case["expect"]:
        assert (status.cause and status.cause.name) == case["expect"]["cause_metric"]
    if "metric_phases" in case["expect"]:
        assert {state.name: state.phase for state in states} == case["expect"]["metric_phases"]


def assessed(metric: dict[str, Any], given: dict[str, Any], terminating: bool) -> MetricState:
    """Return the metric's state; ours takes a measurement at one instant, so one in flight ends as the case says."""
    if metric["phase"] in FINAL:
        return MetricState(metric["name"], metric["phase"], metric["dry_run"])
    counters, last = Counters(**metric["counters"]), metric["last_measurement"]
    if last == "Running":
        ended = given.get("in_flight_measurement_completes_as") or (
            given["stopped_measurement_phase"] if terminating else None
        )
        counters, last = (counters.after(ended), ended) if ended else (counters, last)
    phase = metric_phase(Limits(count=1), counters, last, terminating)
    return MetricState(metric["name"], phase, metric["dry_run"])


@of_group("measurement_due")
def test_measurement_due(case: dict[str, Any]) -> None:
    """A measurement in flight does not exist here: those rows are left to Argo."""
    metrics = [metric for metric in case["in"]["metrics"] if not in_flight(metric)]
    due = [
        metric["name"]
        for metric in metrics
        if (at := moment(metric, case["in"]["run_started_s"])) is not None and at <= 0
    ]
    assert due == [name for name in case["expect"]["due"] if name not in case["expect"]["resume"]]


@of_group("next_reconcile")
def test_next_measurement(case: dict[str, Any]) -> None:
    moments = [
        moment(metric, case["in"]["run_started_s"]) for metric in case["in"]["metrics"] if metric["phase"] not in FINAL
    ]
    assert min((at for at in moments if at is not None), default=None) == case["expect"]["next_s"]


def in_flight(metric: dict[str, Any]) -> bool:
    return any(measurement["finished_s"] is None for measurement in metric["measurements"])


def moment(metric: dict[str, Any], run_started: float | None) -> float | None:
    """Return when the metric is measured next, in seconds from now; a run without a start starts now."""
    last = (
        Last(metric["measurements"][-1]["finished_s"], metric["measurements"][-1]["phase"])
        if metric["measurements"]
        else None
    )
    return due_at(run_started or 0.0, metric["initial_delay_s"] or 0.0, metric["interval_s"], last)
