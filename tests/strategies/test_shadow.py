"""Shadow: copies are judged, users meet nothing of it, and what follows depends on the verdict."""

from __future__ import annotations

import numpy as np
import pytest
from releases import BAD, GOOD, decisions, run, told

from sim.record import Record

V1, V2 = 0, 1
PLAIN = "shadow: {duration: 1m}"


def users_of_new_version(record: Record) -> int:
    return int(np.count_nonzero((record.answers.copy == 0) & (record.answers.version == V2)))


def test_bad_copies_keep_the_old_version() -> None:
    record = run("shadow: {duration: 1m, then: recreate}, recreate: {}", BAD)
    (look,) = decisions(record, "analysis")
    assert (record.outcome, look.verdict) == ("kept", "fail")
    assert look.value == pytest.approx(0.2, abs=0.03)
    assert record.outcome_reason == "The copies were judged bad: analysis: errorRate failed once, failureLimit is 0."
    assert users_of_new_version(record) == 0
    assert record.detections == (look.at_seconds,)


def test_good_copies_without_a_plan_keep_the_old_version_too() -> None:
    record = run(PLAIN, GOOD)
    assert record.outcome == "kept"
    assert record.outcome_reason == "The copies were good, and nothing was planned to follow."
    assert decisions(record, "analysis")[0].verdict == "pass"


def test_good_copies_hand_over_to_the_next_strategy() -> None:
    record = run("shadow: {duration: 1m, then: rollingUpdate}, rollingUpdate: {}", GOOD)
    (look,) = decisions(record, "analysis")
    begun = [event.at_seconds for event in record.events if event.source == "rollingUpdate" and event.kind == "scale"]
    assert record.outcome == "promoted"
    assert record.type == "shadow"
    assert begun[0] > look.at_seconds
    assert users_of_new_version(record) > 0


def test_the_copies_pods_are_gone_before_the_next_strategy_starts() -> None:
    record = run("shadow: {duration: 1m, then: blueGreen}, blueGreen: {}", GOOD)
    start = next(event.at_seconds for event in record.events if event.source == "blueGreen")
    of_copies = [pod for pod in record.pods if pod.version == "v2" and pod.created_at < start]
    assert len(of_copies) == 5
    assert all(pod.gone_at <= start for pod in of_copies)


def test_it_is_judged_once_at_the_end_over_the_whole_mirroring() -> None:
    record = run(PLAIN, BAD)
    (look,) = decisions(record, "analysis")
    mirrored = next(change.in_force_at for change in record.routes if change.in_force_at > 0)
    assert look.at_seconds == mirrored + 60
    copies = np.count_nonzero((record.answers.copy == 1) & (record.answers.finish <= look.at_seconds // 5 * 5))
    assert look.samples == copies


def test_an_analysis_with_an_interval_can_end_it_early() -> None:
    analysis = "analysis: {metric: errorRate, interval: 10s, initialDelay: 10s, failureCondition: result > 0.05}"
    record = run(f"shadow: {{duration: 4m, {analysis}}}", BAD)
    (look,) = decisions(record, "analysis")
    assert (record.outcome, look.verdict) == ("kept", "fail")
    assert record.settled_at < 60


def test_an_analysis_that_ends_well_early_does_not_shorten_it() -> None:
    analysis = (
        "analysis: {metric: errorRate, interval: 10s, initialDelay: 10s, count: 2, failureCondition: result > 0.05}"
    )
    record = run(f"shadow: {{duration: 1m, {analysis}}}", GOOD)
    assert [look.verdict for look in decisions(record, "analysis")] == ["pass", "pass"]
    assert record.settled_at > 60


def test_without_copies_the_old_version_is_kept() -> None:
    record = run("shadow: {duration: 1m, mirrorPercentage: 0, then: recreate}, recreate: {}", GOOD)
    assert (record.outcome, decisions(record, "analysis")[0].verdict) == ("kept", "error")


def test_an_analysis_that_saw_nothing_is_not_healthy() -> None:
    analysis = "analysis: {metric: errorRate, interval: 30s, failureCondition: result > 0.05}"
    record = run(f"shadow: {{duration: 20s, mirrorPercentage: 0, {analysis}, then: recreate}}, recreate: {{}}", GOOD)
    assert (record.outcome, record.outcome_reason) == ("kept", "The copies were judged bad: analysis had no data.")


@pytest.mark.parametrize(("percent", "pods"), [(100, 5), (30, 2)])
def test_pods_follow_the_mirrored_share(percent: int, pods: int) -> None:
    record = run(f"shadow: {{duration: 1m, mirrorPercentage: {percent}}}", GOOD)
    assert max(change.existing for change in record.pod_changes if change.version == V2) == pods
    share = np.count_nonzero(record.answers.copy) / np.count_nonzero(
        (record.answers.copy == 0) & (record.answers.finish > 3) & (record.answers.finish < 63)
    )
    assert share == pytest.approx(percent / 100, abs=0.05)


def test_a_person_ends_the_copies() -> None:
    monitoring = (
        "{scrapeInterval: 5s, onCall: {reaction: 20s}, "
        "alerts: [{name: errors, kind: threshold, by: version, window: 30s, condition: result > 0.05}]}"
    )
    record = run("shadow: {duration: 4m}", BAD, monitoring)
    (firing,) = told(record, "alert", "firing")
    assert record.outcome == "rolled_back"
    assert record.routes[-1].at_seconds == firing[0] + 20
