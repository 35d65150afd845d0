"""Defects that other simulators of deployments and meshes have; none of them is here."""

from __future__ import annotations

import numpy as np
import pytest
from planes import BARE_MESH, Move, Setup, answers, drawn, rows, served, started, versions

from sim.engine.compiled import CompiledPlane
from sim.engine.keyed import ROUTE, uniforms
from sim.engine.layout import HEAP_SIZE, ROW_FIELDS
from sim.engine.protocol import PlaneConfig, Route

BYTES_A_ROW = 40


@pytest.mark.parametrize("percent", [0.4, 1.0, 1.9, 33.3])
def test_a_weight_is_never_rounded(percent: float) -> None:
    requests = drawn(2000, 10)
    setup = Setup(requests, versions({}, {}, latency=0.001), (1, 1), route=Route(((0, 100.0 - percent), (1, percent))))
    given = answers("compiled", setup)
    luck = [uniforms(requests.seed, requests.replication, ROUTE, request)[0] for request in given.request.tolist()]
    assert given.version.tolist() == [int(100.0 * number >= 100.0 - percent) for number in luck]


@pytest.mark.parametrize("kind", ["compiled", "reference"])
def test_without_a_ready_pod_each_request_has_its_answer_and_none_is_lost(kind: str) -> None:
    moves = (Move(1.0, "remove_endpoint", (0,)), Move(2.0, "add_endpoint", (0,)))
    setup = Setup(drawn(100, 3), versions(latency=0.05), moves=moves)
    given = answers(kind, setup)
    assert sorted(given.request.tolist()) == list(range(len(setup.requests.arrival)))
    arrival = setup.requests.arrival[given.request]
    missed = [reason == "NO_ENDPOINT" for (reason,) in rows(given, "reason")]
    assert missed == ((arrival > 1.0) & (arrival <= 2.0)).tolist()


@pytest.mark.parametrize("looks_ahead", [True, False])
def test_who_waits_longest_is_served_first(looks_ahead: bool) -> None:
    setup = Setup(drawn(300, 5), versions(latency={"distribution": "exponential", "mean": 0.02}, concurrency=3))
    config = PlaneConfig(setup.versions, setup.requests, BARE_MESH, setup.route, 0.0)
    given = served(CompiledPlane(config, looks_ahead=looks_ahead), setup).answers()
    assert np.all(np.diff(given.start[np.argsort(given.request)]) >= 0)


def test_overload_does_not_make_an_event_cost_more() -> None:
    setup = Setup(drawn(2000, 5), versions(latency=0.02, concurrency=4))
    config = PlaneConfig(setup.versions, setup.requests, BARE_MESH, setup.route, 0.0)
    plane = started(CompiledPlane(config, looks_ahead=False), setup)
    plane.advance(5.0)
    # Thousands wait in a list of which only the ends are touched; the heap holds who is served.
    assert plane.load().waiting[0] > 8000
    assert plane._state.iv[HEAP_SIZE] <= 4  # type: ignore[attr-defined]


def test_a_row_of_the_log_is_small() -> None:
    assert sum(np.dtype(item).itemsize for item in ROW_FIELDS.values()) <= BYTES_A_ROW
