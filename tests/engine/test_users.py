"""What users do after an answer or without one, by moments worked out by hand; for both engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planes import Move, Setup, answers, rows, served, versions

from sim.engine import draw_requests
from sim.engine.chains import links
from sim.engine.protocol import Requests
from sim.engine.settled import settled
from sim.spec.mesh import Mesh
from sim.spec.traffic import Traffic
from sim.spec.users import Users

ONE_SECOND = versions(latency=1.0)
KINDS = pytest.mark.parametrize("kind", ["compiled", "reference"])


def coming(*moments: float, end: float = 100.0, **habits: Any) -> Requests:
    """Return requests that come by themselves at these moments, and what follows them."""
    users = Users(count=50, **habits)
    each = habits.get("sessions", {"requests": 1})["requests"]
    even = Traffic(rate=each * len(moments) / 10.0, arrivals="constant")
    requests = draw_requests(even, users, None, 1, 0, 0.0, 10.0)
    arrival = requests.arrival.copy()
    arrival[: len(moments)] = moments
    reactions = None if requests.reactions is None else replace(requests.reactions, end=end)
    return replace(requests, arrival=arrival, reactions=reactions)


@KINDS
def test_who_waits_in_vain_leaves_the_queue(kind: str) -> None:
    given = answers(kind, Setup(coming(0.0, 0.25, 0.375, patience=1.5), ONE_SECOND))
    assert rows(given, "request", "finish", "status", "reason") == [
        (0, 1.0, 200, "OK"),
        (1, 1.75, 499, "ABANDONED"),
        (2, 1.875, 499, "ABANDONED"),
    ]
    assert given.start.tolist()[:2] == [0.0, 1.0]
    assert np.isnan(given.start[2])


@KINDS
def test_work_for_who_has_left_goes_on_to_its_end(kind: str) -> None:
    engine = served(kind, Setup(coming(0.0, 0.25, patience=0.5), ONE_SECOND, moves=[Move(0.75, "load")]))
    assert engine.load().busy_seconds.tolist() == [1.0]


@KINDS
def test_an_answer_beats_the_end_of_patience(kind: str) -> None:
    assert rows(answers(kind, Setup(coming(0.0, patience=1.0), ONE_SECOND)), "reason") == [("OK",)]


@KINDS
def test_patience_ends_a_back_off(kind: str) -> None:
    mesh = Mesh(load_balancer="roundRobin", retries={"attempts": 3, "retry_on": "5xx", "backoff": 100})
    setup = Setup(coming(0.0, patience=2.0), versions({"error_rate": 1.0}, latency=1.0), mesh=mesh)
    assert rows(answers(kind, setup), "attempts", "finish", "reason") == [(1, 2.0, "ABANDONED")]


@KINDS
def test_no_pod_is_to_blame_for_who_leaves(kind: str) -> None:
    rule = {"consecutive_5xx_errors": 1, "max_ejection_percent": 100}
    mesh = Mesh(load_balancer="roundRobin", retries={"attempts": 0}, outlier_detection=rule)
    assert not served(kind, Setup(coming(0.0, 0.25, patience=0.5), ONE_SECOND, mesh=mesh)).ejections()


@KINDS
def test_a_user_tries_again_after_an_error_and_then_gives_up(kind: str) -> None:
    requests = coming(0.0, retries={"attempts": 2, "backoff": 0.5})
    engine = served(kind, Setup(requests, versions({"error_rate": 1.0}, latency=1.0)))
    assert rows(engine.answers(), "request", "finish", "status") == [(0, 1.0, 500), (1, 2.5, 500), (2, 4.0, 500)]
    assert engine.requests.arrival.tolist() == [0.0, 1.5, 3.0]
    assert len(set(engine.requests.user.tolist())) == 1


@KINDS
def test_a_user_tries_again_only_after_what_was_said(kind: str) -> None:
    fault = {"error_rate": 1.0, "status_code": 503}
    for on, tries in (("503", 2), ("500", 1), ("5xx", 2), ("abandoned", 1)):
        requests = coming(0.0, retries={"attempts": 1, "backoff": 0.5, "on": on})
        assert len(answers(kind, Setup(requests, versions({"faults": (fault,)}, latency=1.0)))) == tries


@KINDS
def test_who_has_left_may_come_again(kind: str) -> None:
    requests = coming(0.0, patience=0.5, retries={"attempts": 1, "backoff": 0.25, "on": "abandoned"})
    given = answers(kind, Setup(requests, ONE_SECOND))
    assert rows(given, "request", "start", "finish", "reason")[0] == (0, 0.0, 0.5, "ABANDONED")
    # The repeat waits for the worker, which still works for nobody, and leaves in its turn.
    assert rows(given, "request", "finish", "reason")[1] == (1, 1.25, "ABANDONED")


@KINDS
def test_a_session_goes_on_after_each_answer(kind: str) -> None:
    requests = coming(0.0, sessions={"requests": 3, "think_time": 2.0})
    engine = served(kind, Setup(requests, ONE_SECOND))
    assert engine.requests.arrival.tolist() == [0.0, 3.0, 6.0]


@KINDS
def test_nothing_comes_at_or_after_the_end(kind: str) -> None:
    requests = coming(0.0, end=6.0, sessions={"requests": 3, "think_time": 2.0})
    assert np.isnan(served(kind, Setup(requests, ONE_SECOND)).requests.arrival.tolist()).tolist() == [
        False,
        False,
        True,
    ]


@KINDS
def test_the_timeout_of_a_request_that_follows_is_its_own(kind: str) -> None:
    requests = coming(0.0, 0.5, sessions={"requests": 2, "think_time": 0.25})
    mesh = Mesh(load_balancer="roundRobin", retries={"attempts": 0}, timeout=1.0)
    given = answers(kind, Setup(requests, versions(latency=2.0, concurrency=4), mesh=mesh))
    assert given.finish.tolist() == [1.0, 1.5, 2.25, 2.75]


def test_links_of_two_steps_with_one_repeat_each() -> None:
    found = links(np.array([2, 1]), 1)
    assert found is not None
    # Requests 0 and 1 come by themselves; 2 repeats 0, 3 is its second step, 4 repeats that; 5 repeats 1.
    assert found.root.tolist() == [0, 1, 0, 0, 0, 1]
    assert found.first_try.tolist() == [0, 1, 0, 3, 3, 1]
    assert found.after_failure.tolist() == [2, 5, 3, 4, -1, -1]
    assert found.after_success.tolist() == [3, -1, 3, -1, -1, -1]
    assert links(np.ones(5, np.int64), 0) is None


def test_what_never_came_is_left_out_and_the_rest_is_in_order_of_arrival() -> None:
    requests = coming(0.0, 0.5, retries={"attempts": 1, "backoff": 0.25})
    engine = served("compiled", Setup(requests, versions({"error_rate": 0.5}, latency=0.125, concurrency=4)))
    found, given = settled(engine.requests, engine.answers())
    assert found.key is not None
    assert np.all(np.diff(found.arrival) >= 0)
    assert sorted(given.request.tolist()) == list(range(len(found.arrival)))
    assert found.key[given.request].tolist() == engine.answers().request.tolist()


def test_a_closed_loop_has_no_more_under_way_than_callers() -> None:
    loop = Traffic(arrivals="closedLoop", closed_loop={"callers": 5, "think_time": 0.1})
    requests = draw_requests(loop, Users(count=5), None, 1, 0, 2.0, 10.0)
    engine = served("compiled", Setup(requests, versions(latency=1.0, concurrency=2)))
    found, given = settled(engine.requests, engine.answers())
    events = [(float(at), 1) for at in found.arrival] + [(float(at), -1) for at in given.finish]
    under_way = np.cumsum([change for _, change in sorted(events)])
    assert under_way.max() == 5
    assert sorted(set(found.user.tolist())) == [0, 1, 2, 3, 4]
    assert found.arrival[0] == pytest.approx(-1.9)


def test_callers_stop_after_their_requests() -> None:
    loop = Traffic(arrivals="closedLoop", closed_loop={"callers": 5, "think_time": 0, "requests": 7})
    requests = draw_requests(loop, Users(count=5), None, 1, 0, 0.0, 1000.0)
    assert len(served("compiled", Setup(requests, ONE_SECOND)).answers()) == 35


def test_habits_change_nobody_who_comes_by_himself() -> None:
    plain = draw_requests(Traffic(rate=20), Users(), None, 1, 0, 0.0, 10.0)
    stubborn = draw_requests(Traffic(rate=20), Users(retries={"attempts": 2}, patience=1), None, 1, 0, 0.0, 10.0)
    n = len(plain.arrival)
    assert stubborn.arrival[:n].tobytes() == plain.arrival.tobytes()
    assert stubborn.user[:n].tobytes() == plain.user.tobytes()
    assert np.isnan(stubborn.arrival[n:]).all()
