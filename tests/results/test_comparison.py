from __future__ import annotations

import json
from typing import Any

import pytest

from sim.comparison import Comparison, Measured
from sim.errors import UsageError
from sim.fields import FIELDS
from sim.scenario import Scenario

DURATION = 180.0


def measured(first_harm_at: float | None = None, **values: Any) -> Measured:
    plain = {name: "" if field.unit in ("word", "sentence") else 0 for name, field in FIELDS.items()}
    return Measured({**plain, **values}, first_harm_at)


def comparison(scenario: Scenario, **results: list[Measured]) -> Comparison:
    return Comparison(scenario, 1, "compiled", results, {}, False)


@pytest.fixture
def two(scenario: Scenario) -> Comparison:
    expecting = scenario.replace(
        "spec.expect", ["canary.excess_failed_requests < recreate.excess_failed_requests", "canary.outcome == promoted"]
    )
    return comparison(
        expecting,
        canary=[
            measured(10.0, excess_failed_requests=10, outcome="promoted", time_to_detect_seconds=20.0),
            measured(30.0, excess_failed_requests=20, outcome="rolled_back", time_to_detect_seconds=None),
            measured(None, excess_failed_requests=30, outcome="promoted", time_to_detect_seconds=None),
        ],
        recreate=[measured(0.0, excess_failed_requests=count, outcome="promoted") for count in (111, 120, 132)],
    )


def test_numbers_are_means_with_intervals(two: Comparison) -> None:
    found = two.strategies["canary"]["excess_failed_requests"]
    assert (found["mean"], found["n"], found["of"]) == (20.0, 3, 3)
    assert found["high"] - found["mean"] == pytest.approx(4.3027 * 10 / 3**0.5, rel=1e-4)


def test_words_are_counted(two: Comparison) -> None:
    assert two.strategies["canary"]["outcome"] == {"promoted": 2, "rolled_back": 1}


def test_a_time_that_never_came_counts_to_the_end_and_one_without_harm_not_at_all(two: Comparison) -> None:
    found = two.strategies["canary"]["time_to_detect_seconds"]
    assert found["mean"] == pytest.approx((20.0 + (DURATION - 30.0)) / 2)
    assert (found["n"], found["of"]) == (1, 3)


def test_one_replication_has_plain_values(scenario: Scenario) -> None:
    single = comparison(scenario, canary=[measured(10.0, outcome="kept", excess_failed_requests=7)])
    assert single.strategies["canary"]["excess_failed_requests"] == 7
    assert single.strategies["canary"]["outcome"] == "kept"


def test_json_has_the_shape_of_the_contract(two: Comparison) -> None:
    found = two.to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == ["schema_version", "scenario", "seed", "replications", "engine", "strategies"]
    assert [list(one) for one in found["strategies"]] == [["strategy", "type", *FIELDS]] * 2
    assert (found["replications"], found["strategies"][1]["type"]) == (3, "recreate")


def test_the_table_has_the_safest_first_and_its_intervals_beside(two: Comparison) -> None:
    assert two.table["strategy"].tolist() == ["canary", "recreate"]
    assert two.table.loc[0, ["excess_failed_requests", "outcome"]].tolist() == [20.0, "promoted (2), rolled_back (1)"]
    assert two.table.loc[1, "excess_failed_requests_low"] < 121 < two.table.loc[1, "excess_failed_requests_high"]


def test_differences_are_paired(two: Comparison) -> None:
    found = two.paired("recreate", "canary").loc["excess_failed_requests"]
    assert found["mean"] == pytest.approx((101 + 100 + 102) / 3)
    assert found["variance_ratio"] > 100


def test_a_strategy_that_was_not_run_is_refused(two: Comparison) -> None:
    with pytest.raises(UsageError, match="'shadow' was not run; there are canary, recreate"):
        two.paired("shadow", "canary")


def test_expectations_are_checked_where_their_strategies_were_run(two: Comparison) -> None:
    assert [check.holds for check in two.checks()] == [True, False]
    alone = comparison(two.scenario, canary=[measured(outcome="promoted")])
    assert [(check.line, check.holds) for check in alone.checks()] == [("canary.outcome == promoted", True)]
