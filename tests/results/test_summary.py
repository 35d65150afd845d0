from __future__ import annotations

from typing import Any

import pytest

from sim.summary import clock, safest_first, sentences

HURT: dict[str, Any] = {
    "outcome": "rolled_back",
    "outcome_reason": "errorRate was 5.1 %, above 1 %.",
    "rollout_seconds": 270.0,
    "excess_failed_requests": 1234,
    "offered_requests": 240_000,
    "users_affected": 812,
    "users_affected_fraction": 0.1624,
}


def test_a_run_is_told_in_two_sentences() -> None:
    assert sentences("canary", HURT) == (
        "canary rolled the release back after 4:30: errorRate was 5.1 %, above 1 %. "
        "1,234 more of 240,000 requests failed, which hurt 812 users (16.2 %)."
    )


def test_a_run_that_hurt_nobody_says_so() -> None:
    unhurt = {
        **HURT,
        "outcome": "in_progress",
        "rollout_seconds": None,
        "outcome_reason": "",
        "excess_failed_requests": 0,
    }
    assert (
        sentences("shadow", {**unhurt, "users_affected": 0})
        == "shadow was not finished by the end. No user was hurt by it."
    )


def test_the_safest_strategy_comes_first() -> None:
    def result(name: str, excess: Any, users: float) -> dict[str, Any]:
        base = {"exposure_minutes": 0.0, "delivery_seconds": None}
        return {"strategy": name, "excess_failed_requests": excess, "users_affected": users, **base}

    mean = {"mean": 12.5, "low": 10.0, "high": 15.0, "n": 5, "of": 5}
    results = [result("recreate", 900, 50), result("canary", mean, 9), result("b", 0, 2), result("a", 0, 1)]
    assert [found["strategy"] for found in safest_first(results)] == ["a", "b", "canary", "recreate"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65.4, "1:05"), (3599.6, "1:00:00"), (3870, "1:04:30"), (-30, "-0:30")]
)
def test_moments_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text
