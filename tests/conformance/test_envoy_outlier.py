"""Ejection of pods does what Envoy's own tests ask for, in both engines.

Envoy's enforcing_* are chances; here a rule is on or off, and the consecutive gateway rule is off unless asked for, as
in Istio. The counters are compared where they count ejections; Envoy's counts of what it only detected have none here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import real_cases
from planes import Move, Setup, at, served, started, versions

from sim.engine.compiled import CompiledPlane
from sim.engine.outliers import connect, report
from sim.engine.protocol import Engine, Reason
from sim.engine.reference import Answer, ReferencePlane
from sim.engine.reference_outlier import success_rate_threshold
from sim.spec.mesh import Mesh, OutlierDetection

CASES = real_cases.load("envoy_outlier.json")["cases"]
KINDS = ("compiled", "reference")
EXTERNAL = {"ext_origin_failed": 500, "ext_origin_success": 200}
LOCAL = {"local_connect_failed": (Reason.REFUSED, 503), "local_timeout": (Reason.TIMEOUT, 504)}
RATES = {"success_rate": {}, "failure_percentage": {}}


def group(name: str) -> list[dict[str, Any]]:
    return [case for case in CASES if case["group"] == name]


def rule_of(given: dict[str, Any]) -> OutlierDetection:
    """Return the rule of a case: Envoy enforces 5xx, local failures and success rate unless a case says otherwise."""
    on = {"consecutive_5xx": True, "local_origin_failure": True, "success_rate": True, **given["enforce"]}
    is_split = given["config"].get("split_local_and_external", False)
    keys: dict[str, Any] = {"consecutive_5xx_errors": 5 if on["consecutive_5xx"] else 0}
    keys["consecutive_gateway_errors"] = 5 if on.get("gateway_failure") else 0
    if is_split:
        keys["consecutive_local_origin_failures"] = 5 if on["local_origin_failure"] else 0
    keys |= {name: value for name, value in RATES.items() if on.get(name)}
    if "max_ejection_percent" in given["config"]:
        keys["max_ejection_percent"] = given["config"]["max_ejection_percent"]
    return OutlierDetection(split_external_local_origin_errors=is_split, **keys)


def plane(kind: str, hosts: int, rule: OutlierDetection) -> Engine:
    return started(kind, Setup(at(), versions(), pods=(hosts,), mesh=Mesh(outlier_detection=rule)))


def tell(engine: Engine, host: int, reason: Reason, status: int) -> None:
    """Let the mesh see how an attempt at a host ended."""
    if isinstance(engine, CompiledPlane):
        pod, pool = np.int64(host), np.int64(0)
        report(engine._state, engine._now, pod, pool, np.int64(reason), np.int64(status))
    else:
        assert isinstance(engine, ReferencePlane)
        engine.observe(engine.pods[host], engine.pools[0], Answer(reason, status))


def tell_of_connection(engine: Engine, host: int) -> None:
    if isinstance(engine, CompiledPlane):
        connect(engine._state, engine._now, np.int64(host))
    else:
        assert isinstance(engine, ReferencePlane)
        engine.connect(engine.pods[host])


def tell_event(engine: Engine, host: int, event: dict[str, Any], rule: OutlierDetection) -> None:
    """Let the mesh see what a case tells in Envoy's words."""
    result, code = event.get("result"), event.get("code", EXTERNAL.get(event.get("result", "")))
    if rule.split_external_local_origin_errors and result == "local_connect_success":
        tell_of_connection(engine, host)
    elif code is not None:
        tell(engine, host, Reason.ERROR, code)
    else:
        tell(engine, host, *LOCAL[result])


def events(step: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a step reports; a tick reports nothing: ours come every interval by themselves."""
    if "tick" in step:
        return []
    return step["pair"] * step["repeat"] if "pair" in step else [step] * step["n"]


def is_ejected(engine: Engine, host: int) -> bool:
    mine = [ejection for ejection in engine.ejections() if ejection.pod == host]
    return bool(mine) and not mine[-1].returned


def compared(engine: Engine) -> tuple[float, float]:
    """Return average and threshold of the last look."""
    if isinstance(engine, CompiledPlane):
        return float(engine._state.pool_average[0]), float(engine._state.pool_threshold[0])
    assert isinstance(engine, ReferencePlane)
    return engine.pools[0].rates


@pytest.mark.parametrize("case", group("scenario"), ids=lambda case: case["name"])
@pytest.mark.parametrize("kind", KINDS)
def test_steps(kind: str, case: dict[str, Any]) -> None:
    given, rule = case["in"], rule_of(case["in"])
    engine = plane(kind, given["hosts"], rule)
    for number, step in enumerate(given["steps"], 1):
        engine.advance(step["t"])
        for event in events(step):
            for host in range(given["hosts"]) if step["host"] == "all" else [step["host"]]:
                tell_event(engine, host, event, rule)
        for check in case["expect"]["checks"]:
            if check["after_step"] == number:
                assert is_ejected(engine, check["host"]) == check["ejected"]
                if "average" in check:
                    assert compared(engine) == (check["average"], check["threshold"])
                if "success_rate" in check:
                    assert success_rate(engine, check["host"]) == pytest.approx(check["success_rate"], rel=1e-15)
    counters = case["expect"].get("counters", {})
    if "total" in counters:
        ejections = [ejection for ejection in engine.ejections() if not ejection.returned]
        assert len(ejections) == counters.get("enforced_total", counters["total"])


def success_rate(engine: Engine, host: int) -> float:
    """Return a host's rate at the last look."""
    if isinstance(engine, CompiledPlane):
        return float(engine._state.pod_rate[host])
    assert isinstance(engine, ReferencePlane)
    return engine.pods[host].outlier.success_rate


@pytest.mark.parametrize("case", group("ejection_time"), ids=lambda case: case["name"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_ejection_in_a_row_lasts_longer(kind: str, case: dict[str, Any]) -> None:
    given = case["in"]
    rule = OutlierDetection(
        base_ejection_time=given["base_s"], interval=given["tick_s"], max_ejection_time=given["max_s"]
    )
    engine = plane(kind, 1, rule)
    for _ in range(given["nth"]):
        for _ in range(5):
            tell(engine, 0, Reason.ERROR, 500)
        engine.advance(math.inf)
        ejected, returned = engine.ejections()[-2:]
        engine.advance(returned.at)
    assert returned.at - ejected.at == case["expect"]["ejected_for_s"]


@pytest.mark.parametrize("case", group("success_rate_threshold"), ids=lambda case: case["name"])
def test_the_threshold_lies_below_the_mean(case: dict[str, Any]) -> None:
    expect = case["expect"]
    found = success_rate_threshold(tuple(case["in"]["rates"]), case["in"]["factor"])
    assert found == (expect["average"], expect["threshold"])
    assert [host for host, rate in enumerate(case["in"]["rates"]) if rate < found.threshold] == expect["ejected"]


@pytest.mark.parametrize("case", group("config"), ids=lambda case: case["name"])
def test_defaults_and_given_values(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    rates = {
        block: {key: given[f"{block}_{key}"] for key in keys if f"{block}_{key}" in given}
        for block, keys in {
            "success_rate": ("minimum_hosts", "request_volume", "stdev_factor"),
            "failure_percentage": ("minimum_hosts", "request_volume", "threshold"),
        }.items()
    }
    own = {"consecutive_5xx": "consecutive_5xx_errors", "max_ejection_percent": "max_ejection_percent"}
    times = {"interval_s": "interval", "base_ejection_time_s": "base_ejection_time"}
    times["max_ejection_time_s"] = "max_ejection_time"
    keys = {name: given[word] for word, name in {**own, **times}.items() if word in given}
    rule = OutlierDetection(**keys, **rates)
    found = {
        "interval_ms": 1000 * rule.interval,
        "base_ejection_time_ms": 1000 * rule.base_ejection_time,
        "max_ejection_time_ms": 1000 * rule.longest_ejection,
        **{word: getattr(rule, name) for word, name in own.items()},
        **{f"{block}_{key}": value for block in RATES for key, value in vars(getattr(rule, block)).items()},
    }
    assert expect["valid"]
    compared_with = {key: value for key, value in expect.items() if key in found}
    assert {key: found[key] for key in compared_with} == compared_with
    assert {key for key in expect if key not in found and not key.startswith("enforcing")} <= {
        "valid",
        "consecutive_gateway_failure",
    }


@pytest.mark.parametrize(("healthy_ticks", "seconds"), [(0, 90), (1, 60), (2, 30), (9, 30)])
@pytest.mark.parametrize("kind", KINDS)
def test_each_healthy_tick_takes_one_off(kind: str, healthy_ticks: int, seconds: float) -> None:
    engine = plane(kind, 1, OutlierDetection())
    for now in (0.0, 30.0, 90.0 + 10 * healthy_ticks + 5):  # ejected for 30 s, then for 60 s, then as asked
        engine.advance(now)
        for _ in range(5):
            tell(engine, 0, Reason.ERROR, 500)
        engine.advance(now + 60 if now == 30 else now)
    engine.advance(math.inf)
    ejected, returned = engine.ejections()[-2:]
    assert seconds <= returned.at - ejected.at < seconds + 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_4xx_answer_is_no_failure(kind: str) -> None:
    engine = plane(kind, 1, OutlierDetection())
    for status in [500] * 4 + [404] + [500] * 4:
        tell(engine, 0, Reason.ERROR, status)
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
