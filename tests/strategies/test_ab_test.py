"""A/B test: who is in which group, what is compared, and what becomes of it."""

from __future__ import annotations

import numpy as np
import pytest
from releases import BAD, GOOD, decisions, run, told

from sim.record import Record

BETTER = "{conversion: {rate: 60%}}"
WORSE = "{conversion: {rate: 5%}}"
HALF = "abTest: {weight: 50, duration: 2m}"
V1, V2 = 0, 1


def pods_asked(record: Record, version: str) -> list[str]:
    return [event.message for event in record.events if event.kind == "scale" and event.subject == version]


def routes(record: Record) -> list[tuple[float, float]]:
    return [(change.at_seconds, change.requested) for change in record.routes]


def test_a_better_treatment_is_promoted() -> None:
    record = run(HALF, BETTER)
    (decision,) = decisions(record, "abTest")
    assert (record.outcome, decision.verdict, decision.metric) == ("promoted", "pass", "conversion")
    assert decision.low > 0
    assert decision.value == pytest.approx(0.4, abs=0.15)
    assert record.outcome_reason == decision.reason


@pytest.mark.parametrize(("version", "verdict"), [(WORSE, "fail"), (GOOD, "inconclusive")])
def test_control_is_kept_unless_the_treatment_is_better(version: str, verdict: str) -> None:
    record = run(HALF, version)
    (decision,) = decisions(record, "abTest")
    assert (record.outcome, decision.verdict) == ("kept", verdict)
    assert len(record.detections) == (verdict == "fail")


def test_without_a_difference_the_treatment_may_be_promoted() -> None:
    assert run("abTest: {weight: 50, duration: 2m, onNoDifference: promote}", GOOD).outcome == "promoted"
    assert run("abTest: {weight: 50, duration: 2m, onNoDifference: promote}", WORSE).outcome == "kept"


def test_a_guardrail_ends_the_test_early_and_gives_all_users_to_control() -> None:
    guardrail = "guardrail: {metric: errorRate, failureCondition: result > 0.05}"
    record = run(f"abTest: {{weight: 50, duration: 4m, {guardrail}}}", BAD)
    looks = decisions(record, "guardrail")
    assert record.outcome == "rolled_back"
    assert [look.verdict for look in looks] == ["error", "fail"]
    assert looks[-1].at_seconds < 60
    assert routes(record)[-1] == (looks[-1].at_seconds, 0.0)
    assert not decisions(record, "abTest")


def test_a_guardrail_looks_every_30_seconds() -> None:
    guardrail = "guardrail: {metric: errorRate, initialDelay: 10s, failureCondition: result > 0.05}"
    looks = decisions(run(f"abTest: {{weight: 50, duration: 2m, {guardrail}}}"), "guardrail")
    assert np.diff([look.at_seconds for look in looks]).tolist() == [30.0, 30.0, 30.0]


def test_the_treatment_gets_pods_by_its_weight_and_control_keeps_all() -> None:
    record = run("abTest: {weight: 30, duration: 2m}", GOOD)
    assert pods_asked(record, "v2")[0].startswith("Scales v2 from 0 to 2 pods")
    assert not pods_asked(record, "v1")
    assert all(change.ready == 5 for change in record.pod_changes if change.version == V1 and change.at_seconds >= 0)


def test_with_match_alone_pods_follow_the_segments_share() -> None:
    record = run("abTest: {match: [{segment: testers}], duration: 2m}", GOOD)
    assert pods_asked(record, "v2")[0].startswith("Scales v2 from 0 to 1 pods")
    in_force = record.answers.finish > decisions(record, "abTest")[0].at_seconds - 100
    user = record.requests.user[record.answers.request]
    before = in_force & (record.answers.finish < decisions(record, "abTest")[0].at_seconds)
    assert ((record.requests.segment_of_user[user] == 0) == (record.answers.version == V2))[before].all()


def test_promoting_scales_up_first_and_moves_the_weight_then() -> None:
    record = run(HALF, BETTER)
    decided = decisions(record, "abTest")[0].at_seconds
    moved = next(at for at, weight in routes(record) if weight == 100)
    ready = {change.at_seconds: change.ready for change in record.pod_changes if change.version == V2}
    assert moved > decided
    assert ready[max(at for at in ready if at <= moved)] == 5
    assert record.settled_at == moved + 1.0  # the mesh's propagation


def test_a_user_stays_in_a_group() -> None:
    record = run(HALF, GOOD)
    began = next(change.in_force_at for change in record.routes if change.requested == 50)
    ended = decisions(record, "abTest")[0].at_seconds
    during = (record.answers.finish > began + 1) & (record.answers.finish < ended)
    user, version = record.requests.user[record.answers.request[during]], record.answers.version[during]
    assert all(len(np.unique(version[user == one])) == 1 for one in np.unique(user))


def test_divided_by_request_a_user_meets_both() -> None:
    record = run("abTest: {weight: 50, unit: request, duration: 2m}", GOOD)
    user = record.requests.user[record.answers.request]
    both = np.intersect1d(user[record.answers.version == V1], user[record.answers.version == V2])
    assert len(both) > 450


def test_it_ends_when_both_groups_have_their_samples() -> None:
    record = run("abTest: {weight: 50, samplesPerVariant: 100}", BETTER)
    (decision,) = decisions(record, "abTest")
    assert decision.samples >= 200
    assert decision.at_seconds % 5 == 0
    assert decision.at_seconds < 120
    assert record.outcome == "promoted"


def test_samples_that_never_come_leave_it_in_progress() -> None:
    assert run("abTest: {weight: 50, samplesPerVariant: 400}", BETTER).outcome == "in_progress"


def test_users_who_met_control_before_the_test_are_no_failures_of_the_treatment() -> None:
    """The rate is unbiased although two fifths of the users convert, or not, in the seconds before the test begins."""
    record = run(
        "abTest: {weight: 50, duration: 4m}", "{startup: 10s, conversion: {rate: 60%}}", "{scrapeInterval: 1s}"
    )
    (decision,) = decisions(record, "abTest")
    assert decision.low < 0.4 < decision.high
    assert "%" in decision.reason


def test_versions_that_never_convert_do_not_differ() -> None:
    record = run(HALF, "{}", **{"services.shop.versions.v1": {}})
    assert (record.outcome, decisions(record, "abTest")[0].value) == ("kept", 0.0)


def test_conversion_per_request_is_compared_by_request() -> None:
    rates = ({"conversion": {"rate": rate, "per": "request"}} for rate in (0.2, 0.3))
    old, new = rates
    record = run(
        "abTest: {weight: 50, unit: request, duration: 2m}",
        **{"services.shop.versions.v1": old, "services.shop.versions.v2": new},
    )
    (decision,) = decisions(record, "abTest")
    assert decision.samples == pytest.approx((120 - 3) * 50, rel=0.05)  # from the route to the last scrape
    assert (decision.low < 0.1 < decision.high, record.outcome) == (True, "promoted")


def test_the_person_on_call_can_end_it() -> None:
    monitoring = (
        "{scrapeInterval: 5s, onCall: {reaction: 30s}, "
        "alerts: [{name: errors, kind: threshold, window: 30s, condition: result > 0.05}]}"
    )
    record = run("abTest: {weight: 50, duration: 4m}", BAD, monitoring)
    (firing,) = told(record, "alert", "firing")
    assert record.outcome == "rolled_back"
    assert routes(record)[-1] == (firing[0] + 30, 0.0)


def test_two_equal_versions_are_seldom_told_apart() -> None:
    """Whole runs of about 250 users a group; each side is nominally 2.5 %.

    Band: the 99.9 % of Binomial(500, 5 %) in the middle: a false alarm in 1,000 seeds.
    """
    small = {"duration": 40, "warmup": 5}
    verdicts = [
        decisions(run("abTest: {weight: 50, duration: 30s}", GOOD, seed=seed, **small), "abTest")[0].verdict
        for seed in range(500)
    ]
    assert 11 <= verdicts.count("pass") + verdicts.count("fail") <= 43
    assert "error" not in verdicts
