"""Who converted: kept up to date as answers come in, so that asking costs no look at the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Answers, Requests
from sim.metrics.status import is_answered

if TYPE_CHECKING:
    from sim.metrics.window import Window

Per: TypeAlias = Literal["user", "request"]
NOBODY = -1


class FirstAnswers:
    """The version that gave each user's first ok answer at or after the start of the rollout.

    That answer decides once whether the user converts: the user's own number against the version's rate. Where
    conversion is per request, each ok answer decides for itself.
    """

    def __init__(self, requests: Requests, rates: Sequence[float], per: Per, since: float = -np.inf) -> None:
        """Start with nobody answered; `rates` by version number. What arrived before `since` decides nothing."""
        self.per = per
        self.version: NDArray[np.int16] = np.full(len(requests.sticky_of_user), NOBODY, dtype=np.int16)
        self._requests = requests
        self._since = since
        self._rate = np.array([*rates, 0.0])  # NOBODY, -1, is the last
        self._seen = 0

    def extend(self, answers: Answers, until: float) -> None:
        """Take in the rows finished by `until` that are new since the last call."""
        rows = slice(self._seen, int(np.searchsorted(answers.finish, until, side="right")))
        self._seen = max(self._seen, rows.stop)
        first = (answers.finish[rows] >= 0) & (answers.copy[rows] == 0) & is_answered(answers.status[rows])
        first &= self._requests.arrival[answers.request[rows]] >= self._since
        users = self._requests.user[answers.request[rows][first]]
        versions = answers.version[rows][first]
        fresh = self.version[users] == NOBODY
        who, where = np.unique(users[fresh], return_index=True)
        self.version[who] = versions[fresh][where]

    def exposed(self, window: Window) -> tuple[int, int]:
        """Return how many units reached the window's versions, and how many of those converted.

        Users who met another version first are left out: their conversion was that version's to decide.
        """
        own = ~window.copy & (window.version != NOBODY)
        requests, versions = window.request[own], window.version[own]
        if self.per == "request":
            ok = is_answered(window.status[own])
            converted = ok & (self._requests.conversion[requests] < self._rate[versions])
            return len(requests), int(np.count_nonzero(converted))
        users = np.flatnonzero(np.bincount(self._requests.user[requests], minlength=1))
        deciding = self.version[users]
        # A user for whom another version decided was exposed to no chance of converting here: that is no failure.
        decided_here = np.isin(deciding, np.unique(versions))
        converted = decided_here & (self._requests.conversion_of_user[users] < self._rate[deciding])
        return int(np.count_nonzero(decided_here | (deciding == NOBODY))), int(np.count_nonzero(converted))
