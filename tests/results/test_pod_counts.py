from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from handmade import Answered, record

from sim.pod_counts import mixed_version_seconds, pod_counts
from sim.record import PodChange, Record, RouteChange, WantedChange

BOTH_READY = (PodChange(-10.0, 0, 4, 4), PodChange(20.0, 1, 0, 4), PodChange(40.0, 1, 4, 4), PodChange(140.0, 0, 0, 0))


def mixed(run: Record) -> float:
    reached = run.answers.version[np.argsort(run.answers.request)]
    return mixed_version_seconds(run, pod_counts(run), run.requests.arrival, reached)


def traffic(*stretches: tuple[float, float, int]) -> list[Answered]:
    """Return one request a second from start to end, all to one version, for each stretch, in order of arrival."""
    rows = [Answered(float(at), version=version) for start, end, version in stretches for at in np.arange(start, end)]
    return sorted(rows, key=lambda row: row.arrival)


def test_states_hold_between_changes_and_the_last_at_a_moment_counts() -> None:
    changes = (PodChange(-10.0, 0, 4, 4), PodChange(30.0, 0, 3, 4), PodChange(30.0, 0, 2, 4), PodChange(60.0, 1, 1, 2))
    counts = pod_counts(record([Answered(0.0)], pod_changes=changes))
    assert counts.at.tolist() == [0.0, 30.0, 60.0]
    assert counts.seconds.tolist() == [30.0, 30.0, 120.0]
    assert counts.ready.tolist() == [[4, 0], [2, 0], [2, 1]]
    assert counts.existing.tolist() == [[4, 0], [4, 0], [4, 2]]
    assert (counts.pod_seconds, counts.fewest_ready, counts.most_existing) == (4 * 60 + 6 * 120, 2, 6)
    assert counts.downtime_seconds == 0.0


def test_ready_pods_are_measured_against_what_is_wanted_at_the_time() -> None:
    changes = (PodChange(-10.0, 0, 4, 4), PodChange(30.0, 0, 0, 0), PodChange(60.0, 0, 3, 3), PodChange(90.0, 0, 6, 6))
    wanted = (WantedChange(30.0, "shop", 0), WantedChange(59.0, "mail", 9), WantedChange(60.0, "shop", 4))
    counts = pod_counts(record([Answered(0.0)], pod_changes=changes, wanted=(*wanted, WantedChange(80.0, "shop", 6))))
    # All of 4, none of none, 3 of 4, 3 of 6 from 80 to 90, all of 6.
    assert counts.fewest_ready_fraction(4) == 0.5
    assert pod_counts(record([Answered(0.0)], pod_changes=changes)).fewest_ready_fraction(4) == 0.0


def test_pods_of_another_service_cost_but_are_not_the_release_s() -> None:
    values: dict[str, Any] = {
        "service_versions": (("shop", "v1"), ("shop", "v2"), ("mail", "v1")),
        "pod_changes": (PodChange(-10.0, 2, 5, 5), PodChange(90.0, 0, 4, 4)),
    }
    counts = pod_counts(record([Answered(0.0)], **values))
    assert (counts.fewest_ready, counts.most_existing, counts.downtime_seconds) == (0, 4, 90.0)
    assert counts.pod_seconds == 5 * 180 + 4 * 90


def test_pods_that_wait_beside_the_others_do_not_mix() -> None:
    """Blue-green: both versions are ready from 40 to 140, and all users go over at once at 61."""
    routes = (RouteChange(-10.0, 0.0, -10.0), RouteChange(60.0, 100.0, 61.0))
    assert mixed(record(traffic((0, 61, 0), (61, 180, 1)), pod_changes=BOTH_READY, routes=routes)) == 0.0


def test_a_split_mixes_as_long_as_it_is_in_force() -> None:
    """A canary: from 61 to 101 one in twenty goes to the new version, however few requests that are."""
    routes = (RouteChange(-10.0, 0.0, -10.0), RouteChange(60.0, 5.0, 61.0), RouteChange(100.0, 0.0, 101.0))
    run = record(traffic((0, 180, 0), (75, 76, 1)), pod_changes=BOTH_READY, routes=routes)
    assert mixed(run) == pytest.approx(40.0)


def test_shares_by_pods_mix_while_both_versions_are_ready() -> None:
    assert mixed(record(traffic((0, 140, 0), (41, 180, 1)), pod_changes=BOTH_READY)) == 100.0


def test_a_plain_run_mixes_nothing() -> None:
    assert mixed(record(traffic((0, 180, 0)), candidate=None)) == 0.0


def test_a_step_from_one_split_to_the_next_does_not_cut_the_time() -> None:
    """Few requests reach the new version between two steps, and it serves all the same."""
    steps = [RouteChange(float(at), float(at), float(at)) for at in range(40, 100, 10)]
    routes = (RouteChange(-10.0, 0.0, -10.0), *steps, RouteChange(100.0, 100.0, 100.0))
    run = record(traffic((0, 100, 0), (45, 46, 1), (100, 180, 1)), pod_changes=BOTH_READY, routes=routes)
    assert mixed(run) == 60.0
