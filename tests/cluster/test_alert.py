"""Alerts and the person who reads them: when a rule fires, who is told, what is undone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from releases import BAD, GOOD, decisions, run, scenario, told

from sim.cluster.world import World
from sim.record import Record

BURN = "alerts: [{name: errors, kind: burnRate, windows: [{long: 1m, short: 15s, factor: 50}]}]"
ABOVE = "alerts: [{name: errors, kind: threshold, window: 30s, condition: result > 0.05}]"
BIG_BANG = "recreate: {}"
SWITCH = "blueGreen: {}"


def monitoring(alerts: str, people: str = "") -> str:
    return f"{{scrapeInterval: 5s, {alerts}{', ' * bool(people)}{people}}}"


def error_rate(record: Record, start: float, end: float) -> float:
    rows = (record.answers.finish > start) & (record.answers.finish <= end) & (record.answers.copy == 0)
    return float(np.mean(record.answers.status[rows] >= 500)) if rows.any() else math.nan


def firing(record: Record) -> list[float]:
    return [at for at, _ in told(record, "alert", "firing")]


def test_a_burn_rate_fires_at_the_first_scrape_at_which_both_windows_burn() -> None:
    record = run(SWITCH, BAD, monitoring(BURN), **{"objectives.availability": 0.999})
    scrapes = [at for at in np.arange(0.0, 300.0, 5.0) if min(error_rate(record, at - w, at) for w in (60, 15)) > 0.05]
    assert firing(record) == scrapes[:1]
    (look,) = decisions(record, "alert errors")
    assert look.value == error_rate(record, scrapes[0] - 60, scrapes[0])
    assert (look.verdict, look.threshold) == ("fail", pytest.approx(0.05))
    assert record.detections == (scrapes[0],)


def test_a_quiet_short_window_keeps_it_quiet() -> None:
    brief = "{faults: [{errorRate: 100%, at: 10s, for: 4s}]}"
    long_only = "alerts: [{name: errors, kind: threshold, window: 1m, condition: result > 0.05}]"
    both = "alerts: [{name: errors, kind: burnRate, windows: [{long: 1m, short: 1s, factor: 50}]}]"
    assert firing(run(SWITCH, brief, monitoring(long_only)))
    assert not firing(run(SWITCH, brief, monitoring(both)))


def test_a_threshold_fires_when_its_condition_holds() -> None:
    record = run(SWITCH, BAD, monitoring(ABOVE))
    scrapes = [at for at in np.arange(0.0, 300.0, 5.0) if error_rate(record, at - 30, at) > 0.05]
    assert firing(record) == scrapes[:1]


def test_for_asks_that_it_holds_for_long_enough() -> None:
    lasting = "alerts: [{name: errors, kind: threshold, window: 30s, condition: result > 0.05, for: 20s}]"
    at_once, later = firing(run(SWITCH, BAD, monitoring(ABOVE))), firing(run(SWITCH, BAD, monitoring(lasting)))
    assert later == [at_once[0] + 20]


def test_it_resolves_and_can_fire_again() -> None:
    twice = "{faults: [{errorRate: 50%, at: 20s, for: 20s}, {errorRate: 50%, at: 150s, for: 20s}]}"
    record = run(SWITCH, twice, monitoring(ABOVE))
    assert (len(firing(record)), len(told(record, "alert", "resolved"))) == (2, 2)


def test_by_version_a_small_share_is_not_diluted() -> None:
    canary = "canary: {steps: [{setWeight: 10}, {pause: {}}]}"
    by_version = ABOVE.replace("kind", "by: version, kind")
    assert not firing(run(canary, BAD, monitoring(ABOVE)))
    record = run(canary, BAD, monitoring(by_version))
    assert firing(record)
    assert "shop-v2" in told(record, "alert", "firing")[0][1]


def test_the_time_to_detect_is_the_workbooks() -> None:
    """(1 - objective) / error rate x window x factor = 0.001 / 0.15 x 10 min x 14.4 = 57.6 s, and the next scrape.

    Band: 4 standard deviations of the time of the 432nd failure, 11 s: a false alarm in 16,000.
    """
    pair = "alerts: [{name: errors, kind: burnRate, windows: [{long: 10m, short: 50s, factor: 14.4}]}]"
    record = run(SWITCH, "{faults: [{errorRate: 15%}]}", monitoring(pair))
    switched = next(change.in_force_at for change in record.routes if change.requested == 100)
    assert 57.6 - 11 < firing(record)[0] - switched < 57.6 + 11 + 5


def test_a_small_canary_dilutes_its_errors_below_the_page() -> None:
    """5 % of the users x 20 % errors are 1 % overall: a burn of 10, below 14.4. By version the burn is 200."""
    canary = "canary: {steps: [{setWeight: 5}, {pause: {}}]}"
    pair = "kind: burnRate, windows: [{long: 5m, short: 1m, factor: 14.4}]"
    by_service, by_version = (f"alerts: [{{name: errors, by: {by}, {pair}}}]" for by in ("service", "version"))
    assert not firing(run(canary, BAD, monitoring(by_service)))
    assert firing(run(canary, BAD, monitoring(by_version)))


def test_history_counts_in_a_window_that_reaches_before_the_warm_up() -> None:
    long = "alerts: [{name: errors, kind: threshold, window: 10m, condition: result > 0.02}]"
    steady, none = (f"{{scrapeInterval: 5s, history: {kind}, {long}}}" for kind in ("steady", "none"))
    assert firing(run(SWITCH, BAD, steady))[0] > firing(run(SWITCH, BAD, none))[0]


@pytest.mark.parametrize("strategy", [SWITCH, "rollingUpdate: {}", BIG_BANG])
def test_the_person_undoes_the_release_after_the_reaction(strategy: str) -> None:
    record = run(strategy, BAD, monitoring(ABOVE, "onCall: {reaction: 40s}"))
    undone = [event for event in record.events if event.kind == "undo"]
    assert [(event.at_seconds, event.source) for event in undone] == [(firing(record)[0] + 40, "person")]
    assert record.outcome == "rolled_back"
    assert record.outcome_reason == "The person on call reacted to alert errors."


def test_without_a_person_nobody_undoes_it() -> None:
    assert run(SWITCH, BAD, monitoring(ABOVE)).outcome == "promoted"


def test_a_person_may_only_look() -> None:
    record = run(SWITCH, BAD, monitoring(ABOVE, "onCall: {reaction: 40s, action: none}"))
    assert record.outcome == "promoted"
    assert len(told(record, "person", "looks")) == 1


def test_an_alert_that_has_gone_by_itself_undoes_nothing() -> None:
    brief = "{faults: [{errorRate: 50%, at: 20s, for: 20s}]}"
    record = run(SWITCH, brief, monitoring(ABOVE, "onCall: {reaction: 90s}"))
    assert record.outcome == "promoted"
    assert told(record, "person", "looks")[0][1] == "Alert errors has gone by itself: nothing is undone."


def test_an_alert_from_before_the_release_pages_nobody() -> None:
    broken = {"services.shop.errorRate": 0.3}
    record = run(SWITCH, GOOD, monitoring(ABOVE, "onCall: {reaction: 30s}"), **broken)
    assert firing(record)[0] < 0
    assert (record.outcome, record.detections) == ("promoted", ())


def test_without_a_release_nothing_is_undone() -> None:
    plain = scenario(SWITCH, GOOD, monitoring(ABOVE, "onCall: {reaction: 30s}"))
    broken = plain.without_release().replace("spec.services.shop.errorRate", 0.3)
    record = World(broken, "none", seed=1).run()
    assert not [event for event in record.events if event.kind == "undo"]


def test_whoever_undoes_first_wins_and_there_is_no_second_undo() -> None:
    analysis = "analysis: {metric: errorRate, interval: 10s, failureCondition: result > 0.05, failureLimit: 9}"
    canary = f"canary: {{steps: [{{setWeight: 50}}, {{pause: {{duration: 4m}}}}], {analysis}}}"
    for reaction, first in (("10s", "person"), ("2m", "analysis")):
        record = run(canary, BAD, monitoring(ABOVE, f"onCall: {{reaction: {reaction}}}"))
        assert [event.source for event in record.events if event.kind == "undo"] == [first]


def test_the_reaction_is_drawn_from_its_law_and_the_seed() -> None:
    people = "onCall: {reaction: {distribution: exponential, mean: 30s}}"
    waits = []
    for seed in (1, 1, 2):
        record = run(SWITCH, BAD, monitoring(ABOVE, people), seed=seed)
        undone = next(event.at_seconds for event in record.events if event.kind == "undo")
        waits.append(undone - firing(record)[0])
    assert waits[0] == waits[1] != waits[2]


def test_a_pause_without_duration_ends_with_the_approvers_reaction() -> None:
    paused = "canary: {steps: [{setWeight: 20}, {pause: {}}]}"
    assert run(paused).outcome == "paused"
    record = run(paused, GOOD, "{scrapeInterval: 5s, approver: {reaction: 45s}}")
    begun = next(event.at_seconds for event in record.events if event.kind == "pause")
    assert [at for at, _ in told(record, "person", "approve")] == [begun + 45]
    assert record.outcome == "promoted"


def test_by_segment_testers_are_not_diluted() -> None:
    testers = "{faults: [{errorRate: 20%, segment: testers}]}"
    rare = ABOVE.replace("0.05", "0.1")
    assert not firing(run(SWITCH, testers, monitoring(rare)))
    record = run(SWITCH, testers, monitoring(rare.replace("kind", "by: segment, kind")))
    assert "errorRate of testers" in told(record, "alert", "firing")[0][1]


def test_by_endpoint_a_rare_one_is_not_diluted() -> None:
    asked = {"traffic.endpoints": {"browse": {"share": 0.9}, "pay": {"share": 0.1}}}
    rare = ABOVE.replace("0.05", "0.2")
    found = scenario(SWITCH, GOOD, monitoring(rare), **asked)
    broken = found.replace("spec.services.shop.versions.v2.faults", [{"errorRate": 0.6, "endpoint": "pay"}])
    assert not firing(World(broken, "blueGreen").run())
    by_endpoint = broken.replace("spec.monitoring.alerts[0].by", "endpoint")
    assert "errorRate of pay" in told(World(by_endpoint, "blueGreen").run(), "alert", "firing")[0][1]


def test_evaluated_in_its_own_rhythm_on_what_the_last_scrape_found() -> None:
    at_once = firing(run(SWITCH, BAD, monitoring(ABOVE)))[0]
    record = run(SWITCH, BAD, f"{{scrapeInterval: 5s, evaluationInterval: 7s, {ABOVE}}}")
    first_look = next(at for at in range(0, 300, 7) if at // 5 * 5 >= at_once)
    assert firing(record) == [first_look]
    (look,) = decisions(record, "alert errors")
    scraped = first_look // 5 * 5
    assert look.value == error_rate(record, scraped - 30, scraped)


def test_a_page_waits_for_other_alerts_and_is_one() -> None:
    later = ABOVE.replace("}]", "}, {name: more, kind: threshold, window: 30s, condition: result > 0.1}]")
    record = run(SWITCH, BAD, monitoring(later, "groupWait: 30s, onCall: {reaction: 40s}"))
    assert len(firing(record)) == 2
    undone = [event.at_seconds for event in record.events if event.kind == "undo"]
    assert undone == [firing(record)[0] + 70]
    alone = run(SWITCH, BAD, monitoring(later, "onCall: {reaction: 40s}"))
    assert len(told(alone, "person", "looks")) == len(told(record, "person", "looks")) + 1


def test_what_resolves_while_a_page_waits_pages_nobody() -> None:
    brief = "{faults: [{errorRate: 50%, at: 20s, for: 20s}]}"
    record = run(SWITCH, brief, monitoring(ABOVE, "groupWait: 60s, onCall: {reaction: 1s}"))
    assert firing(record)
    assert told(record, "person", "looks") == []


def test_a_person_needs_time_to_decide() -> None:
    record = run(SWITCH, BAD, monitoring(ABOVE, "onCall: {reaction: 40s, decision: 50s}"))
    undone = [event.at_seconds for event in record.events if event.kind == "undo"]
    assert [at for at, _ in told(record, "person", "looks")] == [firing(record)[0] + 40]
    assert undone == [firing(record)[0] + 90]
