"""Argo Rollouts' own test cases for measurements, metrics and runs, through thin adapters."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest
import real_cases
from called import called, functions
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from small_world import run, scenario

from sim.judges import metric_status, phase, schedule, threshold
from sim.judges import run_status as run_status_module
from sim.judges.metric_status import Counters, Exceeded, Limits, effective_count, exceeded, metric_phase
from sim.judges.phase import FINAL, is_worse
from sim.judges.run_status import MetricState, is_terminating, run_status
from sim.judges.schedule import Last, due_at
from sim.judges.threshold import judge, measurement_phase
from sim.spec.analysis import AnalysisSpec
from sim.spec.condition import parse

FILE = real_cases.load("argo_analysis_verdict.json")
GROUPS = {
    "metric_status",
    "limit_reason",
    "run_status",
    "first_measurement",
    "error_counter",
    "measurement_due",
    "next_reconcile",
    "is_worse",
    "terminating",
    "measurement_phase",
    "metric_validation",
}
LIMITS = ("count", "failure_limit", "inconclusive_limit", "consecutive_error_limit", "consecutive_success_limit")
SNAKE = {
    "failureLimit": "failure_limit",
    "inconclusiveLimit": "inconclusive_limit",
    "consecutiveErrorLimit": "consecutive_error_limit",
}


def of_group(name: str) -> pytest.MarkDecorator:
    return real_cases.of_group(FILE, name)


def test_every_case_is_run() -> None:
    assert real_cases.groups(FILE) <= GROUPS


def limits_of(metric: dict[str, Any]) -> Limits:
    names = ("failure", "inconclusive", "consecutive_error", "consecutive_success")
    given = {name: metric[f"{name}_limit"] for name in names if metric.get(f"{name}_limit") is not None}
    return Limits(**given, count=effective_count(metric.get("count"), metric.get("interval_s")))


@of_group("measurement_phase")
def test_measurement_phase(case: dict[str, Any]) -> None:
    success, failure = case["in"]["success"], case["in"]["failure"]
    if "result" in case["in"]:
        result = case["in"]["result"]
        given = result if isinstance(result, list) else math.nan if result is None else float(result)
        phase = judge(*(None if text is None else parse(text) for text in (success, failure)), given).phase
    elif "error" in (success, failure):
        # A condition that cannot be evaluated: the first element of no data.
        broken = {"error": parse("result[0] >= 0.95"), True: parse("true"), False: parse("false"), None: None}
        phase = judge(broken[success], broken[failure], math.nan).phase
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
    assert {"phase": found.phase, **cause_of(found)} == case["expect"]


def cause_of(found: Exceeded) -> dict[str, Any]:
    return {"exceeded": SNAKE[found.limit], "counter": found.counter, "limit": found.allowed}


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
    expect = case["expect"]
    if "cause_metric" in expect:
        assert (status.cause and status.cause.name) == expect["cause_metric"]
    if expect.get("cause") is not None:
        assert status.cause is not None
        assert status.cause.exceeded is not None
        assert cause_of(status.cause.exceeded) == expect["cause"]
    if "metric_phases" in expect:
        assert {state.name: state.phase for state in states} == expect["metric_phases"]
    if "dry_run_summary" in expect:
        assert asdict(status.dry_run) == expect["dry_run_summary"]
    if "message" in expect:
        is_told = given.get("terminate_requested", False) and status.phase == "Successful"
        assert ("Run Terminated" if is_told else "") == expect["message"]


def assessed(metric: dict[str, Any], given: dict[str, Any], terminating: bool) -> MetricState:
    """Return the metric's state; ours takes a measurement at one instant, so one in flight ends as the case says."""
    name, is_tried = metric["name"], metric["dry_run"]
    counters, last = Counters(**metric["counters"]), metric["last_measurement"]
    if metric["phase"] in FINAL:
        return MetricState(name, metric["phase"], is_tried, exceeded=exceeded(Limits(), counters))
    if last == "Running":
        ended = given.get("in_flight_measurement_completes_as") or (
            given["stopped_measurement_phase"] if terminating else None
        )
        counters, last = (counters.after(ended), ended) if ended else (counters, last)
    phase = metric_phase(Limits(count=1), counters, last, terminating)
    limit = exceeded(Limits(), counters)
    return MetricState(name, phase, is_tried, exceeded=limit, was_measured=last is not None)


@of_group("first_measurement")
def test_first_measurement(case: dict[str, Any]) -> None:
    """A measurement is taken at one instant here, so that one in flight has come back as well."""
    metric, expect = case["in"]["metric"], case["expect"]
    if "provider" in metric and metric["provider"] is None:
        # What ends in an error there is refused here: a metric that says not what it measures.
        assert (is_valid([metric]), expect["run_phase"]) == (False, "Error")
        return
    counters = Counters().after(case["in"]["returned"])
    phase = metric_phase(limits_of(metric), counters, case["in"]["returned"], terminating=False)
    run = run_status([MetricState("it", phase, dry_run=False)])
    found = {"metric_phase": phase, "run_phase": run.phase, "measurements": counters.count + counters.error}
    assert found == {key: expect.get(key, value) for key, value in found.items()}


@of_group("metric_validation")
def test_metric_validation(case: dict[str, Any]) -> None:
    assert is_valid(case["in"]["metrics"]) == case["expect"]["valid"]


def is_valid(metrics: list[dict[str, Any]]) -> bool:
    try:
        AnalysisSpec.model_validate({"metrics": [written(metric, place) for place, metric in enumerate(metrics)]})
    except ValidationError:
        return False
    return True


def written(metric: dict[str, Any], place: int) -> dict[str, Any]:
    """Return a metric as a scenario says it; what a provider is there, the kind of metric is here."""
    names = {name: to_camel(name) for name in LIMITS}
    limits = {names[name]: metric[name] for name in LIMITS if metric.get(name) is not None}
    interval = {} if metric.get("interval_s") is None else {"interval": metric["interval_s"]}
    kind = {} if metric.get("provider", "") is None else {"metric": "errorRate"}
    return {"name": metric.get("name", f"m{place}"), "successCondition": "result < 1", **kind, **interval, **limits}


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


def test_a_running_analysis_decides_by_these_functions() -> None:
    metric = {"metric": "errorRate", "interval": 10, "successCondition": "result < 0.01"}
    analysis = {"metrics": [{**metric, "failureLimit": 1}, {**metric, "name": "tried"}], "dryRun": ["tried"]}
    strategy = {"type": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": 60}}], "analysis": analysis}
    release = scenario(strategy, mesh={}, new={"faults": [{"errorRate": "30%"}]})
    modules = (metric_status, phase, run_status_module, schedule, threshold)
    assert called(lambda: run(release), *modules) >= set().union(*map(functions, modules))
