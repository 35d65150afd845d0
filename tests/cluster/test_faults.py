"""Faults of pods: memory that runs out, crashes of a few pods or again and again, by moments worked out by hand."""

from __future__ import annotations

import pytest
from small_world import run, scenario, story

from sim.errors import ScenarioError

ROLL = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
WARM = {"type": "none"}


def crashes(record):
    return [(at, subject) for at, _, subject in story(record, "crash")]


def test_a_container_is_killed_at_the_first_second_after_its_memory_has_run_out():
    leak = {"memoryLeak": {"perRequest": "1Mi", "limit": "100Mi"}}
    given = scenario({"type": "recreate"}, replicas=1, new={"faults": [leak]}, rate=20)
    record = run(given)
    new = next(row for row in record.pods if row.version == "v2")
    mine = record.answers.start[record.answers.pod == new.pod]
    hundred_and_first = sorted(mine[mine >= new.started_at].tolist())[100]
    killed, subject = crashes(record)[0]
    assert subject == new.name
    seconds_of_life = killed - new.created_at
    assert seconds_of_life == pytest.approx(round(seconds_of_life))
    assert hundred_and_first <= killed < hundred_and_first + 1
    # The next container begins with empty memory.
    assert sum(1 for row in record.pods if row.version == "v2") == 1
    # Once is no loop; the container that starts at once and runs out as well makes it one.
    assert record.detections[0] == crashes(record)[1][0] > killed


def test_requests_in_flight_are_reset_when_memory_runs_out():
    leak = {"memoryLeak": {"perRequest": 10, "limit": 1000}}
    record = run(scenario({"type": "recreate"}, replicas=1, new={"faults": [leak]}, latency="1s", rate=20))
    assert (record.answers.reason == 4).any()


def test_only_the_first_pod_crashes():
    record = run(scenario(ROLL, new={"faults": [{"crash": True, "at": 100, "for": 1, "pods": 1}]}))
    assert [at for at, _ in crashes(record)] == [100]
    assert record.pods[next(r.pod for r in record.pods if r.version == "v2")].name == crashes(record)[0][1]


def test_a_crash_that_comes_back():
    record = run(scenario(ROLL, new={"faults": [{"crash": True, "at": 100, "for": 1, "every": 60, "pods": 1}]}))
    pod = next(row for row in record.pods if row.version == "v2").pod
    resets = record.answers.finish[(record.answers.pod == pod) & (record.answers.reason == 4)]
    assert set(resets.tolist()) <= {100.0, 160.0, 220.0, 280.0}
    refused = record.answers.finish[(record.answers.pod == pod) & (record.answers.reason == 5)]
    for crash in (100, 160, 220, 280):
        assert ((refused >= crash) & (refused < crash + 15)).any()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"crash": True, "userShare": "5%"}, "limits crash by userShare"),
        ({"neverLive": True, "every": "1m", "for": "1s"}, "limits neverLive by every"),
        ({"memoryLeak": {"perRequest": 1, "limit": 2}, "at": "1m"}, "limits memoryLeak by at"),
        ({"latencyFactor": 2, "errorLatency": "1s"}, "must have an errorRate"),
        ({"errorRate": "5%", "every": "1m"}, "every needs a for"),
        ({"errorRate": "5%", "every": "1m", "for": "1m"}, "must be longer than that"),
        ({"errorRate": "5%", "aboveUtilization": "100%"}, "must be between 0 and 0.999"),
    ],
)
def test_what_makes_no_sense_is_refused(fault, words):
    with pytest.raises(ScenarioError, match=words):
        scenario(ROLL, livenessProbe={}, new={"faults": [fault]})
