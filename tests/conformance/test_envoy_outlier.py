"""Ejection after errors in a row does what Envoy's own tests ask for, in both engines."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planes import Move, Setup, at, served, started, versions

from sim.engine.compiled import CompiledPlane
from sim.engine.pods import observe
from sim.engine.protocol import Engine, Reason
from sim.engine.reference import Answer, ReferencePlane
from sim.spec.mesh import Mesh, OutlierDetection

CASES = json.loads((Path(__file__).parent / "cases" / "envoy_outlier.json").read_text())["cases"]
SCENARIOS = [case for case in CASES if case["group"] == "scenario"]
TIMES = [case["in"] | case["expect"] for case in CASES if case["group"] == "ejection_time"]
CODES = {"local_connect_failed": 503, "ext_origin_failed": 500, "ext_origin_success": 200, "local_connect_success": 200}
KINDS = ("compiled", "reference")


def plane(kind: str, hosts: int, **rule: Any) -> Engine:
    mesh = Mesh(outlier_detection=OutlierDetection(**rule))
    return started(kind, Setup(at(), versions(), pods=(hosts,), mesh=mesh))


def tell(engine: Engine, now: float, host: int, status: int) -> None:
    """Let the mesh see one answer of a host."""
    engine.advance(now)
    if isinstance(engine, CompiledPlane):
        observe(engine._state, now, np.int64(host), np.int64(0), np.int64(status >= 500))
    else:
        assert isinstance(engine, ReferencePlane)
        engine.observe(engine.pods[host], engine.pools[0], Answer(Reason.ERROR, status))


def is_ejected(engine: Engine, host: int) -> bool:
    mine = [ejection for ejection in engine.ejections() if ejection.pod == host]
    return bool(mine) and not mine[-1].returned


def events(step: dict[str, Any]) -> list[int]:
    """Return the statuses that a step reports; a tick reports none."""
    if "pair" in step:
        return [CODES[event["result"]] for event in step["pair"]] * step["repeat"]
    if "tick" in step:
        return []
    return [step["code"] if "code" in step else CODES[step["result"]]] * step["n"]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: case["name"])
@pytest.mark.parametrize("kind", KINDS)
def test_steps(kind: str, case: dict[str, Any]) -> None:
    given = case["in"]
    engine = plane(kind, given["hosts"], **given["config"])
    for number, step in enumerate(given["steps"], 1):
        engine.advance(step["t"])
        for status in events(step):
            tell(engine, step["t"], step["host"], status)
        for check in case["expect"]["checks"]:
            if check["after_step"] == number:
                assert is_ejected(engine, check["host"]) == check["ejected"]


@pytest.mark.parametrize("case", TIMES, ids=lambda case: f"ejection {case['nth']}")
@pytest.mark.parametrize("kind", KINDS)
def test_an_ejection_in_a_row_lasts_longer(kind: str, case: dict[str, Any]) -> None:
    engine = plane(kind, 1, base_ejection_time=case["base_s"], interval=case["tick_s"])
    now = 0.0
    for _ in range(case["nth"]):
        for _ in range(5):
            tell(engine, now, 0, 500)
        engine.advance(math.inf)
        ejected, returned = engine.ejections()[-2:]
        now = returned.at
    assert returned.at - ejected.at == case["ejected_for_s"]


@pytest.mark.parametrize(("healthy_ticks", "seconds"), [(0, 90), (1, 60), (2, 30), (9, 30)])
@pytest.mark.parametrize("kind", KINDS)
def test_each_healthy_tick_takes_one_off(kind: str, healthy_ticks: int, seconds: float) -> None:
    engine = plane(kind, 1)
    for now in (0.0, 30.0, 90.0 + 10 * healthy_ticks + 5):  # ejected for 30 s, then for 60 s, then as asked
        for _ in range(5):
            tell(engine, now, 0, 500)
        engine.advance(now + 60 if now == 30 else now)
    engine.advance(math.inf)
    ejected, returned = engine.ejections()[-2:]
    assert seconds <= returned.at - ejected.at < seconds + 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_4xx_answer_is_no_failure(kind: str) -> None:
    engine = plane(kind, 1)
    for status in [500] * 4 + [404] + [500] * 4:
        tell(engine, 0.0, 0, status)
    assert not engine.ejections()


@pytest.mark.parametrize("kind", KINDS)
def test_when_all_are_ejected_there_is_no_endpoint(kind: str) -> None:
    mesh = Mesh(outlier_detection={"consecutive_5xx_errors": 1, "max_ejection_percent": 100})
    setup = Setup(at(0.0, 1.0, 2.0, 3.0), versions({"error_rate": 1.0}, latency=0.1), pods=(2,), mesh=mesh)
    reasons = served(kind, setup).answers().reason.tolist()
    assert reasons[-1] == Reason.NO_ENDPOINT
    assert reasons[0] == Reason.ERROR


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_that_left_is_met_anew(kind: str) -> None:
    mesh = Mesh(load_balancer="roundRobin", outlier_detection={"consecutive_5xx_errors": 1})
    moves = [Move(0.5, "remove_endpoint", (0,)), Move(0.5, "add_endpoint", (0,))]
    setup = Setup(at(0.0, 1.0), versions({"error_rate": 1.0}, latency=0.1), mesh=mesh, moves=moves)
    engine = served(kind, setup)
    assert [(round(e.at, 3), e.returned) for e in engine.ejections()] == [(0.1, False), (1.1, False), (40.0, True)]
