"""Requests, and failed ones, finished by each scrape: a window of them costs no recount."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from sim.engine.protocol import Answers, Calls, Requests
from sim.metrics.status import SERVER_ERROR
from sim.metrics.window import Selection, selected


class Counts(NamedTuple):
    """Finished requests, and the failed ones among them."""

    requests: float
    failed: float

    @property
    def error_rate(self) -> float:
        """Return failed over finished requests; nan when none finished."""
        return self.failed / self.requests if self.requests else np.nan


class FailureCounts:
    """Counters of what is selected, read at each scrape."""

    def __init__(self, requests: Requests, selection: Selection) -> None:
        self._requests = requests
        self._selection = selection
        self._at: list[float] = []
        self._totals: list[Counts] = []

    def scrape(self, answers: Answers | Calls, at: float) -> None:
        """Read the counters at `at`, after every earlier scrape."""
        self._totals.append(self._by(answers, at))
        self._at.append(at)

    def between(self, answers: Answers | Calls, start: float, end: float) -> Counts:
        """Return what finished in (start, end], `end` at or before the last scrape."""
        before, after = self._by(answers, start), self._by(answers, end)
        return Counts(after.requests - before.requests, after.failed - before.failed)

    def _by(self, answers: Answers | Calls, at: float) -> Counts:
        """Return the totals at `at`: those of the scrape before it and the rows since."""
        known = bisect_right(self._at, at)
        since, total = (self._at[known - 1], self._totals[known - 1]) if known else (-np.inf, Counts(0, 0))
        if since == at:
            return total
        first, last = np.searchsorted(answers.finish, (since, at), side="right")
        rows = slice(int(first), int(last))
        own = selected(answers, self._requests, rows, self._selection)
        failed = np.count_nonzero(own & (answers.status[rows] >= SERVER_ERROR))
        return Counts(total.requests + np.count_nonzero(own), total.failed + failed)
