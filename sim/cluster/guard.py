"""Two ways a run can fail to end, each caught: events without end at one instant, and a run that takes too long."""

from __future__ import annotations

import time

from sim.errors import BudgetError, InvariantError

MOST_EVENTS_AT_ONE_INSTANT = 100_000
WALL_CLOCK_LIMIT_SECONDS = 1_800.0
EVENTS_BETWEEN_LOOKS = 256


class Guard:
    """Counts events and watches the wall clock."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._deadline = time.monotonic() + limit_seconds
        self._instant = float("nan")
        self._events = 0

    def check(self, at: float) -> None:
        """Count one event at `at`.

        Raises:
            InvariantError: too many events at one instant.
            BudgetError: the run has taken too long.
        """
        self._events = self._events + 1 if at == self._instant else 1
        self._instant = at
        if self._events > MOST_EVENTS_AT_ONE_INSTANT:
            raise InvariantError(f"more than {MOST_EVENTS_AT_ONE_INSTANT} control events at {at} s: they never end")
        if self._events % EVENTS_BETWEEN_LOOKS == 1:
            self.check_time(at)

    def check_time(self, at: float) -> None:
        """Look at the wall clock only.

        Raises:
            BudgetError: the run has taken too long.
        """
        if time.monotonic() > self._deadline:
            raise BudgetError(
                f"the run took longer than {self._limit_seconds:g} s of real time and was stopped at its {at:g} s; "
                "simulate less traffic or a shorter duration"
            )
