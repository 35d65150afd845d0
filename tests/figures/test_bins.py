from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_world import scenario

from sim.figures.bins import Group, bin_edges, bin_width, gaps, groups, pod_phases, stretches, wilson
from sim.run import simulate


@pytest.mark.parametrize(("duration", "width"), [(60, 1), (420, 5), (1200, 15), (3600, 60), (30 * 86400, 43200)])
def test_bins_are_round_and_at_most_ninety(duration: float, width: float) -> None:
    assert bin_width(duration) == width


def test_the_last_bin_ends_with_the_run() -> None:
    assert bin_edges(25, 10).tolist() == [0, 10, 20, 25]


def test_neighbours_are_taken_together_until_there_are_enough() -> None:
    counts = np.array([10, 25, 40, 5, 0, 20, 0, 31.0])
    edges = np.arange(9.0)
    assert groups(counts, edges, 30) == [Group(0, 2, 0, 2), Group(2, 4, 2, 4), Group(7, 8, 7, 8)]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 60))
def test_a_group_has_enough_is_unbroken_and_none_overlap(counts: list[int], minimum: int) -> None:
    values = np.array(counts, dtype=float)
    found = groups(values, np.arange(len(counts) + 1.0), minimum)
    assert all(values[group.first : group.last].sum() >= minimum for group in found)
    assert all((values[group.first : group.last] > 0).all() for group in found)
    assert all(one.last <= other.first for one, other in pairwise(found))


def test_gaps_are_what_no_group_covers() -> None:
    assert gaps([Group(0, 2, 0, 2), Group(5, 8, 5, 8)], 0, 10) == [(2, 5), (8, 10)]
    assert gaps([], 0, 10) == [(0, 10)]


def test_stretches_are_where_flags_hold() -> None:
    assert stretches(np.array([True, True, False, True])) == [(0, 2), (3, 4)]


def test_wilson_is_newcombes_worked_example() -> None:
    # Source: Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998), Table I, 81/263.
    low, high = wilson(np.array([81.0]), np.array([263.0]))
    assert (low[0], high[0]) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_pods_that_have_gone_are_not_ending_any_more() -> None:
    """The last to be made leave first, while others of the version stay."""
    strategy = {"type": "batches", "steps": [{"replicas": "50%", "pause": {"duration": 60}}, {"replicas": "100%"}]}
    run = simulate(scenario(strategy, replicas=6, preStop="10s"), strategy="it")
    phases = pod_phases(run, "v1")
    at = [int(np.searchsorted(phases.at, moment, side="right")) - 1 for moment in (1, 30, 299)]
    assert [float(phases.terminating[place]) for place in at] == [1, 0, 0]
    assert [float(phases.ready[place]) for place in at] == [5, 3, 0]
