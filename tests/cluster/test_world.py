from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from small_world import run, scenario

from sim.cluster import guard
from sim.cluster.clock import PERSON, POD, STRATEGY, Clock
from sim.cluster.world import World
from sim.errors import BudgetError, InvariantError

ROLL = {"type": "rollingUpdate"}
RANDOM = {
    "startup": {"distribution": "lognormal", "median": "3s", "p99": "9s"},
    "endpointPropagation": {"distribution": "exponential", "mean": "1s"},
}


def answers_of(record):
    return {field.name: getattr(record.answers, field.name) for field in dataclasses.fields(record.answers)}


def assert_same_answers(left, right):
    for name, column in answers_of(left).items():
        np.testing.assert_array_equal(column, getattr(right.answers, name), err_msg=name)


def test_events_of_one_instant_come_by_rank_then_by_key_then_what_they_set_off():
    clock, seen = Clock(), []
    clock.call(1.0, STRATEGY, 0, lambda: seen.append("strategy"))
    clock.call(1.0, POD, 2, lambda: seen.append("pod 2"))
    clock.call(1.0, PERSON, 0, lambda: (seen.append("person"), clock.call(1.0, POD, 9, lambda: seen.append("pod 9"))))
    clock.call(1.0, POD, 1, lambda: seen.append("pod 1"))
    clock.run()
    assert seen == ["pod 1", "pod 2", "person", "pod 9", "strategy"]


def test_a_moment_is_exact():
    clock = Clock(initial_time=-0.3)
    assert [clock.run(clock.moment(0.1 * k, POD)) or clock.now for k in range(50)] == [0.1 * k for k in range(50)]


def test_two_runs_with_one_seed_are_the_same():
    given = scenario(ROLL, **RANDOM)
    first, second = run(given), run(given)
    assert first.events == second.events
    assert first.pods == second.pods or str(first.pods) == str(second.pods)  # nan differs from nan
    assert_same_answers(first, second)


def test_another_replication_has_other_luck():
    given = scenario(ROLL, **RANDOM)
    starts = [[row.started_at for row in run(given, replication=replication).pods[4:]] for replication in (0, 1)]
    assert starts[0] != starts[1]


def test_a_pod_has_the_same_luck_under_every_strategy():
    starts = {}
    for kind in ("recreate", "rollingUpdate", "blueGreen"):
        record = run(scenario({"type": kind}, **RANDOM))
        rows = [row for row in record.pods if row.version == "v2"]
        starts[kind] = {row.name: round(row.started_at - row.created_at, 9) for row in rows}
    assert starts["recreate"] == starts["rollingUpdate"] == starts["blueGreen"]


def test_until_the_release_starts_a_run_equals_the_run_in_which_nothing_is_deployed():
    given = scenario(ROLL, **RANDOM)
    released, nothing = run(given), World(given.without_release(), "none").run()
    before = [record.requests.arrival[record.answers.request] < -1 for record in (released, nothing)]
    finish = [record.answers.finish[mask] for record, mask in zip((released, nothing), before, strict=True)]
    np.testing.assert_array_equal(*finish)
    assert (nothing.outcome, nothing.candidate, len(nothing.pods)) == ("kept", None, 4)


def test_the_run_without_a_release_keeps_the_old_version_wherever_it_stands_in_the_file():
    data = scenario(ROLL, old={"errorRate": 1.0}).as_dict()
    data["spec"]["release"] = {"service": "web", "from": "v2", "to": "v1"}
    given = type(scenario(ROLL)).from_dict(data)
    record = World(given.without_release(), "none").run()
    assert record.service_versions[record.stable] == ("web", "v2")
    assert set(record.answers.status) == {200}


def test_requests_can_be_handed_in():
    given = scenario(ROLL)
    first = run(given)
    assert run(given, requests=first.requests).requests is first.requests


def test_samples_are_taken_at_whole_seconds_of_the_whole_run():
    record = run(scenario({"type": "recreate"}, duration=60))
    samples = record.samples
    np.testing.assert_array_equal(samples.at, np.arange(-10, 61))
    # The old pods are gone from 0 on, the new ones created at 1 and ready at 6.
    np.testing.assert_array_equal(samples.pods_ready[[9, 10, 15, 16], :], [[4, 0], [0, 0], [0, 0], [0, 4]])
    np.testing.assert_allclose(samples.worker_seconds[[10, 26], :], [[160, 0], [160, 160]])
    assert np.all(np.diff(samples.busy_seconds, axis=0) >= 0)


def test_the_present_moment_is_the_last_sample_a_control_loop_sees():
    world, seen = World(scenario(ROLL, duration=60), "it"), []
    world.env.call(12.5, PERSON, 0, lambda: seen.append(world.load_samples().at[-2:].tolist()))
    record = world.run()
    assert seen == [[12.0, 12.5]]
    assert 12.5 not in record.samples.at


def test_every_request_is_answered_after_the_end():
    record = run(scenario(ROLL, latency="20s", concurrency=1000, duration=60))
    assert len(record.answers) == len(record.requests.arrival)
    assert record.answers.finish.max() > 60


def test_events_that_never_end_are_a_broken_invariant():
    world = World(scenario(ROLL), "it")

    def again():
        world.env.call(world.now, POD, 0, again)

    again()
    with pytest.raises(InvariantError, match="never end"):
        world.run()


def test_a_run_that_takes_too_long_is_over_the_budget():
    with pytest.raises(BudgetError, match=r"longer than 0 s of real time"):
        run(scenario(ROLL), wall_clock_limit=0.0)
    assert guard.WALL_CLOCK_LIMIT_SECONDS > 60


@pytest.mark.parametrize("now_and_scrape", [(0, 0), (4.999, 0), (5, 5), (12, 10), (-0.1, -5)])
def test_the_last_scrape_is_at_a_multiple_of_the_interval(now_and_scrape):
    now, scrape = now_and_scrape
    assert World(scenario(ROLL), "it").last_scrape(now) == scrape


def test_a_run_without_a_warm_up_starts_with_the_release():
    data = scenario(ROLL, duration=60).as_dict()
    data["spec"]["warmup"] = 0
    record = run(type(scenario(ROLL)).from_dict(data))
    assert (record.pods[0].ready_at, record.samples.at[0], record.outcome) == (0, 0, "promoted")
    assert record.requests.arrival.min() >= 0
