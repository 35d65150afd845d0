"""What a data plane does, one rule a test, by moments worked out by hand; for both engines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from planes import ALL_TO_FIRST, BARE_MESH, Move, Setup, answers, at, drawn, rows, served, started, versions

from sim.engine.protocol import Reason, Route
from sim.spec.mesh import Mesh

ONE_SECOND = versions(latency=1.0)

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])


def mesh(attempts: int = 0, **keys: Any) -> Mesh:
    retries = {"attempts": attempts, "backoff": 0, "retry_on": ("5xx", "connect-failure")}
    retries |= {name: keys.pop(name) for name in ("per_try_timeout", "retry_on", "backoff") if name in keys}
    return Mesh(**{"load_balancer": "roundRobin", "retries": retries, **keys})


def test_first_come_first_served(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25, 0.5), ONE_SECOND))
    assert rows(given, "request", "start", "finish") == [(0, 0.0, 1.0), (1, 1.0, 2.0), (2, 2.0, 3.0)]


def test_as_many_at_once_as_there_are_workers(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25, 0.5), versions(latency=1.0, concurrency=2)))
    assert given.start.tolist() == [0.0, 0.25, 1.0]


def test_a_full_queue_sheds(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25, 0.5), versions(latency=1.0, queue_capacity=1)))
    assert rows(given, "request", "finish", "status", "reason") == [
        (2, 0.5, 503, "SHED"),
        (0, 1.0, 200, "OK"),
        (1, 2.0, 200, "OK"),
    ]
    assert math.isnan(given.start[0])


def test_a_pod_that_does_not_listen_refuses(kind: str) -> None:
    given = answers(kind, Setup(at(1.0), ONE_SECOND, moves=[Move(0.5, "stop_listening", (0,))]))
    assert rows(given, "pod", "finish", "status", "reason") == [(0, 1.0, 503, "REFUSED")]


def test_what_a_pod_holds_when_it_stops_listening_is_finished(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25), ONE_SECOND, moves=[Move(0.5, "stop_listening", (0,))]))
    assert given.reason.tolist() == [Reason.OK, Reason.OK]


def test_a_removed_endpoint_finishes_its_work_and_gets_no_more(kind: str) -> None:
    setup = Setup(at(0.0, 0.25, 1.0), ONE_SECOND, pods=(2,), moves=[Move(0.5, "remove_endpoint", (0,))])
    assert rows(answers(kind, setup), "request", "pod", "finish") == [(0, 0, 1.0), (1, 1, 1.25), (2, 1, 2.25)]


def test_a_version_without_endpoints_answers_503_though_the_other_has_pods(kind: str) -> None:
    given = answers(kind, Setup(at(1.0), versions({}, {}), pods=(0, 1)))
    assert rows(given, "version", "pod", "attempts", "status", "reason") == [(-1, -1, 1, 503, "NO_ENDPOINT")]


def test_no_endpoint_is_never_tried_again(kind: str) -> None:
    given = answers(kind, Setup(at(1.0), ONE_SECOND, pods=(0,), mesh=mesh(3)))
    assert given.attempts.tolist() == [1]


def test_a_kill_resets_in_request_order_and_the_pod_refuses_until_it_listens(kind: str) -> None:
    moves = [Move(0.5, "kill", (0,)), Move(2.0, "listen", (0, 2.0))]
    given = answers(kind, Setup(at(0.0, 0.125, 0.25, 1.0, 3.0), versions(latency=1.0, concurrency=2), moves=moves))
    assert rows(given, "request", "finish", "reason") == [
        (0, 0.5, "RESET"),
        (1, 0.5, "RESET"),
        (2, 0.5, "RESET"),
        (3, 1.0, "REFUSED"),
        (4, 4.0, "OK"),
    ]


def test_the_rows_of_a_kill_are_there_at_once(kind: str) -> None:
    engine = started(kind, Setup(at(0.0), ONE_SECOND))
    engine.advance(0.75)
    engine.kill(0)
    assert (rows(engine.answers(), "finish", "reason"), engine.is_idle(0)) == ([(0.75, "RESET")], True)


def test_a_request_that_times_out_leaves_the_queue(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25, 1.125), ONE_SECOND, mesh=mesh(timeout=1.0)))
    assert rows(given, "request", "finish", "reason") == [(0, 1.0, "OK"), (1, 1.25, "TIMEOUT"), (2, 2.125, "TIMEOUT")]
    # Request 1 began at 1.0 and held the worker until 2.0, though nobody waited for it after 1.25.
    assert given.start.tolist() == [0.0, 1.0, 2.0]


def test_a_completion_beats_a_timeout_of_the_same_instant(kind: str) -> None:
    assert answers(kind, Setup(at(0.0), ONE_SECOND, mesh=mesh(timeout=1.0))).reason.tolist() == [Reason.OK]


def test_an_attempt_that_times_out_is_tried_at_another_pod(kind: str) -> None:
    setup = Setup(at(0.0), ONE_SECOND, pods=(2,), mesh=mesh(1, per_try_timeout=0.25))
    given = answers(kind, setup)
    assert rows(given, "pod", "attempts", "start", "finish", "reason") == [(1, 2, 0.25, 0.5, "TIMEOUT")]


def test_abandoned_work_counts_as_busy_to_its_end(kind: str) -> None:
    engine = started(kind, Setup(at(0.0), ONE_SECOND, mesh=mesh(timeout=0.25)))
    engine.advance(0.5)
    assert (engine.load().in_service.tolist(), engine.is_idle(0)) == ([1], False)
    engine.advance(math.inf)
    assert (engine.load().busy_seconds.tolist(), engine.is_idle(0)) == ([1.0], True)


def test_least_request_does_not_count_abandoned_work(kind: str) -> None:
    moves = [Move(0.5, "add_pod", (1, 0)), Move(0.5, "listen", (1, 0.5)), Move(0.5, "add_endpoint", (1,))]
    setup = Setup(at(0.0, 0.75), versions(latency=5.0), mesh=mesh(timeout=0.25, load_balancer="leastRequest"))
    tied = {answers(kind, setup.but(requests=at(0.0, 0.75, seed=seed), moves=moves)).pod[1] for seed in range(12)}
    assert tied == {0, 1}


def test_the_whole_timeout_holds_during_back_off(kind: str) -> None:
    setup = Setup(at(0.0), versions({"error_rate": 1.0}, latency=0.25), mesh=mesh(3, timeout=0.5, backoff=100.0))
    assert rows(answers(kind, setup), "attempts", "finish", "status", "reason") == [(1, 0.5, 504, "TIMEOUT")]


def test_a_retry_stays_with_the_version_of_the_request(kind: str) -> None:
    setup = Setup(
        drawn(50, 5),
        versions({"error_rate": 1.0}, {}, latency=0.01),
        pods=(3, 3),
        mesh=mesh(2),
        route=Route(weights=((0, 50.0), (1, 50.0))),
    )
    given = answers(kind, setup)
    assert set(rows(given, "version", "attempts", "reason")) == {(0, 3, "ERROR"), (1, 1, "OK")}


def test_a_retry_of_a_pool_by_pods_may_go_to_any_version(kind: str) -> None:
    setup = Setup(at(0.0), versions({"error_rate": 1.0}, {}), pods=(1, 1), mesh=mesh(1), route=Route(by_pods=True))
    assert rows(answers(kind, setup), "version", "attempts", "reason") == [(1, 2, "OK")]


def test_by_default_a_500_is_not_tried_again_but_a_refusal_is(kind: str) -> None:
    mesh_of_istio = Mesh(load_balancer="roundRobin")
    failing = Setup(at(0.0), versions({"error_rate": 1.0}), pods=(2,), mesh=mesh_of_istio)
    assert answers(kind, failing).attempts.tolist() == [1]
    refusing = Setup(at(1.0), ONE_SECOND, (2,), mesh_of_istio, moves=[Move(0.5, "stop_listening", (0,))])
    assert rows(answers(kind, refusing), "attempts", "pod", "reason") == [(2, 1, "OK")]


@pytest.mark.parametrize(("retry", "longest"), [(1, 1.0), (2, 3.0), (3, 7.0), (4, 10.0)])
def test_back_off_is_jittered_below_its_growing_bound(kind: str, retry: int, longest: float) -> None:
    waits = []
    for seed in range(40):
        setup = Setup(at(0.0, seed=seed), versions({"error_rate": 1.0}, latency=1.0), mesh=mesh(retry, backoff=1.0))
        engine = served(kind, setup)
        shorter = served(kind, setup.but(mesh=mesh(retry - 1, backoff=1.0)))
        waits.append(float(engine.answers().finish[0] - shorter.answers().finish[0]) - 1.0)
    assert 0 < min(waits) < max(waits) < longest
    assert max(waits) > 0.75 * longest  # all 40 below: one chance in 100,000


def test_a_budget_bounds_the_retries_under_way(kind: str) -> None:
    setup = Setup(at(*[0.0] * 20), versions({"error_rate": 1.0}, latency=0.25, concurrency=20))
    none = setup.but(mesh=mesh(1, retry_budget={"percent": 0, "min_retry_concurrency": 0}))
    three = setup.but(mesh=mesh(1, backoff=1.0, retry_budget={"percent": 0, "min_retry_concurrency": 3}))
    some = setup.but(mesh=mesh(1, backoff=1.0, retry_budget={"percent": 20, "min_retry_concurrency": 0}))
    assert [int((answers(kind, case).attempts == 2).sum()) for case in (none, three, some)] == [0, 3, 4]


def test_an_extra_advance_changes_nothing(kind: str) -> None:
    setup = Setup(drawn(50, 5), versions(latency={"distribution": "exponential", "mean": 0.05}), mesh=Mesh(timeout=0.2))
    calm, restless = served(kind, setup), served(kind, setup, extra=np.linspace(0, 5, 37).tolist())
    assert calm.answers().finish.tobytes() == restless.answers().finish.tobytes()
    assert calm.load().busy_seconds.tobytes() == restless.load().busy_seconds.tobytes()


def test_load_is_the_state_of_the_moment(kind: str) -> None:
    engine = started(kind, Setup(at(0.0, 0.25, 0.5), ONE_SECOND))
    engine.advance(0.75)
    load = engine.load()
    assert (load.waiting.tolist(), load.in_service.tolist(), load.busy_seconds.tolist()) == ([2], [1], [0.75])


def test_a_pod_out_of_turn_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="pod 5 is out of turn; the next is 1"):
        started(kind, Setup(at(0.0), ONE_SECOND)).add_pod(5, 0)


# Routes.

BY_PODS = Route(by_pods=True)
TWO = versions({}, {}, latency=0.001)


def test_weight_0_receives_nothing(kind: str) -> None:
    for weights in (((0, 100.0), (1, 0.0)), ((1, 0.0), (0, 100.0))):
        given = answers(kind, Setup(drawn(200, 5), TWO, pods=(1, 1), route=Route(weights=weights)))
        assert set(given.version.tolist()) == {0}


def test_a_split_is_exact_by_the_requests_number(kind: str) -> None:
    from sim.engine.keyed import ROUTE, uniforms

    requests = drawn(100, 5)
    given = answers(kind, Setup(requests, TWO, pods=(1, 1), route=Route(weights=((1, 12.5), (0, 87.5)))))
    numbers = [uniforms(1, 0, ROUTE, request)[0] for request in given.request.tolist()]
    assert given.version.tolist() == [int(number < 0.125) for number in numbers]


def test_sticky_goes_by_the_users_number(kind: str) -> None:
    requests = drawn(100, 5)
    given = answers(kind, Setup(requests, TWO, pods=(1, 1), route=Route(((1, 30.0), (0, 70.0)), sticky=True)))
    assert given.version.tolist() == (requests.sticky_of_user[requests.user[given.request]] < 0.3).astype(int).tolist()


def test_a_version_that_keeps_its_users_never_loses_one_while_it_has_a_weight(kind: str) -> None:
    from sim.engine.keyed import ROUTE, uniforms

    requests = drawn(400, 20)
    kept, forgotten = Route(((0, 70.0), (1, 30.0)), keeps=1), Route(((0, 100.0), (1, 0.0)), keeps=1)
    moves = [Move(5.0, "set_route", (forgotten,)), Move(10.0, "set_route", (kept,))]
    given = answers(kind, Setup(requests, TWO, pods=(1, 1), route=kept, moves=moves))
    met: set[int] = set()
    expected = []
    for request in given.request.tolist():
        user, arrival = int(requests.user[request]), requests.arrival[request]
        if 5 <= arrival < 10:
            met = set()
        elif uniforms(1, 0, ROUTE, request)[0] >= 0.7:
            met.add(user)
        expected.append(int(user in met))
    assert given.version.tolist() == expected


def test_match_comes_before_weights(kind: str) -> None:
    requests = drawn(200, 5)
    given = answers(kind, Setup(requests, TWO, pods=(1, 1), route=Route(ALL_TO_FIRST.weights, match=((0, 1),))))
    testers = requests.segment_of_user[requests.user[given.request]] == 0
    assert testers.any()
    assert given.version.tolist() == testers.astype(int).tolist()


def test_a_new_route_is_for_requests_that_arrive_after_it(kind: str) -> None:
    moves = [Move(1.0, "set_route", (Route(weights=((1, 100.0),)),))]
    given = answers(kind, Setup(at(0.0, 1.0, 1.5), TWO, pods=(1, 1), moves=moves))
    assert rows(given, "request", "version") == [(0, 0), (1, 0), (2, 1)]


def test_by_pods_the_share_follows_the_pods(kind: str) -> None:
    given = answers(kind, Setup(drawn(100, 5), TWO, pods=(3, 1), route=Route(by_pods=True)))
    assert abs(int((given.version == 1).sum()) - len(given) / 4) <= 1


def test_mirrored_copies_load_pods_and_answer_nobody(kind: str) -> None:
    route = Route(ALL_TO_FIRST.weights, mirror=(1, 100.0))
    slow_copy = versions({}, {"latency": 2.0, "error_rate": 1.0}, latency=1.0)
    given = answers(kind, Setup(at(0.0, 0.25), slow_copy, (2, 1), mesh(2, timeout=1.5), route))
    assert rows(given, "request", "copy", "version", "attempts", "finish", "reason") == [
        (0, 0, 0, 1, 1.0, "OK"),
        (1, 0, 0, 1, 1.25, "OK"),
        (0, 1, 1, 1, 2.0, "ERROR"),
        (1, 1, 1, 1, 4.0, "ERROR"),
    ]


def test_a_copy_comes_after_its_original(kind: str) -> None:
    given = answers(
        kind, Setup(at(0.0), versions({}, {}, latency=1.0), (1, 1), BARE_MESH, Route(((0, 100.0),), (), (1, 100.0)))
    )
    assert rows(given, "copy", "finish") == [(0, 1.0), (1, 1.0)]


def test_mirroring_changes_nothing_for_users(kind: str) -> None:
    setup = Setup(drawn(100, 5), versions({}, {"error_rate": 0.5}, latency=0.02), (2, 1), Mesh(timeout=0.1))
    alone = answers(kind, setup)
    watched = answers(kind, setup.but(route=Route(ALL_TO_FIRST.weights, mirror=(1, 30.0))))
    users = watched.copy == 0
    assert watched.finish[users].tobytes() == alone.finish.tobytes()
    assert 0 < int((~users).sum()) < len(alone)


def test_consistent_hash_keeps_users_and_moves_only_those_of_a_lost_pod(kind: str) -> None:
    requests = drawn(200, 5)
    one_point_a_pod = {"ring_hash": {"minimum_ring_size": 3}}  # with 4 pods as with 3: the other points stay
    on_ring = mesh(load_balancer="consistentHash", consistent_hash=one_point_a_pod)
    setup = Setup(requests, TWO, pods=(4, 0), mesh=on_ring)
    before = dict(rows(answers(kind, setup), "request", "pod"))
    after = dict(rows(answers(kind, setup.but(moves=[Move(0.0, "remove_endpoint", (2,))])), "request", "pod"))
    assert len({(int(requests.user[request]), pod) for request, pod in before.items()}) == len(
        set(requests.user.tolist())
    )
    assert set(before.values()) == {0, 1, 2, 3}
    assert {before[request] for request in before if before[request] != after[request]} == {2}


# Faults.


def faulty(kind: str, *faults: dict[str, Any], moments: tuple[float, ...] = (0.0,), **keys: Any) -> Any:
    return answers(kind, Setup(at(*moments), versions({"faults": faults}, latency=0.125, **keys)))


def test_factors_multiply_and_extra_latencies_add(kind: str) -> None:
    given = faulty(kind, {"latency_factor": 2, "extra_latency": 1}, {"latency_factor": 3, "extra_latency": 2})
    assert given.finish.tolist() == [0.125 * 6 + 3]


def test_a_fault_holds_from_its_moment_for_its_time(kind: str) -> None:
    moments = (0.5, 1.0, 1.75, 2.0)
    given = faulty(kind, {"error_rate": 1.0, "at": 1, "for": 1}, moments=moments)
    assert given.status.tolist() == [200, 500, 500, 200]


def test_a_fault_grows_from_its_moment(kind: str) -> None:
    given = faulty(kind, {"latency_factor": 5, "at": 1, "ramp_up": 4}, moments=(0.5, 1.0, 2.0, 5.0, 9.0))
    assert (given.finish - given.start).tolist() == [0.125 * factor for factor in (1, 1, 2, 5, 5)]


def test_faults_are_met_when_service_starts_not_on_arrival(kind: str) -> None:
    given = faulty(kind, {"error_rate": 1.0, "at": 1}, moments=(0.9375, 0.96875))
    assert rows(given, "start", "status") == [(0.9375, 200), (1.0625, 500)]


def test_a_fault_of_a_segment_spares_the_others(kind: str) -> None:
    requests = drawn(100, 5)
    setup = Setup(requests, versions({"faults": [{"error_rate": 1.0, "segment": "testers"}]}, latency=0.001))
    given = answers(kind, setup)
    testers = requests.segment_of_user[requests.user[given.request]] == 0
    assert (given.status == 500).tolist() == testers.tolist()


def test_one_number_parts_base_errors_and_faults_in_order(kind: str) -> None:
    faults = [{"error_rate": 0.3, "status_code": 404}, {"error_rate": 0.9, "status_code": 503}]
    setup = Setup(drawn(400, 10), versions({"error_rate": 0.2, "faults": faults}, latency=0.0001))
    share = np.bincount(answers(kind, setup).status, minlength=600)[[500, 404, 503, 200]] / len(setup.requests.arrival)
    assert share[3] == 0  # capped at 1
    # About 4,000 requests: five standard deviations, false alarms below 2e-6.
    assert share[:3] == pytest.approx([0.2, 0.3, 0.5], abs=5 * 0.5 / math.sqrt(4000))


def test_a_cold_pod_is_slow_and_warms_up(kind: str) -> None:
    cold = versions({"faults": [{"cold_start": {"factor": 5, "half_life": 10}}]}, latency=0.125)
    moves = [Move(0.0, "listen", (0, 0.25))]
    given = answers(kind, Setup(at(0.25, 10.25, 20.25), cold, moves=moves))
    assert (given.finish - given.start) == pytest.approx([0.125 * factor for factor in (5, 3, 2)])
    warm = answers(kind, Setup(at(0.0, 10.0), cold))
    assert (warm.finish - warm.start).tolist() == [0.125, 0.125]


def limited(**http: int) -> Mesh:
    return Mesh(load_balancer="roundRobin", connection_pool={"http": http}, retries={"attempts": 2, "retry_on": "5xx"})


def test_more_requests_than_allowed_find_the_circuit_open(kind: str) -> None:
    setup = Setup(at(0.0, 0.1, 0.2, 1.05), versions(latency=1.0), pods=(4,), mesh=limited(http2_max_requests=2))
    given = answers(kind, setup)
    assert rows(given, "request", "attempts", "finish", "status", "reason") == [
        (2, 1, 0.2, 503, "CIRCUIT_OPEN"),
        (0, 1, 1.0, 200, "OK"),
        (1, 1, 1.1, 200, "OK"),
        (3, 1, 2.05, 200, "OK"),
    ]


def test_what_is_given_up_or_reset_makes_room(kind: str) -> None:
    mesh = limited(http2_max_requests=1).model_copy(update={"timeout": 0.5})
    setup = Setup(at(0.0, 0.6, 1.2), versions(latency=1.0), pods=(3,), mesh=mesh, moves=[Move(0.7, "kill", (1,))])
    assert [row[0] for row in rows(answers(kind, setup), "reason")].count("CIRCUIT_OPEN") == 0


def test_each_version_has_its_own_limit(kind: str) -> None:
    route = Route(weights=((0, 100.0),), mirror=(1, 100.0))
    setup = Setup(at(0.0, 0.1), versions({}, {}, latency=1.0), pods=(1, 1), mesh=limited(http2_max_requests=1))
    given = answers(kind, setup.but(route=route))
    assert rows(given, "request", "copy", "reason") == [
        (1, 0, "CIRCUIT_OPEN"),
        (1, 1, "CIRCUIT_OPEN"),
        (0, 0, "OK"),
        (0, 1, "OK"),
    ]


def test_a_retry_above_the_limit_is_not_made(kind: str) -> None:
    failing = versions({"error_rate": 1.0}, latency=0.1)
    setup = Setup(at(0.0, 0.0, 0.0), failing, pods=(3,), mesh=limited(max_retries=1))
    assert sorted(row[0] for row in rows(answers(kind, setup), "attempts")) == [1, 1, 3]


# The ewma balancer.


def test_ewma_asks_a_new_pod_once_and_then_the_faster(kind: str) -> None:
    own = versions({}, {"faults": ({"extra_latency": 1.0},)}, latency=0.125, concurrency=9)
    setup = Setup(at(0.0, 0.0625, 0.25, 2.0), own, pods=(1, 1), mesh=mesh(load_balancer="ewma"), route=BY_PODS)
    given = dict(rows(answers(kind, setup), "request", "version"))
    # While the first request is out, its pod is dear; the second tries the other. The slow pod's first latency is not
    # known at 0.25, so the fast one's is the better offer, and it still is when both are known.
    assert {given[0], given[1]} == {0, 1}
    assert (given[2], given[3]) == (0, 0)


def test_what_ewma_knows_of_a_pod_fades(kind: str) -> None:
    slow_once = {"faults": ({"extra_latency": 8.0, "at": 0.0, "for": 1.0},)}
    own = versions({}, slow_once, latency=0.125, concurrency=9)
    moments = (0.0, 0.0625, 10.0, *(10.0 + n for n in range(1, 200)))
    setup = Setup(at(*moments), own, pods=(1, 1), route=BY_PODS)
    first_back = []
    for decay in (1.0, 20.0):
        given = answers(kind, setup.but(mesh=mesh(load_balancer="ewma", ewma={"decay_time": decay})))
        back = [int(request) for request, version in zip(given.request, given.version, strict=True) if version == 1]
        first_back.append(min((request for request in back if request > 1), default=len(moments)))
    assert first_back[0] < first_back[1]


# Slow start.


def warming(balancer: str, moments: tuple[float, ...], **keys: Any) -> Setup:
    """Return a plane whose second pod comes at 100 s and warms up for 10 s."""
    moves = [Move(100.0, "add_pod", (1, 0)), Move(100.0, "listen", (1, 100.0)), Move(100.0, "add_endpoint", (1,))]
    warmup = {"duration": 10.0, **keys}
    return Setup(
        at(*moments),
        versions(latency=2.0**-10, concurrency=99),
        moves=moves,
        mesh=mesh(load_balancer=balancer, warmup=warmup),
    )


@pytest.mark.parametrize(
    ("age", "keys", "expected"),
    [
        (
            0.5,
            {},
            [0] * 9 + [1, 0],
        ),  # a tenth at least: due at 10; the other, due at 1, 2, ..., has its tenth turn later
        (0.5, {"minimum_percent": 50}, [0, 1, 0] * 3 + [0, 1]),
        (0.5, {"minimum_percent": 25, "aggression": 2}, [0] * 3 + [1] + [0] * 4 + [1, 0, 0]),
    ],
)
def test_a_new_pod_gets_a_small_share_at_first(kind: str, age: float, keys: Any, expected: list[int]) -> None:
    moments = tuple(100.0 + age + n / 1024 for n in range(len(expected)))
    assert answers(kind, warming("roundRobin", moments, **keys)).pod.tolist() == expected


def test_a_schedule_is_as_old_as_the_last_change_of_pods(kind: str) -> None:
    # Nothing has changed since the pod came, so it is due after nine of the other's turns, though it is warm by now;
    # from then on both have their full share.
    moments = tuple(200.0 + n / 64 for n in range(16))
    assert answers(kind, warming("roundRobin", moments)).pod.tolist() == [0] * 9 + [1] + [0, 1] * 3


def test_pods_long_there_are_asked_as_without_a_warmup(kind: str) -> None:
    setup = warming("roundRobin", tuple(300.0 + n for n in range(6)))
    moves = [*setup.moves, Move(250.0, "add_pod", (2, 0)), Move(250.0, "add_endpoint", (2,))]
    moves += [Move(280.0, "remove_endpoint", (2,))]
    assert answers(kind, setup.but(moves=moves)).pod.tolist() == [0, 1] * 3


def test_least_request_goes_by_weights_while_pods_warm_up(kind: str) -> None:
    setup = warming("leastRequest", tuple(100.5 + n / 1024 for n in range(8)), minimum_percent=50)
    given = answers(kind, setup.but(versions=versions(latency=50.0, concurrency=99)))
    # Due at 1, 1 + 1, 2 + 2, 4 + 3, 7 + 4, ...; the new one at 2, 2 + 2, 4 + 4, 8 + 6, ..., first in a tie.
    order = np.argsort(given.request)
    assert given.pod[order].tolist() == [0, 1, 0, 1, 0, 0, 1, 0]
