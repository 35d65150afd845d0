"""Simulations for the pages: within a budget, one at a time, and each only once for all who look at the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from sim.app.stage.events import encode
from sim.app.words import words
from sim.batch import compare
from sim.comparison import Comparison
from sim.errors import BudgetError
from sim.figures import picture
from sim.run import simulate
from sim.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUN_BUDGET = 1_000_000
"""Most requests of one run."""
COMPARISON_BUDGET = 25_000_000
"""Most requests of all runs of a comparison: about 15 seconds on two cores."""
KEPT_RUNS, KEPT_COMPARISONS = 32, 2
"""A run is kept as the stage's events, below a megabyte; a comparison holds the runs that its figures draw."""

_one_at_a_time = Lock()
_is_warm = Event()


@dataclass(frozen=True)
class Shown:
    """A run as the pages show it: the stage's events, and the result fields."""

    events: dict[str, Any]
    summary: dict[str, Any]


@dataclass
class Place:
    """Where a comparison and its figures are kept."""

    comparison: Comparison | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)


def check_run(scenario: Scenario) -> None:
    """Refuse a run over the budget.

    Raises:
        BudgetError: with the number of requests.
    """
    _check(scenario.expected_requests(), RUN_BUDGET)


def check_comparison(scenario: Scenario, replications: int) -> None:
    """Refuse a comparison over the budget.

    Raises:
        BudgetError: with the number of requests.
    """
    check_run(scenario)
    _check(scenario.expected_requests() * comparison_runs(scenario, replications), COMPARISON_BUDGET)


def comparison_runs(scenario: Scenario, replications: int) -> int:
    """Return how many runs a comparison takes: each strategy with a bad and a good release, and none."""
    return replications * (2 * len(scenario.strategies) + 1)


def is_warm() -> bool:
    """True when a run has been made since the start, so that the engine's kernels are there."""
    return _is_warm.is_set()


def shown_run(scenario: Scenario, strategy: str) -> Shown:
    """Return the run of a strategy."""
    return _run(_scenario=scenario, digest=scenario.digest(), strategy=strategy)


def comparison(scenario: Scenario, replications: int, progress: Callable[[int, int], None]) -> Comparison:
    """Return the comparison of all strategies; `progress` is called only while it is being computed."""
    place = _place(scenario.digest(), replications)
    with _one_at_a_time:
        if place.comparison is None:
            place.comparison = compare(scenario, replications=replications, progress=progress)
    return place.comparison


def drawn(scenario: Scenario, replications: int, name: str, draw: Callable[[], Figure]) -> bytes:
    """Return a figure of a comparison as PNG."""
    pictures = _place(scenario.digest(), replications).pictures
    if name not in pictures:
        pictures[name] = picture(draw())
    return pictures[name]


@st.cache_data(max_entries=KEPT_RUNS, show_spinner=False)
def _run(_scenario: Scenario, digest: str, strategy: str) -> Shown:
    with _one_at_a_time:
        run = simulate(_scenario, strategy=strategy)
        _is_warm.set()
        return Shown(encode(run.record, run.none.record, _scenario), run.summary())


@st.cache_resource(max_entries=KEPT_COMPARISONS, show_spinner=False)
def _place(digest: str, replications: int) -> Place:
    """Return the place of a comparison. Streamlit would not let a cached function move a progress bar."""
    return Place()


def _check(requests: float, budget: int) -> None:
    if requests > budget:
        raise BudgetError(words("cost_over", requests=f"{requests:,.0f}", budget=f"{budget:,}"))
