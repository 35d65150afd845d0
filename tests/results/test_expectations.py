from __future__ import annotations

from typing import Any

import pytest

from sim.expectations import check, strategies_of
from sim.scenario.expectation import parse

RESULTS: dict[str, dict[str, Any]] = {
    "canary": {"excess_failed_requests": {"mean": 40.0, "low": 30.0, "high": 50.0, "n": 2, "of": 2}},
    "blueGreen": {"excess_failed_requests": 400, "time_to_detect_seconds": None},
}
SUMMARIES: dict[str, list[dict[str, Any]]] = {
    "canary": [{"outcome": "rolled_back"}, {"outcome": "promoted"}],
    "shadow": [{"outcome": "kept"}, {"outcome": "kept"}],
}


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("canary.excess_failed_requests < blueGreen.excess_failed_requests", True),
        ("canary.excess_failed_requests >= 40", True),
        ("canary.excess_failed_requests > 40", False),
        ("canary.excess_failed_requests != 40", False),
        ("blueGreen.excess_failed_requests <= canary.excess_failed_requests", False),
        ("shadow.outcome == kept", True),
        ("shadow.outcome != promoted", True),
        ("canary.outcome == rolled_back", False),  # a word holds in every replication or not at all
        ("canary.outcome != rolled_back", False),
        ("canary.outcome != shadow.outcome", True),
        ("blueGreen.time_to_detect_seconds < 60", False),
        ("blueGreen.time_to_detect_seconds > 60", False),
    ],
)
def test_a_line_holds_or_not(line: str, holds: bool) -> None:
    assert check(parse(line), RESULTS, SUMMARIES).holds is holds


def test_what_was_found_is_said() -> None:
    lines = (
        "blueGreen.excess_failed_requests < 1",
        "canary.outcome == promoted",
        "blueGreen.time_to_detect_seconds < 1",
    )
    assert [check(parse(line), RESULTS, SUMMARIES).found for line in lines] == [
        "400 < 1",
        "rolled_back in 1 of 2 replications",
        "blueGreen.time_to_detect_seconds without a value, which compares with nothing",
    ]


def test_a_line_speaks_of_its_strategies() -> None:
    assert strategies_of(parse("canary.failed_requests < blueGreen.failed_requests")) == {"canary", "blueGreen"}
    assert strategies_of(parse("canary.failed_requests < 3")) == {"canary"}
