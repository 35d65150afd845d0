from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from handmade import Answered, failed, record, unreached

from sim.blast_radius import (
    Floor,
    Observed,
    budget_used,
    compare_runs,
    exceeds_noise,
    exposure_minutes,
    exposure_share,
    floor,
    last_exposed_at,
    last_harmed_at,
    latency_percentiles,
    measure,
    user_minutes_degraded,
    users_worse_off,
)
from sim.fields import FIELDS
from sim.record import PodChange, Record
from sim.scenario import Scenario

WITHOUT = [
    Answered(-5.0, user=0),
    Answered(10.5, user=0),
    Answered(20.2, user=1),
    Answered(20.7, user=2),
    Answered(30.0, user=8),
    Answered(70.1, user=1),
    Answered(70.9, user=1),
    failed(130.0, user=3),
]
"""The run without the release; user 8 is a tester."""
WITH = [
    failed(-5.0, user=0),
    Answered(10.5, user=0),
    failed(20.2, user=1, version=1, attempts=2),
    Answered(20.7, user=2),
    failed(30.0, user=8, version=1),
    failed(70.1, user=1, version=1),
    Answered(70.9, user=1, version=1, latency=1.5),
    Answered(130.0, user=3),
]
"""The same requests with the release."""
GOOD = Floor(excess_failed_requests=0, delivery_seconds=60.0)


def result(scenario: Scenario, run: Record, none: Record, good: Floor = GOOD) -> dict[str, Any]:
    with_release, without = Observed(run, scenario), Observed(none, scenario)
    return measure(with_release, without, good, compare_runs(with_release, without))


@pytest.fixture(scope="module")
def hurt(scenario: Scenario) -> dict[str, Any]:
    return result(scenario, record(WITH, detections=(90.0, 50.2)), record(WITHOUT))


def test_every_field_is_there_in_the_order_of_the_table(hurt: dict[str, Any]) -> None:
    assert list(hurt) == list(FIELDS)


def test_values_are_plain(hurt: dict[str, Any]) -> None:
    assert {type(value) for value in hurt.values()} <= {int, float, str, type(None)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome", "rolled_back"),
        ("offered_requests", 6),  # neither the warm-up's nor the tester's
        ("attempts", 7),
        ("error_requests", 2),
        ("slow_requests", 1),
        ("failed_requests", 3),
        ("excess_failed_requests", 2),
        ("excess_error_requests", 1),
        ("excess_slow_requests", 1),
        ("caused_failures", 3),
        ("healed_failures", 1),
        ("users_affected", 1),
        ("users_affected_fraction", 1 / 4),
        ("user_minutes_degraded", 2),
        # 30 days of 6 requests in 180 s are 86,400 requests, of which 1 % may fail and 10 % may be slow.
        ("error_budget_used_fraction", 1 / 864),
        ("latency_budget_used_fraction", 1 / 8640),
        # From 20.2 to second 70 half of the requests reach v2, then all of them until the rollout settles at 100.
        ("exposure_minutes", (0.5 * (70 - 20.2) + (100 - 70)) / 60),
        ("exposed_requests", 3),
        ("exposed_users", 1),
        ("peak_exposure_fraction", 1.0),
        ("mirrored_requests", 0),
        ("time_to_detect_seconds", 50.2 - 20.2),
        ("time_to_mitigate_seconds", 130 - 20.2),
        ("time_to_recover_seconds", 0.0),
        ("services_affected", 0),  # 2 is less than 3 x sqrt(3 + 1)
        ("rollout_seconds", 100.0),
        ("delivery_seconds", 60.0),
        ("noise_excess_failed_requests", 0),
        ("latency_p50_seconds", None),
        ("latency_p99_seconds", None),
    ],
)
def test_a_hand_worked_run(hurt: dict[str, Any], field: str, value: Any) -> None:
    assert hurt[field] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("rows", [WITHOUT, WITH, [*WITHOUT[:3], unreached(20.5)]])
def test_a_run_against_itself_is_exactly_zero(scenario: Scenario, rows: list[Answered]) -> None:
    same = result(scenario, record(rows, candidate=None, settled_at=np.nan), record(rows, candidate=None))
    zero = [
        name
        for name in FIELDS
        if name.startswith(("excess_", "users_affected", "exposure", "exposed")) or name.endswith("_failures")
    ]
    assert len(zero) == 10
    assert {name: same[name] for name in zero} == dict.fromkeys(zero, 0)
    assert same["extra_pod_minutes"] == 0
    assert (same["time_to_detect_seconds"], same["time_to_mitigate_seconds"], same["time_to_recover_seconds"]) == (
        None,
    ) * 3


def test_a_caused_failure_before_the_first_exposure_is_the_first_harm(scenario: Scenario) -> None:
    run = record([unreached(10.5), Answered(20.0, version=1)], detections=(40.0,))
    none = record([Answered(10.5), Answered(20.0)])
    assert result(scenario, run, none)["time_to_detect_seconds"] == 40.0 - 10.5


def test_nobody_noticed_is_null(scenario: Scenario) -> None:
    assert result(scenario, record(WITH), record(WITHOUT))["time_to_detect_seconds"] is None


def test_noticed_before_the_release_started_is_not_noticed(scenario: Scenario) -> None:
    assert result(scenario, record(WITH, detections=(-3.0,)), record(WITHOUT))["time_to_detect_seconds"] is None


def test_a_promoted_release_is_never_mitigated(scenario: Scenario) -> None:
    assert result(scenario, record(WITH, outcome="promoted"), record(WITHOUT))["time_to_mitigate_seconds"] is None


def test_exposure_counts_to_the_end_where_nothing_settled(scenario: Scenario) -> None:
    run = record([Answered(60.0, version=1)], settled_at=np.nan)
    assert result(scenario, run, record([Answered(60.0)]))["exposure_minutes"] == 2.0


def test_shadow_exposes_nobody_and_counts_its_copies(scenario: Scenario) -> None:
    rows = [Answered(-1.0, copies=1), Answered(10.0, copies=1), Answered(11.0, user=8, copies=1), Answered(12.0)]
    shadow = result(scenario, record(rows, type="shadow"), record([row._replace(copies=0) for row in rows]))
    assert shadow["mirrored_requests"] == 1
    assert (shadow["exposed_requests"], shadow["peak_exposure_fraction"], shadow["exposure_minutes"]) == (0, 0.0, 0.0)


def test_a_shadow_followed_by_nothing_delivers_nothing(scenario: Scenario) -> None:
    none = Observed(record(WITHOUT), scenario)
    kept = Observed(record(WITHOUT, type="shadow", outcome="kept"), scenario)
    followed = Observed(record(WITHOUT, type="shadow", outcome="promoted"), scenario)
    assert (floor(kept, none).delivery_seconds, floor(followed, none).delivery_seconds) == (None, 100.0)


def test_the_price_in_pods(scenario: Scenario) -> None:
    changes = (
        PodChange(-10.0, 0, 4, 4),
        PodChange(30.0, 1, 0, 2),
        PodChange(60.0, 1, 2, 2),
        PodChange(60.0, 0, 2, 4),
        PodChange(90.0, 0, 0, 0),
        PodChange(120.0, 1, 0, 2),
    )
    price = result(scenario, record(WITHOUT, pod_changes=changes), record(WITHOUT))
    assert price["extra_pod_minutes"] == (2 * 60 + -2 * 90) / 60
    assert price["peak_pods"] == 6
    assert price["min_ready_fraction"] == 0.0
    assert price["downtime_seconds"] == 60.0


def test_the_share_is_per_second_and_empty_seconds_repeat_the_last() -> None:
    arrival = np.array([1.1, 1.9, 3.0, 3.2, 3.4, 3.6, 5.0])
    new = np.array([False, True, False, False, False, True, False])
    any_ = np.array([True, True, True, True, True, True, False])
    assert exposure_share(arrival, any_, new, 6.5).tolist() == [0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [(0, 4, 0.5 + 1 + 0.25), (1.5, 2.5, 0.25 + 0.5), (2.25, 2.75, 0.5), (3, 3, 0), (3.5, 9, 0.125)],
)
def test_exposure_is_the_integral_of_the_share(start: float, end: float, seconds: float) -> None:
    assert exposure_minutes(np.array([0, 0.5, 1.0, 0.25]), start, end) == pytest.approx(seconds / 60)


def test_a_user_for_whom_one_failure_was_swapped_for_another_is_not_affected() -> None:
    user = np.array([4, 4, 1, 2, 2, 2], np.int32)
    caused = np.array([True, False, True, True, True, False])
    healed = np.array([False, True, False, False, False, True])
    assert users_worse_off(user, caused, healed).tolist() == [1, 2]


def test_degraded_minutes_are_counted_by_user_and_minute() -> None:
    user = np.array([1, 1, 1, 2, 2, 3, 3], np.int32)
    arrival = np.array([0.0, 59.9, 60.0, 10.0, 70.0, 5.0, 6.0])
    caused = np.array([True, True, True, True, False, True, False])
    healed = np.array([False, False, False, False, True, False, True])
    assert user_minutes_degraded(user, arrival, caused, healed) == 3  # user 1 twice, user 2 once, user 3 swapped


def test_the_last_exposed_moment_is_the_end_of_its_second() -> None:
    assert last_exposed_at(np.array([0, 0.02, 0.011, 0.01, 0.0]), 5) == 3.0
    assert last_exposed_at(np.array([0.01, 0]), 2) == 0.0
    assert last_exposed_at(np.array([0, 0.5]), 2) is None


def minute_of(count: int, minute: int) -> np.ndarray[Any, Any]:
    return 60.0 * minute + np.linspace(1, 59, count)


def test_the_last_harmed_minute_needs_more_than_three_standard_errors() -> None:
    arrival = np.concatenate([minute_of(100, 0), minute_of(100, 1), minute_of(100, 2)])
    caused = np.zeros(300, dtype=bool)
    caused[:10] = True  # 10 > 3 x sqrt(10)
    caused[100:109] = True  # 9 = 3 x sqrt(9)
    assert last_harmed_at(arrival, caused, np.zeros(300, dtype=bool), 180.0) == 60.0
    caused[109] = True
    assert last_harmed_at(arrival, caused, np.zeros(300, dtype=bool), 180.0) == 120.0
    healed = np.zeros(300, dtype=bool)
    healed[150:160] = True
    assert last_harmed_at(arrival, caused, healed, 180.0) == 60.0
    caused[200:210] = True
    assert last_harmed_at(arrival, caused, healed, 180.0) is None


def test_the_last_harmed_minute_needs_a_tenth_of_a_point() -> None:
    arrival = minute_of(20_000, 0)
    caused = np.zeros(20_000, dtype=bool)
    caused[:20] = True  # 0.1 points of 20,000, above 3 x sqrt(20)
    assert last_harmed_at(arrival, caused, np.zeros(20_000, dtype=bool), 120.0) == 0.0
    caused[20] = True
    assert last_harmed_at(arrival, caused, np.zeros(20_000, dtype=bool), 120.0) == 60.0


def test_noise_is_three_standard_errors() -> None:
    assert [exceeds_noise(9, 0), exceeds_noise(10, 0), exceeds_noise(30, 10)] == [False, True, True]
    assert not exceeds_noise(0, 50)


def test_the_budget_of_the_worked_example() -> None:
    # 100 requests/s at 99.9 % allow 259,200 failures in 30 days: 7,200 are 2.8 % of it.
    assert budget_used(7_200, 120_000, 1_200, 0.999) == pytest.approx(7_200 / 259_200)
    assert budget_used(0, 0, 60, 0.999) is None
    assert budget_used(5, 100, 60, 1.0) is None


def test_percentiles_need_enough_answers() -> None:
    values = np.linspace(0.0, 1.0, 501)
    assert latency_percentiles(values) == {"latency_p50_seconds": 0.5, "latency_p99_seconds": pytest.approx(0.99)}
    assert latency_percentiles(values[:499])["latency_p99_seconds"] is None
    assert latency_percentiles(values[:29]) == {"latency_p50_seconds": None, "latency_p99_seconds": None}


def test_no_release_rolls_out_nothing_and_delivers_nothing(scenario: Scenario) -> None:
    run = record(WITHOUT, type="none", outcome="kept", settled_at=0.0)
    found = result(scenario, run, run, floor(Observed(run, scenario), Observed(run, scenario)))
    assert (found["rollout_seconds"], found["delivery_seconds"]) == (None, None)
