"""The recursion beside the event heap of one data plane: when it serves, and the way from one to the other."""

from __future__ import annotations

import math

import numpy as np

from sim.engine.allocate import stack
from sim.engine.fates import FATES_FREE, FATES_OPEN, MOST_PLANNED, make_room, prepare
from sim.engine.feedback import retries_refusals, route_feeds_back
from sim.engine.growth import SPARE, grow, grow_rows
from sim.engine.handover import hand_to_heap, take_from_heap
from sim.engine.layout import (
    FREE_CALLS,
    FREE_WORKERS,
    HEAP_SIZE,
    NEXT_REQUEST,
    POD_ROOM,
    PODS,
)
from sim.engine.protocol import PlaneConfig, Route
from sim.engine.recursion import advance_ahead, bring_up_all, write_rows_until
from sim.engine.state import PtrState


class Lookahead:
    """The recursion of a plane in which nothing feeds back, but for a refused request that is tried again.

    is_on: the state holds fates, not calls. foreseen: how many requests it has served.
    """

    def __init__(self, state: PtrState, config: PlaneConfig) -> None:
        self._state = state
        self._retries_refusals = retries_refusals(config.mesh)
        self._may_refuse = self._route_feeds_back = False
        self.is_on = False
        self.foreseen = 0
        prepare(state, int(state.iv[POD_ROOM]), max(version.concurrency for version in config.versions))

    def route_changed(self, route: Route) -> None:
        """Look at a new route."""
        self._route_feeds_back = route_feeds_back(route)

    def pods_changed(self) -> None:
        """Look whether a balancer may pick a pod that refuses."""
        if self._retries_refusals:
            pods = slice(int(self._state.iv[PODS]))
            self._may_refuse = bool(
                ((self._state.pod_endpoint[pods] == 1) & (self._state.pod_listens[pods] == 0)).any()
            )

    def serves(self, now: float) -> bool:
        """Return whether the recursion serves from now on; the calls under way are handed over where that changes."""
        serves = not (self._may_refuse or self._route_feeds_back)
        if serves and not self.is_on:
            self._take_over()
        elif self.is_on and not serves:
            self.hand_over(now)
        return self.is_on

    def advance(self, until: float) -> None:
        """Serve every event with time <= until."""
        state = self._state
        first = int(state.iv[NEXT_REQUEST])
        while advance_ahead(state, until):
            self._grow()
        self.foreseen += int(state.iv[NEXT_REQUEST]) - first

    def bring_up(self, now: float) -> None:
        """Let every pod be as it is now."""
        if self.is_on:
            bring_up_all(self._state, now)

    def write_rows(self, now: float) -> None:
        """Write the rows of all that has ended."""
        while self.is_on and write_rows_until(self._state, now):
            self._grow()

    def hand_over(self, now: float) -> None:
        """Let the event heap go on from now."""
        if not self.is_on:
            return
        state = self._state
        self.write_rows(now)
        grow(state, SPARE + len(state.free_fate) - int(state.ahead[FATES_FREE]))
        hand_to_heap(state)
        self.is_on = False

    def _take_over(self) -> None:
        """Go on where the event heap is, if no call is tried again."""
        state = self._state
        if state.service_retrying.any():
            return
        calls, workers = len(state.free_call), len(state.free_worker)
        make_room(state, calls - int(state.iv[FREE_CALLS]) + MOST_PLANNED)
        take_from_heap(state, workers)
        state.free_call[:], state.free_worker[:] = stack(calls), stack(workers)
        state.iv[[FREE_CALLS, FREE_WORKERS, HEAP_SIZE]] = calls, workers, 0
        state.service_in_flight[:] = 0
        state.heap_time[0] = math.inf
        state.worker_pod[:], state.worker_due[:], state.call_state[:] = -1, np.nan, 0
        state.pod_requests[:], state.pool_requests[:], state.request_call[:] = 0, 0, -1
        self.is_on = True

    def _grow(self) -> None:
        make_room(self._state, MOST_PLANNED)
        grow_rows(self._state, SPARE + int(self._state.ahead[FATES_OPEN]))
