"""What is known of calls between services without simulating them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planes import Setup, at, drawn, graph, served

from sim.engine import allocate
from sim.engine.protocol import Answers, Calls, Reason
from sim.spec.mesh import Mesh

PLAIN = Mesh(load_balancer="roundRobin", retries={"attempts": 0})
WIDE = {"concurrency": 100}


def run(setup: Setup) -> tuple[Answers, Calls]:
    engine = served("compiled", setup)
    return engine.answers(), engine.calls()


def calls_to(*services: str, **keys: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"service": service, **keys} for service in services)


def one_request(mesh: Mesh = PLAIN, **services: dict[str, Any]) -> tuple[Answers, Calls]:
    versions = graph(**services)
    return run(Setup(at(1.0), versions, pods=(1,) * len(versions), mesh=mesh))


def test_a_chain_takes_the_sum_and_a_fan_out_in_parallel_the_longest() -> None:
    leaves = {"b": {"latency": 0.2, **WIDE}, "c": {"latency": 0.3, **WIDE}}
    chain, _ = one_request(
        a={"latency": 0.1, "calls": calls_to("b")}, b={"latency": 0.2, "calls": calls_to("c")}, c=leaves["c"]
    )
    in_turn, _ = one_request(a={"latency": 0.1, "calls": calls_to("b", "c")}, **leaves)
    at_once, _ = one_request(a={"latency": 0.1, "calls": calls_to("b", "c", parallel=True)}, **leaves)
    assert [answers.finish[0] for answers in (chain, in_turn, at_once)] == pytest.approx([1.6, 1.6, 1.4])


def test_retries_multiply_from_level_to_level() -> None:
    again = Mesh(retries={"attempts": 2, "retry_on": ("5xx",), "backoff": 0.0})
    answers, calls = one_request(
        again, a={"calls": calls_to("b")}, b={"calls": calls_to("c")}, c={"calls": calls_to("d")}, d={"error_rate": 1}
    )
    assert answers.reason[0] == Reason.DEPENDENCY
    assert answers.status[0] == 500
    assert [calls.attempts[calls.service == service].sum() for service in (1, 2, 3)] == [9, 27, 81]


def test_a_call_that_is_not_required_may_fail() -> None:
    answers, calls = one_request(a={"calls": calls_to("b", required=False)}, b={"error_rate": 1})
    assert answers.reason[0] == Reason.OK
    assert calls.reason[0] == Reason.ERROR


def test_a_timeout_takes_back_what_waits_and_lets_what_runs_go_on() -> None:
    versions = graph(a={"latency": 0.1, **WIDE, "calls": calls_to("b")}, b={"latency": 1.0})
    setup = Setup(at(1.0, 1.1, 3.05), versions, pods=(1, 1), mesh=Mesh(timeout=0.5, retries={"attempts": 0}))
    answers, calls = run(setup)
    assert answers.reason[:2].tolist() == [Reason.TIMEOUT, Reason.TIMEOUT]
    assert calls.reason.tolist() == [Reason.CANCELLED] * 3
    assert np.isnan(calls.start[1])  # the second never had a worker: the first's went on to its end
    assert calls.start[2] == pytest.approx(3.15)


def test_a_held_worker_waits_for_the_calls_of_its_request() -> None:
    def finishes(held: bool) -> list[float]:
        versions = graph(a={"latency": 0.1, "worker_held": held, "calls": calls_to("b")}, b={"latency": 0.4, **WIDE})
        return run(Setup(at(1.0, 1.0), versions, pods=(1, 1), mesh=PLAIN))[0].finish.tolist()

    assert finishes(True) == pytest.approx([1.5, 2.0])
    assert finishes(False) == pytest.approx([1.5, 1.6])


def test_queues_in_a_row_are_as_if_alone() -> None:
    """Burke: what leaves M/M/c is Poisson, so each queue of a tandem waits as M/M/c alone. A fixed seed; the tolerance
    of 5 % is four standard errors, estimated over seeds.
    """
    queue = {"latency": {"distribution": "exponential", "mean": 0.1}, "worker_held": False}
    versions = graph(a={**queue, "calls": calls_to("b")}, b={**queue, "calls": calls_to("c")}, c=queue)
    answers, calls = run(Setup(drawn(6, 20_000, seed=3), versions, pods=(1, 1, 1), mesh=PLAIN))
    alone = 1 / (10 - 6)
    for service, levels in ((1, 2), (2, 1)):
        mine = calls.service == service
        assert np.mean(calls.finish[mine] - calls.at[mine]) == pytest.approx(levels * alone, rel=0.05)
    arrival = drawn(6, 20_000, seed=3).arrival
    assert np.mean(answers.finish - arrival[answers.request]) == pytest.approx(3 * alone, rel=0.05)


def test_every_call_ends_once_and_half_the_requests_make_it() -> None:
    """Of 20,000 requests half make the call: five standard deviations are 354."""
    versions = graph(a={**WIDE, "calls": calls_to("b", probability=0.5, count=2)}, b=WIDE)
    answers, calls = run(Setup(drawn(200, 100), versions, pods=(4, 4), mesh=PLAIN))
    assert len(np.unique(np.stack([calls.request, calls.path]), axis=1).T) == len(calls)
    assert abs(len(calls) - len(answers)) < 5 * np.sqrt(len(answers) / 2)


def test_the_room_at_the_start_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = graph(
        a={"latency": 0.01, "concurrency": 2000, "calls": calls_to("b", count=15, parallel=True)},
        b={"latency": {"distribution": "exponential", "mean": 1.0}, "concurrency": 3},
    )
    setup = Setup(drawn(200, 3), versions, pods=(2, 20), mesh=Mesh(timeout=1.5, retries={"attempts": 1}))
    expected = [part.finish.tobytes() for part in run(setup)]
    monkeypatch.setattr(allocate, "FIRST_ROOM", 1024)
    assert [part.finish.tobytes() for part in run(setup)] == expected
