"""Exact counts of a run by bins of time: whatever the number of marks drawn, every request is counted here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.outcomes import Outcomes
from sim.pairs import paired
from sim.record import Record

MOST_BINS = 2400
STABLE, CANDIDATE, NOWHERE = range(3)


@dataclass(frozen=True)
class Bins:
    """Bins of `step` whole seconds from 0 to the end of the run."""

    step: int
    size: int

    def count(self, at: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
        """Return how many moments (or what weight) fall into each bin."""
        index = np.minimum((at // self.step).astype(np.int64), self.size - 1)
        return np.bincount(index, weights=weights, minlength=self.size).astype(np.int64)

    def by_version(self, at: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return counts (3, size): answered by the stable version, the candidate, nobody."""
        return np.stack([self.count(at[kind == one]) for one in (STABLE, CANDIDATE, NOWHERE)])


def bins_for(duration: float) -> Bins:
    """Return bins of a second, longer ones in a long run."""
    step = max(1, math.ceil(duration / MOST_BINS))
    return Bins(step, max(1, math.ceil(duration / step)))


def kinds(version: NDArray[np.int16], record: Record) -> NDArray[np.int64]:
    """Return who answered each request: the stable version, nobody, or else the candidate.

    What an operator has applied later stands with the candidate: it is new as well.
    """
    kind = np.where(version < 0, NOWHERE, STABLE)
    is_new = (version >= 0) & (version != record.stable)
    return kind if record.candidate is None else np.where(is_new, CANDIDATE, kind)


def affected_users(bins: Bins, run: Outcomes, none: Outcomes) -> NDArray[np.int64]:
    """Return, by the end of each bin, the users with more failed requests so far than without the release.

    Both are in order of arrival.
    """
    pairs = paired(run, none)
    change = pairs.failed.astype(np.int64) - pairs.expected.astype(np.int64)
    rows = np.flatnonzero(change)
    order = rows[np.lexsort((rows, pairs.user[rows]))]
    user, change = pairs.user[order], change[order]
    first = np.flatnonzero(np.diff(user, prepend=-1))
    total = np.cumsum(change)
    total -= np.repeat(total[first] - change[first], np.diff(first, append=len(user)))
    worse = (total > 0).astype(np.int64) - (total - change > 0).astype(np.int64)
    return np.cumsum(bins.count(pairs.arrival[order], worse.astype(np.float64)))
