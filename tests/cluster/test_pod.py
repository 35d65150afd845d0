from __future__ import annotations

import math

import pytest
from small_world import run, scenario

from sim.record import PodRow, Record

ROLL = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}


def first_new_pod(record: Record) -> PodRow:
    return next(row for row in record.pods if row.version == "v2")


def first_old_pod_to_leave(record: Record) -> PodRow:
    return min((row for row in record.pods if row.version == "v1"), key=lambda row: row.terminating_at)


def test_old_pods_are_ready_and_available_when_the_warm_up_begins():
    rows = run(scenario(ROLL)).pods[:4]
    assert {(row.created_at, row.started_at, row.ready_at, row.available_at) for row in rows} == {(-10, -10, -10, -10)}


@pytest.mark.parametrize(
    ("startup", "probe", "ready_at"),
    [
        ("2s", {"periodSeconds": 5}, 5),
        ("5s", {"periodSeconds": 5}, 5),
        ("5.1s", {"periodSeconds": 5}, 10),
        ("2s", {"periodSeconds": 5, "initialDelaySeconds": 3}, 3),
        ("2s", {"periodSeconds": 5, "successThreshold": 3}, 15),
        ("2s", {}, 10),
        ("2s", None, 0),
    ],
)
def test_a_pod_becomes_ready_with_the_first_probes_that_succeed(startup, probe, ready_at):
    row = first_new_pod(run(scenario(ROLL, startup=startup, readinessProbe=probe)))
    assert (row.created_at, row.ready_at) == (0, ready_at)


def test_a_start_and_a_probe_at_one_moment_meet_whatever_the_clock_reads():
    # The second and later pods begin at moments such as 0.1 + 5, where sums of decimals are rounded.
    record = run(scenario(ROLL, startup="5s", readinessProbe={"periodSeconds": 0.1}, minReadySeconds=0.1))
    assert all(row.ready_at == row.started_at for row in record.pods[4:])


def test_a_pod_without_a_probe_is_ready_before_its_application_listens():
    record = run(scenario({"type": "recreate"}, readinessProbe=None, startup="8s", preStop=2))
    row = first_new_pod(record)
    assert row.started_at - row.ready_at == 8
    refused = record.requests.arrival[record.answers.request[record.answers.reason == 5]]
    assert row.ready_at + 1 <= refused.min() < refused.max() <= row.started_at


def test_a_pod_is_available_after_min_ready_seconds():
    row = first_new_pod(run(scenario(ROLL, minReadySeconds=7)))
    assert (row.ready_at, row.available_at) == (5, 12)


@pytest.mark.parametrize(
    ("pre_stop", "grace", "seconds"),
    [(None, 30, 1), (5, 30, 6), (40, 30, 31), (5, 5, 6)],
    ids=["no preStop", "preStop", "preStop overruns", "preStop takes all"],
)
def test_an_idle_pod_is_gone_one_relist_after_sigterm(pre_stop, grace, seconds):
    row = first_old_pod_to_leave(run(scenario(ROLL, preStop=pre_stop, terminationGracePeriodSeconds=grace)))
    assert row.gone_at - row.terminating_at == seconds


@pytest.mark.parametrize(("pre_stop", "grace", "seconds"), [(None, 10, 10), (4, 10, 10), (15, 10, 12), (None, 1, 2)])
def test_a_pod_that_does_not_finish_is_killed_when_its_grace_ends(pre_stop, grace, seconds):
    given = scenario(ROLL, latency="60s", preStop=pre_stop, terminationGracePeriodSeconds=grace, duration=100)
    record = run(given)
    row = first_old_pod_to_leave(record)
    assert row.gone_at - row.terminating_at == seconds
    assert "killed" in row.reason


def test_a_pod_that_overran_its_pre_stop_resets_what_it_holds():
    record = run(scenario({"type": "recreate"}, latency="60s", terminationGracePeriodSeconds=3, duration=100))
    reset = record.answers.reason == 4
    assert reset.any()
    assert set(record.answers.finish[reset]) == {3.0}


def test_a_version_that_is_never_ready_takes_no_request():
    record = run(scenario(ROLL, new={"faults": [{"neverReady": True}]}))
    assert all(math.isnan(row.ready_at) for row in record.pods if row.version == "v2")
    assert not (record.answers.version == record.candidate).any()


def test_a_ready_pod_becomes_unready_after_failed_probes_and_ready_again_after_the_fault():
    record = run(scenario(ROLL, new={"faults": [{"neverReady": True, "at": 100, "for": 50}]}))
    ready = [(change.at_seconds, change.ready) for change in record.pod_changes if change.version == 1]
    # Four pods, one after the other 5 s apart, and all probed at the same multiples of 5 s: the third miss is at 110.
    assert [each for each in ready if each[0] > 50] == [(110.0, 0), (150.0, 4)]


def test_a_crash_at_start_backs_off_as_the_kubelet_does():
    record = run(scenario(ROLL, new={"faults": [{"crash": True, "for": 100}]}))
    row = first_new_pod(record)
    # Started 2 s after each container start; crashes at 2, 4, 16, 38, 80: waits 0, 10, 20, 40, 80 s.
    assert row.started_at == 80 + 80 + 2
    assert record.detections[0] == 4
    assert record.outcome == "promoted"


def test_running_containers_crash_at_the_moment_of_the_fault_and_reset_their_requests():
    fault = {"crash": True, "at": 100, "for": 1}
    record = run(scenario(ROLL, new={"faults": [fault]}, latency="500ms", replicas=2))
    reset = record.answers.reason == 4
    assert set(record.answers.finish[reset]) == {100.0}
    # The first restart comes at once: started after 2 s, ready with the probe of the restarted container.
    ready = [(change.at_seconds, change.ready) for change in record.pod_changes if change.version == 1]
    assert [each for each in ready if each[0] > 90] == [(100.0, 0), (105.0, 2)]


def test_a_pod_that_leaves_still_gets_requests_until_the_balancers_know():
    record = run(scenario({"type": "recreate"}, preStop=5, rate=200))
    arrivals = record.requests.arrival[record.answers.request[record.answers.version == 0]]
    assert 0.9 < arrivals.max() <= 1.0
    assert not (record.answers.reason == 5).any()


def test_without_pre_stop_such_requests_are_refused():
    record = run(scenario({"type": "recreate"}, rate=200))
    refused = record.requests.arrival[record.answers.request[record.answers.reason == 5]]
    assert 0 <= refused.min() < refused.max() <= 1.0
