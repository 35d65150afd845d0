"""What users ask for: shares, latencies, faults of one endpoint, and what a copy does a second time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planes import Setup, answers, at, columns, drawn, rows, versions
from scipy import stats

from sim.engine.protocol import Reason, Requests
from sim.run import simulate
from sim.scenario import Scenario
from sim.spec.endpoint import Endpoint, room_of
from sim.spec.mesh import Mesh
from sim.spec.model import FrozenMapping

ENDPOINTS = {
    "browse": Endpoint(share=0.9),
    "pay": Endpoint(share=0.1, latency_factor=4, method="POST", path="/pay"),
}


def test_requests_are_divided_by_shares() -> None:
    asked = drawn(1000, 10, endpoints=ENDPOINTS).endpoint
    assert asked is not None
    # Binomial at 1e-4; seed fixed.
    assert stats.binomtest(int(np.count_nonzero(asked == 1)), len(asked), 0.1).pvalue > 1e-4


def test_endpoints_change_nothing_else() -> None:
    with_, without = drawn(100, 10, endpoints=ENDPOINTS), drawn(100, 10)
    assert without.endpoint is None
    assert with_.arrival.tobytes() == without.arrival.tobytes()
    assert with_.user.tobytes() == without.user.tobytes()


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_an_endpoint_takes_its_time_and_fails_by_its_faults(kind: str) -> None:
    requests = drawn(20, 10, endpoints=ENDPOINTS)
    faults = ({"error_rate": 1.0, "endpoint": "pay"},)
    given = answers(kind, Setup(requests, versions({"faults": faults}, latency=0.25, concurrency=50)))
    assert requests.endpoint is not None
    pays = requests.endpoint[given.request] == 1
    assert (given.finish - given.start)[pays] == pytest.approx(1.0)
    assert (given.finish - given.start)[~pays] == pytest.approx(0.25)
    assert set(given.status[pays].tolist()) == {500}
    assert set(given.status[~pays].tolist()) == {200}


@pytest.mark.parametrize(
    ("method", "said", "changes"),
    [("GET", None, False), ("HEAD", None, False), ("PUT", None, True), ("POST", False, False), ("GET", True, True)],
)
def test_unsafe_methods_change_something_unless_said_otherwise(method: str, said: bool | None, changes: bool) -> None:
    assert Endpoint(share=1, method=method, side_effects=said).changes_something is changes  # type: ignore[arg-type]


SHOP = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: shop}
spec:
  duration: 1m
  traffic:
    TRAFFIC
    endpoints:
      browse: {share: 90%}
      pay: {share: 10%, method: POST, path: /pay}
  services: {shop: {replicas: 2, latency: 5ms, versions: {v1: {}, v2: {}}}}
  mesh: {}
  release: {service: shop, from: v1, to: v2}
  strategies: {shadow: {duration: 30s, then: rollingUpdate}, rollingUpdate: {}}
"""


def test_a_mirrored_copy_of_a_payment_pays_twice() -> None:
    run = simulate(Scenario.from_text(SHOP.replace("TRAFFIC", "rate: 20rps")), "shadow")
    requests, copies = run.record.requests, run.record.answers.request[run.record.answers.copy != 0]
    assert requests.endpoint is not None
    pays = int(np.count_nonzero(requests.endpoint[copies[requests.arrival[copies] >= 0]] == 1))
    assert run.summary()["repeated_side_effects"] == pays > 0
    assert simulate(run.scenario, "rollingUpdate").summary()["repeated_side_effects"] == 0


def test_the_table_of_requests_names_what_was_asked_for() -> None:
    run = simulate(Scenario.from_text(SHOP.replace("TRAFFIC", "rate: 20rps")), "rollingUpdate")
    counts = run.requests["endpoint"].value_counts()
    assert counts["browse"] > counts["pay"] > 0
    assert counts.sum() == run.summary()["offered_requests"]


def test_a_trace_may_name_endpoints_by_name_or_path(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at_seconds,endpoint\n0,browse\n1,/pay\n2,POST /pay\n3,browse\n")
    (tmp_path / "shop.yaml").write_text(SHOP.replace("TRAFFIC", "trace: log.csv"))
    import sim

    run = sim.simulate(sim.load(tmp_path / "shop.yaml"), "rollingUpdate")
    assert run.requests["endpoint"].tolist() == ["browse", "pay", "pay", "browse"]


RANKS = {"low": Endpoint(share=0.5), "high": Endpoint(share=0.5, priority=5)}
LOW, HIGH = 0, 1


def ranked(*asked: int) -> Requests:
    """Return requests a sixteenth of a second apart that ask for these endpoints."""
    requests = at(*(number / 16 for number in range(len(asked))))
    return replace(requests, endpoint=np.array(asked, np.int16), endpoints=FrozenMapping(RANKS))


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_the_higher_priority_is_served_first_and_equals_in_order(kind: str) -> None:
    given = answers(kind, Setup(ranked(LOW, LOW, HIGH, LOW, HIGH), versions(latency=1.0)))
    assert given.request.tolist() == [0, 2, 4, 1, 3]
    assert given.start.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_a_higher_priority_does_not_interrupt(kind: str) -> None:
    assert answers(kind, Setup(ranked(LOW, HIGH), versions(latency=1.0))).start.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_the_lower_priority_is_shed_when_half_of_the_queue_is_full(kind: str) -> None:
    service = versions(latency=1.0, queue_capacity=4)
    given = answers(kind, Setup(ranked(LOW, LOW, LOW, LOW, HIGH, HIGH, HIGH, LOW), service))
    shed = sorted(given.request[given.reason == Reason.SHED].tolist())
    # One is served and two wait; then two of the higher fill the queue, and the third of them finds it full.
    assert shed == [3, 6, 7]


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_who_leaves_a_queue_of_priorities_leaves_it_in_order(kind: str) -> None:
    mesh = Mesh(load_balancer="roundRobin", retries={"attempts": 0}, timeout=1.5)
    given = answers(kind, Setup(ranked(LOW, HIGH, LOW, HIGH, LOW), versions(latency=1.0), mesh=mesh))
    assert rows(given, "request", "reason") == [
        (0, "OK"), (1, "TIMEOUT"), (2, "TIMEOUT"), (3, "TIMEOUT"), (4, "TIMEOUT"),
    ]  # fmt: skip
    assert rows(given, "request", "start")[1] == (1, 1.0)


def test_places_are_kept_for_the_higher() -> None:
    assert [room_of(10, level, 3) for level in range(3)] == [10, 6, 3]
    assert room_of(0, 0, 2) == 0


def test_a_queue_of_priorities_grows_with_the_pods() -> None:
    service, requests = versions(latency=0.05), drawn(2500, 1, endpoints=RANKS)
    setup = Setup(requests, service, pods=(100,))
    assert columns(answers("compiled", setup)) == columns(answers("reference", setup))
