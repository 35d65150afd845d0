"""Startup and liveness probes, and the pull of an image, by moments worked out by hand."""

from __future__ import annotations

import math

import pytest
from small_world import run, scenario, story

from sim.cluster.probes import Silence, first_answer, patience_ends
from sim.cluster.restart_back_off import RestartBackOff
from sim.record import PodRow, Record
from sim.spec.restart_probe import RestartProbe

ROLL = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
EVERY_10_S = RestartProbe(initial_delay_seconds=5, period_seconds=10, failure_threshold=3)


def first_new_pod(record: Record) -> PodRow:
    return next(row for row in record.pods if row.version == "v2")


@pytest.mark.parametrize(
    ("silences", "ends"),
    [
        ([], math.inf),
        ([(0, 25)], math.inf),
        ([(0, 25.1)], 25),
        ([(-math.inf, math.inf)], 25),
        ([(50, 100)], 75),
        ([(0, 20), (20, 30)], 25),
        ([(0, 6), (12, 30)], 25),
        ([(0, 6), (16, 30)], math.inf),
        ([(0, 6), (16, 60)], 45),
        ([(100, 110), (105, 130), (0, 16)], 125),
    ],
    ids=["none", "two probes", "three probes", "for ever", "later", "one after the other", "no probe between",
         "a success between", "in a row again", "overlapping"],
)  # fmt: skip
def test_patience_ends_with_the_third_miss_in_a_row_at_5_15_25(silences, ends):
    assert patience_ends(EVERY_10_S, 5, [Silence(*each) for each in silences]) == ends


@pytest.mark.parametrize(("started", "at"), [(0, 5), (5, 5), (5.1, 15), (15, 15)])
def test_the_first_probe_after_a_start_answers(started, at):
    assert first_answer(EVERY_10_S, 5, started) == at


def test_ends_by_itself_are_followed_by_ever_longer_waits():
    back_off, now, waits = RestartBackOff(), 0.0, []
    for _ in range(8):
        at = back_off.after_end(now)
        waits.append(at - now)
        now = at + 3
    # Source: Kubernetes docs, Pod lifecycle: 10 s, 20 s, 40 s, ..., capped at 5 minutes.
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize(("ran", "wait"), [(599, 20), (600, 20), (601, 0)])
def test_ten_minutes_without_an_end_make_it_forget(ran, wait):
    back_off = RestartBackOff()
    back_off.after_end(0)
    assert back_off.after_end(5) == 15
    assert back_off.after_end(15 + ran) == 15 + ran + wait


def test_a_kill_waits_only_where_the_end_before_it_is_nearer_than_the_wait():
    back_off = RestartBackOff()
    # Every 35 s: nothing to look back at, no wait yet, then 10 s and 20 s are over, 40 s are not.
    assert [back_off.after_kill(now) - now for now in (0, 35, 70, 105, 140)] == [0, 0, 0, 0, 40]


def test_a_liveness_probe_that_does_not_wait_for_the_start_restarts_for_ever():
    probe = {"periodSeconds": 5, "failureThreshold": 3}
    record = run(scenario(ROLL, new={"startup": "20s", "livenessProbe": probe}))
    # Probes at 0, 5 and 10 of each container find nobody, and SIGTERM takes one relist. The kubelet looks back at the
    # end of the container before, 11 s ago: that is longer than nothing, nothing and 10 s, not than 20 s, 40 s, 80 s.
    restarts = [10, 21, 32, 43, 44 + 20 + 10, 75 + 40 + 10, 126 + 80 + 10]
    assert [at for at, kind, _ in story(record, "restart")] == restarts
    assert math.isnan(first_new_pod(record).started_at)
    assert record.detections[0] == 44


def test_a_startup_probe_gives_a_slow_start_its_time():
    probe = {"periodSeconds": 5, "failureThreshold": 3}
    startup = {"periodSeconds": 3, "failureThreshold": 10}
    record = run(scenario(ROLL, new={"startup": "20s", "livenessProbe": probe, "startupProbe": startup}))
    assert story(record, "restart") == []
    # The startup probe of 21 s finds it, and readiness is asked at once.
    assert (first_new_pod(record).started_at, first_new_pod(record).ready_at) == (20, 21)
    assert record.outcome == "promoted"


@pytest.mark.parametrize(("startup", "restarts"), [("290s", []), ("291s", [290])])
def test_thirty_probes_ten_seconds_apart_give_a_start_its_five_minutes(startup, restarts):
    # Source: Kubernetes docs, Configure probes: failureThreshold 30 and periodSeconds 10 are up to 5 minutes; the first
    # of the thirty comes at once.
    probe = {"failureThreshold": 30, "periodSeconds": 10}
    given = scenario({"type": "recreate"}, replicas=1, new={"startup": startup, "startupProbe": probe}, rate=1)
    record = run(given.replace("spec.duration", 320))
    created = first_new_pod(record).created_at
    assert [at - created for at, *_ in story(record, "restart")] == restarts


def test_a_startup_probe_loses_patience_too():
    record = run(scenario(ROLL, new={"startup": "20s", "startupProbe": {"periodSeconds": 5, "failureThreshold": 4}}))
    assert [at for at, *_ in story(record, "restart")][:2] == [15, 31]
    assert "startup probe failed 4 times" in next(event.message for event in record.events if event.kind == "restart")


def test_without_a_readiness_probe_a_started_container_is_ready():
    record = run(scenario(ROLL, readinessProbe=None, new={"startupProbe": {"periodSeconds": 3}}))
    assert first_new_pod(record).ready_at == 3


def test_an_image_that_cannot_be_pulled_is_tried_again_after_ever_longer_waits():
    missing = {"faults": [{"imagePullFails": True, "at": 0, "for": 65}]}
    record = run(scenario(ROLL, new=missing))
    assert [(at, subject) for at, _, subject in story(record, "pull")] == [(0, first_new_pod(record).name)]
    assert "ImagePullBackOff" in next(event.message for event in record.events if event.kind == "pull")
    # Tries at 0, 10, 30 find nothing; the one at 70 does, and the container starts within 2 s.
    assert first_new_pod(record).started_at == 72
    assert (record.detections[0], record.outcome) == (0, "promoted")


def test_a_release_without_its_image_stands_still_and_hurts_nobody():
    record = run(scenario(ROLL, new={"faults": [{"imagePullFails": True}]}, progressDeadlineSeconds=60))
    assert math.isnan(first_new_pod(record).started_at)
    assert [at for at, *_ in story(record, "deadline")] == [61]  # the controller looks again a second after it is over
    assert not (record.answers.status >= 500).any()


def test_a_container_that_hangs_is_restarted_and_finishes_what_it_holds():
    fault = {"neverLive": True, "at": 100, "for": 30}
    record = run(
        scenario({"type": "recreate"}, replicas=1, livenessProbe={}, new={"faults": [fault]}, latency="1s", rate=2)
    )
    # Created when the old pod had gone (6 s, preStop none): probed at multiples of 10 s from there; misses at 106, ...
    created = first_new_pod(record).created_at
    third_miss = next(created + 10 * n for n in range(100) if created + 10 * n >= 100) + 20
    assert [at for at, *_ in story(record, "restart")] == [third_miss]
    assert not (record.answers.reason == 4).any()
    refused = record.requests.arrival[record.answers.request[record.answers.reason == 5]]
    assert (refused > third_miss).any()


def test_pods_that_were_warm_are_restarted_as_well():
    fault = {"neverLive": True, "at": 100, "for": 25}
    record = run(
        scenario(
            ROLL, livenessProbe={}, old={"faults": [fault]}, new={"startup": "200s", "livenessProbe": None}, replicas=2
        )
    )
    # Warm since -10 s, so probed at multiples of 10 s; up again 1 + 2 s later, ready at the next probe of 5 s.
    assert [at for at, *_ in story(record, "restart")] == [120, 120]
    ready = [(change.at_seconds, change.ready) for change in record.pod_changes if change.version == 0]
    assert [each for each in ready if 100 <= each[0] < 200] == [(121, 0), (126, 2)]


def test_the_back_off_is_forgotten_after_ten_minutes():
    faults = [{"crash": True, "at": at, "for": 1} for at in (100, 200, 300, 1000)]
    record = run(scenario({"type": "recreate"}, new={"faults": faults}, replicas=1, duration=1300))
    down = [change.at_seconds for change in record.pod_changes if change.version == 1 and change.ready == 0]
    up = [change.at_seconds for change in record.pod_changes if change.version == 1 and change.ready == 1]
    # A probe 5 s into a container that starts at once; then after 10 s and 20 s; then at once again.
    assert [at for at in down if at >= 100] == [100, 200, 300, 1000]
    assert [at for at in up if at > 100] == [105, 215, 325, 1005]


def test_an_image_is_pulled_before_the_first_start_only():
    fault = {"crash": True, "at": 50, "for": 1}
    record = run(scenario({"type": "recreate"}, imagePull="30s", replicas=1, new={"faults": [fault]}))
    row = first_new_pod(record)
    assert row.started_at - row.created_at == 32
    again = [change.at_seconds for change in record.pod_changes if change.version == 1 and change.ready == 1]
    assert again[-1] - 50 == 5


def test_a_node_pulls_an_image_once():
    given = scenario({"type": "blueGreen"}, mesh={}, imagePull={"distribution": "uniform", "low": "10s", "high": "40s"})
    alone = [row.started_at for row in run(given).pods if row.version == "v2"]
    assert len(set(alone)) == 4
    together = [
        row.started_at
        for row in run(given.replace("spec.cluster", {"nodes": {"count": 2}})).pods
        if row.version == "v2"
    ]
    # Four pods on two nodes, each started with the first of its node.
    assert together == [*alone[:2], *alone[:2]]


def test_both_engines_agree_on_restarts():
    given = scenario(
        ROLL, imagePull={"distribution": "exponential", "mean": "5s"}, livenessProbe={"periodSeconds": 3},
        startupProbe={"periodSeconds": 1}, new={"faults": [{"neverLive": True, "at": 40, "for": 60}]},
    )  # fmt: skip
    fast, readable = run(given), run(given, engine="reference")
    assert fast.events == readable.events
    assert (fast.answers.finish == readable.answers.finish).all()
    assert (fast.answers.reason == readable.answers.reason).all()
