"""The same requests in a run and in its run without the release, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.outcomes import Outcomes


@dataclass(frozen=True)
class Pairs:
    """One row per request that came in either run, in order of arrival in the first, or in the other where only there.

    user: int32. arrival: float64 seconds. failed: bool, in the run; expected: bool, without the release. Who did not
    come did not fail: a user who has no reason to try again, say.
    """

    user: NDArray[np.int32]
    arrival: NDArray[np.float64]
    failed: NDArray[np.bool_]
    expected: NDArray[np.bool_]

    @cached_property
    def caused(self) -> NDArray[np.bool_]:
        """Return which requests failed here, but not without the release."""
        return self.failed & ~self.expected

    @cached_property
    def healed(self) -> NDArray[np.bool_]:
        """Return which requests failed without the release, but not here."""
        return self.expected & ~self.failed


def paired(run: Outcomes, none: Outcomes) -> Pairs:
    """Return the requests of both runs, paired by number, or by key where some came only after an answer."""
    if run.key is None or none.key is None or np.array_equal(run.key, none.key):
        return Pairs(run.user, run.arrival, run.failed, none.failed)
    here, there = _places(run.key, none.key), _places(none.key, run.key)
    keys = np.flatnonzero((here >= 0) | (there >= 0))
    in_run, in_none = here[keys], there[keys]
    arrival = np.where(in_run >= 0, _at(run.arrival, in_run), _at(none.arrival, in_none))
    order = np.argsort(arrival, kind="stable")
    in_run, in_none = in_run[order], in_none[order]
    user = np.where(in_run >= 0, _at(run.user, in_run), _at(none.user, in_none))
    return Pairs(user, arrival[order], _at(run.failed, in_run), _at(none.failed, in_none))


def _at(column: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return the values at rows, 0 at row -1."""
    return np.append(column, np.zeros(1, column.dtype))[rows]


def _places(keys: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each key, -1 where it has none."""
    places = np.full(1 + max(keys.max(initial=-1), others.max(initial=-1)), -1, np.int64)
    places[keys] = np.arange(len(keys))
    return places
