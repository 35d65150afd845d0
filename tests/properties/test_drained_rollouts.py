"""What holds for every rollout in which a node is drained, whatever the budget, the strategy and the moment."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.test_rollouts import (
    DURATION,
    assert_same_answers,
    meshes,
    pods_at,
    ready_over_time,
    run,
    services,
    strategies,
)
from small_world import scenario

from sim.cluster.disruption import desired_healthy
from sim.cluster.world import World
from sim.scenario import Scenario
from sim.spec.disruption_budget import PodDisruptionBudget

budgets = st.one_of(
    st.none(),
    st.sampled_from([0, 1, 3, "25%", "100%"]).map(lambda count: {"maxUnavailable": count}),
    st.sampled_from([1, 3, "50%", "100%"]).map(lambda count: {"minAvailable": count}),
    st.just({"minAvailable": "50%", "unhealthyPodEvictionPolicy": "AlwaysAllow"}),
)
drains = st.fixed_dictionaries({"at": st.floats(0, 60), "for": st.sampled_from([5, 60, 1000])})
some = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def drained(strategy: dict[str, Any], budget: dict[str, Any] | None, drain: dict[str, Any], **keys: Any) -> Scenario:
    given = scenario(strategy, podDisruptionBudget=budget, rate=5, **keys)
    nodes = given.replace("spec.cluster", {"nodes": {"count": 3, "pods": 30}})
    return nodes.replace("spec.incidents", [{**drain, "drainNode": "node-1"}])


@some
@given(service=services, strategy=strategies, mesh=meshes, budget=budgets, drain=drains)
def test_a_healthy_version_arrives_all_the_same(service, strategy, mesh, budget, drain):
    record = run(drained(strategy, budget, drain, mesh=mesh, duration=DURATION, **service))
    assert record.outcome == "promoted"
    assert (pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")) == (0, service["replicas"])


@some
@given(service=services, strategy=strategies, mesh=meshes, budget=budgets, drain=drains, undo_at=st.floats(0.5, 80))
def test_an_undo_ends_with_the_old_version_at_full_count(service, strategy, mesh, budget, drain, undo_at):
    record = run(drained(strategy, budget, drain, mesh=mesh, duration=DURATION, **service), undo_at)
    assert record.outcome == "rolled_back"
    assert (pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")) == (service["replicas"], 0)


@some
@given(service=services, budget=budgets, drain=drains)
def test_evictions_alone_never_break_a_budget(service, budget, drain):
    record = run(drained({"type": "none"}, budget, drain, duration=200, **service))
    replicas = service["replicas"]
    needed = desired_healthy(PodDisruptionBudget.model_validate(budget), replicas) if budget else 0
    assert min(count for _, count in ready_over_time(record)) >= min(needed, replicas)
    assert pods_at(record, 200, "v1") == replicas


@some
@given(service=services, strategy=strategies, mesh=meshes, drain=drains)
def test_a_cordoned_node_takes_no_pod_and_a_drained_one_keeps_none(service, strategy, mesh, drain):
    world = World(drained(strategy, None, {"at": drain["at"]}, mesh=mesh, duration=200, **service), "it")
    world.run()
    node = [pod for pod in world.pods if pod.node is not None and pod.node.name == "node-1"]
    assert all(pod.row.created_at <= drain["at"] for pod in node)
    assert all(pod.row.gone_at <= 200 for pod in node)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(service=services, strategy=strategies, mesh=meshes, budget=budgets, drain=drains)
def test_a_drain_is_the_same_in_either_engine(service, strategy, mesh, budget, drain):
    small = drained(strategy, budget, drain, mesh=mesh, duration=100, **service)
    compiled, reference = (run(small, engine=engine) for engine in ("compiled", "reference"))
    assert_same_answers(compiled, reference)
    assert compiled.events == reference.events
