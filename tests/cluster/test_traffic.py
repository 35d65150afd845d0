from __future__ import annotations

import math

from small_world import run, scenario

from sim.cluster.clock import PERSON
from sim.cluster.world import World
from sim.record import RouteChange

SWITCH = {"type": "blueGreen", "scaleDownDelaySeconds": 300}


def test_a_weight_comes_into_force_after_the_mesh_has_heard_of_it():
    record = run(scenario(SWITCH, mesh={"propagationDelay": "3s"}))
    assert record.routes == (RouteChange(-10, 0, -10), RouteChange(5, 100, 8))
    first = record.requests.arrival[record.answers.request[record.answers.version == record.candidate]].min()
    assert 8 <= first < 8.5


def test_without_a_mesh_the_selector_switches_with_the_endpoints():
    record = run(scenario(SWITCH, endpointPropagation="2s"))
    assert record.routes[1] == RouteChange(5, 100, 7)


def test_a_change_that_a_later_one_overtakes_never_comes_into_force():
    given = scenario(SWITCH, mesh={"propagationDelay": {"distribution": "uniform", "low": 0, "high": 60}})
    for seed in range(40):
        world = World(given, "it", seed=seed)
        world.env.call(6.0, PERSON, 0, lambda world=world: world.request_undo("a person decided"))
        record = world.run()
        there, back = record.routes[1:]
        if math.isnan(there.in_force_at):
            assert back.in_force_at >= 6
            assert not (record.answers.version == record.candidate).any()
            return
    raise AssertionError("in 40 seeds no change overtook another")


def test_a_service_that_users_do_not_call_moves_its_pods_and_no_request():
    data = scenario(SWITCH).as_dict()
    data["spec"]["services"]["db"] = {"replicas": 2, "versions": {"a": {}, "b": {}}}
    data["spec"]["traffic"]["entry"] = "web"
    data["spec"]["release"] = {"service": "db", "from": "b", "to": "a"}
    record = run(type(scenario(SWITCH)).from_dict(data))
    assert record.service_versions == (("web", "v1"), ("db", "b"), ("db", "a"))
    assert (record.service, record.stable, record.candidate, record.outcome) == ("db", 1, 2, "promoted")
    assert set(record.answers.version) == {0}
    assert set(record.answers.status) == {200}
