from __future__ import annotations

import numpy as np
import pytest
from handmade import DURATION, Answered, failed, record, unreached

from sim import tables
from sim.record import RouteChange
from sim.scenario import Scenario
from sim.windows import columns, requested_weight

ROWS = [
    Answered(-0.5, latency=1.0),  # arrived in the warm-up
    Answered(0.0, latency=0.9),
    Answered(0.1, version=1, latency=0.2),
    failed(0.2, version=0, latency=0.2),
    Answered(0.3, copies=1, latency=1.5),
    unreached(2.5),
    Answered(4.0, version=1, latency=0.1),
    Answered(179.5, latency=2.0),
]


def test_windows_have_the_columns_of_the_contract(scenario: Scenario) -> None:
    assert list(tables.windows(record(ROWS), scenario)) == [
        "at_seconds",
        "service",
        "version",
        "requests",
        "failed",
        "mirrored",
        "share",
        "requested_weight",
        "pods_ready",
        "queue",
        "utilization",
        "latency_p50_seconds",
        "latency_p99_seconds",
    ]


def test_one_row_per_second_and_version_by_finish(scenario: Scenario) -> None:
    found = tables.windows(record(ROWS), scenario)
    counts = found.set_index(["at_seconds", "version"])[["requests", "failed", "mirrored"]]
    assert counts.loc[0.0].to_numpy().tolist() == [[2, 1, 0], [1, 0, 0]]
    # The slow answer and its copy finish in second 1: both slow, one a copy.
    assert counts.loc[1.0].to_numpy().tolist() == [[1, 1, 0], [1, 1, 1]]
    assert counts.loc[(181.0, "v1")].tolist() == [1, 1, 0]
    assert counts["requests"].sum() == len(ROWS) - 1 + 1
    assert found.groupby("version", observed=True)["at_seconds"].count().tolist() == [1, 182, 182]


def test_requests_that_reached_no_version_have_a_row_of_their_own(scenario: Scenario) -> None:
    found = tables.windows(record(ROWS), scenario)
    nowhere = found[found["version"] == ""]
    assert nowhere[["at_seconds", "requests", "failed"]].to_numpy().tolist() == [[2.0, 1.0, 1.0]]
    assert nowhere["share"].isna().all()


def test_the_share_is_of_user_requests_and_repeats_in_empty_seconds(scenario: Scenario) -> None:
    found = tables.windows(record(ROWS), scenario)
    new = found[found["version"] == "v2"]["share"].tolist()
    assert new[:6] == [pytest.approx(1 / 3), 0.0, 0.0, 0.0, 1.0, 1.0]


def test_the_state_is_that_of_the_samples(scenario: Scenario) -> None:
    found = tables.windows(record(ROWS), scenario)
    old = found[found["version"] == "v1"]
    assert old["pods_ready"].unique().tolist() == [4.0]
    assert old["queue"].unique().tolist() == [1.0]
    assert old["utilization"].dropna().unique().tolist() == [0.5]
    assert old["utilization"].isna().sum() == 2  # nothing is sampled after the end
    assert found[found["version"] == "v2"]["utilization"].isna().all()


def test_the_requested_weight_is_a_step_function_of_what_was_asked() -> None:
    routes = (RouteChange(-10.0, 0.0, -10.0), RouteChange(5.0, 25.0, 6.0), RouteChange(9.5, 0.0, np.nan))
    run = record(ROWS, routes=routes)
    at = np.array([0.0, 4.0, 5.0, 9.0, 10.0])
    assert requested_weight(run, 1, at).tolist() == [0, 0, 25, 25, 0]
    assert requested_weight(run, 0, at).tolist() == [100, 100, 75, 75, 100]
    assert np.isnan(requested_weight(record(ROWS), 1, at)).all()


def test_percentiles_are_those_of_numpy_and_missing_where_answers_are_few(scenario: Scenario) -> None:
    luck = np.random.default_rng(5)
    latency = luck.uniform(0.001, 0.4, 530)
    rows = [Answered(0.0, latency=float(value)) for value in latency[:500]]
    rows += [Answered(1.0, latency=float(value)) for value in latency[500:529]]
    rows += [failed(1.0, latency=0.3)]
    found = columns(record(rows), scenario)
    old = found["version"] == 0
    assert found["latency_p50_seconds"][old][0] == pytest.approx(np.quantile(latency[:500], 0.5), rel=1e-12)
    assert found["latency_p99_seconds"][old][0] == pytest.approx(np.quantile(latency[:500], 0.99), rel=1e-12)
    assert np.isnan(found["latency_p50_seconds"][old][1])


def test_a_run_without_release_has_one_version(scenario: Scenario) -> None:
    plain = record([Answered(1.0)], candidate=None, service_versions=(("shop", "v1"),))
    found = tables.windows(plain, scenario)
    assert found["version"].unique().tolist() == ["v1"]
    assert len(found) == DURATION
