"""Rate limits, one rule a test, by moments worked out by hand; for both engines."""

from __future__ import annotations

from typing import Any

import pytest
from planes import Move, Setup, answers, at, rows, versions

from sim.engine.protocol import Reason
from sim.spec.mesh import Mesh

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])


def mesh(attempts: int = 0, **keys: Any) -> Mesh:
    retries = {"attempts": attempts, "backoff": 0, "retry_on": keys.pop("retry_on", ("5xx", "connect-failure"))}
    return Mesh(load_balancer="roundRobin", retries=retries, **keys)


def limited(moments: tuple[float, ...], per: str, **keys: Any) -> Setup:
    """Return a plane with a bucket of 3 tokens that gets 2 more each second."""
    limit = {"max_tokens": 3, "tokens_per_fill": 2, "fill_interval": 1.0, "per": per}
    many = versions(latency=2.0**-10, concurrency=99)
    return Setup(at(*moments), many, mesh=mesh(rate_limit=limit, **keys))


@pytest.mark.parametrize("per", ["pod", "proxy"])
def test_a_bucket_lets_as_many_through_as_it_has_tokens(kind: str, per: str) -> None:
    moments = tuple(n / 8 for n in range(41))
    given = answers(kind, limited(moments, per))
    limited_ones = {request for request, reason in rows(given, "request", "reason") if reason == "RATE_LIMITED"}
    # Three at once at the start; then two at 1.0, 2.0, ...: 3 + 2 x 5 of 41, each time the first ones.
    assert sorted(set(range(41)) - limited_ones) == [0, 1, 2, 8, 9, 16, 17, 24, 25, 32, 33, 40]
    assert set(given.status[given.reason == Reason.RATE_LIMITED].tolist()) == {429}


def test_a_bucket_never_holds_more_than_its_maximum(kind: str) -> None:
    given = answers(kind, limited((10.0, 10.0625, 10.125, 10.1875), "pod"))
    assert rows(given, "reason") == [("OK",)] * 3 + [("RATE_LIMITED",)]


def test_a_limit_of_pods_may_be_tried_at_another_but_the_proxys_may_not(kind: str) -> None:
    moments = tuple(n / 64 for n in range(4))
    tried = [
        answers(kind, limited(moments, per, attempts=1, retry_on=("429",))).attempts.tolist()
        for per in ("pod", "proxy")
    ]
    assert tried == [[1, 1, 1, 2], [1, 1, 1, 1]]


def test_each_pod_has_a_bucket_of_its_own_new_when_it_starts_to_listen(kind: str) -> None:
    setup = limited(tuple(n / 64 for n in range(8)), "pod").but(pods=(2,))
    assert rows(answers(kind, setup), "reason").count(("RATE_LIMITED",)) == 2
    again = setup.but(moves=[Move(5.5 / 64, "listen", (0, 5.5 / 64))])
    assert rows(answers(kind, again), "reason").count(("RATE_LIMITED",)) == 1
