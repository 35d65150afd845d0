"""What holds for every pair of runs, whatever happened in them. Source: the invariants of blast radius, BR1 to BR6."""

from __future__ import annotations

import math
from typing import Any

from handmade import DURATION, TESTERS, USERS, Answered, failed, record
from hypothesis import given
from hypothesis import strategies as st

from sim.blast_radius import Damage, Floor, Observed, compare_runs, measure
from sim.scenario import Scenario

Pair = tuple[list[Answered], list[Answered]]


@st.composite
def paired_runs(draw: st.DrawFn) -> Pair:
    """Draw the same requests twice, answered differently."""
    arrivals = sorted(draw(st.lists(st.floats(-10, DURATION, exclude_max=True), max_size=40)))
    users = [draw(st.integers(0, USERS - 1)) for _ in arrivals]
    requests = list(zip(arrivals, users, strict=True))
    return [draw(answer(*request)) for request in requests], [draw(answer(*request)) for request in requests]


@st.composite
def answer(draw: st.DrawFn, arrival: float, user: int) -> Answered:
    version, latency = draw(st.sampled_from([-1, 0, 1])), draw(st.sampled_from([0.1, 1.5]))
    if draw(st.booleans()):
        return failed(arrival, user, version, latency=latency)
    return Answered(arrival, user, version, latency=latency)


def observed(scenario: Scenario, pair: Pair) -> tuple[Damage, dict[str, Any]]:
    run, none = (Observed(record(rows), scenario) for rows in pair)
    damage = compare_runs(run, none)
    return damage, measure(run, none, Floor(0, None), damage)


@given(pair=paired_runs())
def test_the_parts_add_up(scenario: Scenario, pair: Pair) -> None:
    _, found = observed(scenario, pair)
    assert found["failed_requests"] == found["error_requests"] + found["slow_requests"]
    assert found["excess_failed_requests"] == found["excess_error_requests"] + found["excess_slow_requests"]
    assert found["excess_failed_requests"] == found["caused_failures"] - found["healed_failures"]


@given(pair=paired_runs())
def test_no_more_users_are_affected_than_failures_were_caused(scenario: Scenario, pair: Pair) -> None:
    _, found = observed(scenario, pair)
    assert found["users_affected"] <= found["caused_failures"] <= found["offered_requests"]
    assert found["users_affected"] <= found["user_minutes_degraded"] + found["healed_failures"]
    assert found["exposed_users"] <= found["exposed_requests"] <= found["offered_requests"]


@given(pair=paired_runs())
def test_exposure_is_at_most_its_peak_times_its_time(scenario: Scenario, pair: Pair) -> None:
    damage, found = observed(scenario, pair)
    start = damage.first_harm_at
    seconds = 0.0 if start is None else max(100.0 - start, 0.0)
    assert found["exposure_minutes"] <= found["peak_exposure_fraction"] * seconds / 60 + 1e-9


@given(pair=paired_runs())
def test_times_are_null_together_or_not_negative(scenario: Scenario, pair: Pair) -> None:
    damage, found = observed(scenario, pair)
    times = [found["time_to_mitigate_seconds"], found["time_to_recover_seconds"]]
    if damage.first_harm_at is None:
        assert times == [None, None]
    assert all(time is None or 0 <= time <= DURATION for time in times)


@given(pair=paired_runs())
def test_testers_count_in_nothing(scenario: Scenario, pair: Pair) -> None:
    public = tuple([row for row in rows if row.user not in TESTERS] for rows in pair)
    _, with_testers = observed(scenario, pair)
    _, without = observed(scenario, (public[0], public[1]))
    apart = ("mixed_version_seconds",)  # testers see both versions too
    assert {name: value for name, value in with_testers.items() if name not in apart} == {
        name: value for name, value in without.items() if name not in apart
    }


@given(pair=paired_runs())
def test_a_run_against_itself_has_no_damage(scenario: Scenario, pair: Pair) -> None:
    damage, found = observed(scenario, (pair[0], pair[0]))
    assert not damage.pairs.caused.any()
    assert not damage.pairs.healed.any()
    assert (found["excess_failed_requests"], found["users_affected"], found["user_minutes_degraded"]) == (0, 0, 0)
    assert all(not isinstance(value, float) or math.isfinite(value) for value in found.values())
