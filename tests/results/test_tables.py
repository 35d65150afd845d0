from __future__ import annotations

import numpy as np
import pandas as pd
from handmade import Answered, failed, record, unreached

from sim import tables
from sim.outcomes import outcomes
from sim.record import Decision, Event, PodRow, Record
from sim.scenario import Scenario

ROWS = [
    Answered(-1.0, user=3),
    Answered(0.5, user=7, latency=1.2),
    failed(1.0, user=8, version=1, attempts=2),
    unreached(2.0, user=0),
    Answered(3.0, user=0, version=1, pod=0, copies=1),
    Answered(4.0, user=0),
    Answered(5.0, user=3),
]


def frame(run: Record, scenario: Scenario) -> pd.DataFrame:
    return tables.requests(run, scenario, outcomes(run, scenario))


def test_requests_have_the_columns_of_the_contract(scenario: Scenario) -> None:
    assert list(frame(record(ROWS), scenario)) == [
        "request",
        "user",
        "segment",
        "endpoint",
        "arrival_seconds",
        "service",
        "version",
        "pod",
        "attempts",
        "start_seconds",
        "finish_seconds",
        "latency_seconds",
        "status",
        "reason",
        "converted",
    ]


def test_one_row_per_user_request_from_the_start_on(scenario: Scenario) -> None:
    found = frame(record(ROWS), scenario)
    assert found["request"].tolist() == [1, 2, 3, 4, 5, 6]
    assert found["arrival_seconds"].tolist() == [0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert found["segment"].tolist() == ["gold", "testers", "", "", "", ""]
    assert found["service"].tolist() == ["shop", "shop", "", "shop", "shop", "shop"]
    assert found["version"].tolist() == ["v1", "v2", "", "v2", "v1", "v1"]
    assert found["pod"].tolist() == ["shop-v1-0", "shop-v1-0", "", "shop-v1-0", "shop-v1-0", "shop-v1-0"]
    assert found["reason"].tolist() == ["slow", "error", "no_endpoint", "ok", "ok", "ok"]
    assert found["status"].tolist() == [200, 500, 503, 200, 200, 200]
    assert found["attempts"].tolist() == [1, 2, 1, 1, 1, 1]
    assert found["latency_seconds"].round(9).tolist() == [1.2, 0.1, 0.0, 0.1, 0.1, 0.1]


def test_the_first_ok_answer_decides_whether_a_user_converts(scenario: Scenario) -> None:
    # User 0 (0.05) meets v2 (10 %) first, after an error: converts once. User 7 (0.75) does not at 50 %. User 3 (0.35)
    # was answered before the start, which does not count, so its next answer decides: 50 %, converts.
    assert frame(record(ROWS), scenario)["converted"].tolist() == [False, False, False, True, False, True]


def test_per_request_each_ok_answer_converts_for_itself(scenario: Scenario) -> None:
    per_request = scenario
    for version in ("v1", "v2"):
        per_request = per_request.replace(f"spec.services.shop.versions.{version}.conversion.per", "request")
    # The requests' own number is 0.3: it converts at v1's 50 %, not at v2's 10 %.
    assert frame(record(ROWS), per_request)["converted"].tolist() == [True, False, False, False, True, True]


def test_without_conversion_nobody_converts(scenario: Scenario) -> None:
    plain = scenario.replace("spec.services.shop.versions", {"v1": {}, "v2": {}})
    assert not frame(record(ROWS), plain)["converted"].any()


def test_pods_keep_moments_before_the_start_and_leave_open_what_has_not_come() -> None:
    run = record(ROWS, pods=(PodRow(0, "shop-v1-0", "shop", "v1", -10.0, -9.0, -8.0, -7.0, reason="warm"),))
    found = tables.pods(run)
    assert list(found) == [
        "pod",
        "service",
        "version",
        "created_at",
        "started_at",
        "ready_at",
        "available_at",
        "terminating_at",
        "gone_at",
        "reason",
    ]
    assert found.iloc[0].tolist()[:7] == ["shop-v1-0", "shop", "v1", -10.0, -9.0, -8.0, -7.0]
    assert found.loc[0, ["terminating_at", "gone_at"]].isna().all()


def test_events_and_decisions_are_the_record_s_own() -> None:
    event = Event(-3.0, "world", "start", "shop", "The run starts.")
    look = Decision(60.0, "errors", "errorRate", 0.05, np.nan, 0.1, 0.01, 200, "fail", "Too many.")
    run = record(ROWS, events=(event,), decisions=(look,))
    assert tables.events(run).to_dict("list") == {
        "at_seconds": [-3.0],
        "source": ["world"],
        "kind": ["start"],
        "subject": ["shop"],
        "message": ["The run starts."],
    }
    assert list(tables.decisions(run)) == [
        "at_seconds",
        "judge",
        "metric",
        "value",
        "low",
        "high",
        "threshold",
        "samples",
        "verdict",
        "reason",
    ]
    assert list(tables.events(record(ROWS))) == ["at_seconds", "source", "kind", "subject", "message"]
