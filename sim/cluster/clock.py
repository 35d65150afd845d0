"""The control plane's clock: SimPy's, with a fixed order of all that happens at one instant."""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import IntEnum
from heapq import heappush
from typing import Any, TypeAlias

import simpy

Steps: TypeAlias = Generator[simpy.Event, None, None]
"""What a process is made of: events to wait for, one after the other."""

KEYS_PER_RANK = 10**12
"""Room for keys below a rank. SimPy's own priorities are 0 and 1, so what an event sets off at once comes before
the next event of that instant."""


class Rank(IntEnum):
    """Who acts first at one instant. Within a rank the smaller key does."""

    POD = 1
    PROPAGATION = 2
    SCRAPE = 3
    AUTOSCALER = 4
    JUDGE = 5
    ALERT = 6
    PERSON = 7
    STRATEGY = 8


POD, PROPAGATION, SCRAPE, AUTOSCALER = Rank.POD, Rank.PROPAGATION, Rank.SCRAPE, Rank.AUTOSCALER
JUDGE, ALERT, PERSON, STRATEGY = Rank.JUDGE, Rank.ALERT, Rank.PERSON, Rank.STRATEGY


class Clock(simpy.Environment):
    """Seconds since the release started, and events ranked within one instant."""

    def moment(self, at: float, rank: Rank, key: int = 0) -> simpy.Event:
        """Return an event that happens at `at` (exactly: no sum of delays is involved), now at the earliest."""
        event = simpy.Event(self)
        self._trigger(event, max(at, self.now), rank, key)
        return event

    def after(self, delay: float, rank: Rank, key: int = 0) -> simpy.Event:
        """Return an event that happens `delay` seconds from now."""
        return self.moment(self.now + delay, rank, key)

    def call(self, at: float, rank: Rank, key: int, action: Callable[[], object]) -> simpy.Event:
        """Return an event at `at` that does `action`; for short consequences that need no process of their own."""
        event = self.moment(at, rank, key)

        def act(_: simpy.Event) -> None:
            action()

        event.callbacks.append(act)
        return event

    def pass_until(self, at: float) -> None:
        """Let time pass to `at` without doing what was planned before it: the end of a run."""
        self._now = at

    def fire(self, event: simpy.Event, rank: Rank, key: int = 0) -> None:
        """Trigger a waiting event at this instant, in the turn of its rank."""
        self._trigger(event, self.now, rank, key)

    def _trigger(self, event: simpy.Event, at: float, rank: Rank, key: int) -> None:
        # NOTE: simpy.Environment.schedule takes a delay, and now + (at - now) is not always `at`.
        event._ok = True
        event._value = None
        entry: tuple[float, Any, int, simpy.Event] = (at, rank * KEYS_PER_RANK + key, next(self._eid), event)
        heappush(self._queue, entry)
