from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from small import STRATEGIES, small

from sim.errors import BudgetError, UsageError
from sim.fields import FIELDS
from sim.record import Record
from sim.run import Run, simulate
from sim.scenario import Scenario
from sim.summary import clock


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return small()


@pytest.fixture(scope="module")
def canary(scenario: Scenario) -> Run:
    return simulate(scenario, "canary")


def columns(record: Record) -> dict[str, Any]:
    """Return the record as plain values; nan is told as text, so that it equals itself."""
    plain = {name: value for name, value in vars(record).items() if name not in ("engine", "provenance", "requests")}
    for name in ("answers", "samples"):
        plain[name] = {column: values.tobytes() for column, values in vars(plain[name]).items()}
    for name in ("pods", "pod_changes", "routes", "events", "decisions", "ejections"):
        plain[name] = [_told(dataclasses.asdict(row)) for row in plain[name]]
    return _told(plain)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {key: "nan" if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_both_engines_leave_the_same_record(scenario: Scenario, strategy: str) -> None:
    compiled, reference = (simulate(scenario, strategy, engine=engine) for engine in ("compiled", "reference"))
    assert columns(reference.record) == columns(compiled.record)
    assert reference.summary() == compiled.summary()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_field_is_told_as_a_plain_value(scenario: Scenario, strategy: str) -> None:
    found = simulate(scenario, strategy).summary()
    assert list(found) == list(FIELDS)
    assert {type(value) for value in found.values()} <= {int, float, str, type(None)}
    assert all(not isinstance(value, float) or math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_frames_count_what_the_summary_counts(scenario: Scenario, strategy: str) -> None:
    run = simulate(scenario, strategy)
    found, rows = run.summary(), run.requests
    public = rows[rows["segment"] != "testers"]
    assert len(public) == found["offered_requests"]
    assert (public["status"] >= 500).sum() == found["error_requests"]
    assert (public["reason"] == "slow").sum() == found["slow_requests"]
    assert public["attempts"].sum() == found["attempts"]
    assert (public["version"] == "v2").sum() == found["exposed_requests"]
    assert public.loc[public["version"] == "v2", "user"].nunique() == found["exposed_users"]
    windows = run.windows
    assert (windows["requests"] - windows["mirrored"]).sum() == len(rows)
    assert bool(windows["mirrored"].any()) is (strategy == "shadow")
    assert {"shop"} == set(windows["service"]) - {""}


def test_a_run_says_how_many_requests_were_served_without_the_event_heap(scenario: Scenario) -> None:
    plain = scenario.replace("spec.mesh", {"loadBalancer": "random"})
    expected = {"compiled": str(len(simulate(plain, "blueGreen").record.requests.arrival)), "reference": "0"}
    for engine, foreseen in expected.items():
        assert simulate(plain, "blueGreen", engine=engine).record.provenance["foreseen_requests"] == foreseen
    assert simulate(scenario, "blueGreen").record.provenance["foreseen_requests"] == "0"


def test_no_release_against_its_twin_is_exactly_zero(scenario: Scenario) -> None:
    run = simulate(scenario, "none")
    found = run.summary()
    differences = [name for name in FIELDS if name.startswith("excess_") or name.endswith("_failures")]
    differences += ["users_affected", "user_minutes_degraded", "exposed_requests", "extra_pod_minutes"]
    assert {name: found[name] for name in differences} == dict.fromkeys(differences, 0)
    twin = run.none.record.answers
    assert {name: getattr(twin, name).tobytes() for name in vars(twin)} == {
        name: values.tobytes() for name, values in vars(run.record.answers).items()
    }


def test_a_plain_scenario_is_its_own_twin(scenario: Scenario) -> None:
    run = simulate(scenario.without_release())
    assert run.none is run
    assert run.good is run
    assert run.summary()["excess_failed_requests"] == 0
    assert run.windows["version"].unique().tolist() == ["v1"]


def test_frames_and_twins_are_made_once(canary: Run) -> None:
    assert canary.windows is canary.windows
    assert canary.none is canary.none
    assert canary.good.none.record.requests is canary.record.requests


def test_a_summary_is_the_caller_s_to_change(canary: Run) -> None:
    canary.summary().clear()
    assert list(canary.summary()) == list(FIELDS)


def test_a_run_is_told_in_words(canary: Run) -> None:
    found = canary.summary()
    assert canary.in_words().startswith(f"canary promoted the new version after {clock(found['rollout_seconds'])}: ")
    assert canary.in_words().endswith(f"which hurt {found['users_affected']} users (60.5 %).")


def test_the_seed_is_the_scenario_s_unless_given(scenario: Scenario, canary: Run) -> None:
    assert canary.record.seed == 3
    other = simulate(scenario, "canary", seed=4)
    assert not np.array_equal(other.record.requests.arrival[:5], canary.record.requests.arrival[:5])
    again = simulate(scenario, "canary", seed=4, replication=1)
    assert not np.array_equal(again.record.requests.arrival[:5], other.record.requests.arrival[:5])


def test_an_unknown_strategy_is_told_with_the_nearest_name(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match=r"small has no strategy 'canry'; did you mean 'canary'\? known: recreate, "):
        simulate(scenario, "canry")


def test_one_of_several_strategies_must_be_named(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="small has several strategies; choose one of recreate, "):
        simulate(scenario)


def test_an_unknown_engine_is_refused(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="there is no engine 'fast'; there are compiled and reference"):
        simulate(scenario, "canary", engine="fast")  # type: ignore[arg-type]


def test_a_run_over_the_budget_is_refused(scenario: Scenario) -> None:
    with pytest.raises(BudgetError, match="3,000 requests"):
        simulate(scenario, "canary", max_requests=2_999)
