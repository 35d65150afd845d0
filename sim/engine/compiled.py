"""The compiled data plane: Numba kernels over flat arrays, behind the protocol of both engines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import pods
from sim.engine.allocate import allocate
from sim.engine.fault_pods import pod_luck
from sim.engine.feedback import feeds_back
from sim.engine.growth import grow, grow_pods
from sim.engine.kernel import advance, reset
from sim.engine.layout import (
    BY_PODS,
    CALL_ROW_FIELDS,
    CALL_ROWS,
    CALLING,
    EJECTIONS,
    FREE_WORKERS,
    HAS_NETWORK,
    HELD,
    LOST,
    MATCHES,
    MOST_TOKENS,
    POD_ROOM,
    PODS,
    ROW_FIELDS,
    ROWS,
    RUNNING,
    STICKY,
    VERSIONS,
    WAITING,
)
from sim.engine.lookahead import Lookahead
from sim.engine.protocol import Answers, Calls, Ejection, Load, PlaneConfig, PodLoad, Requests, Route
from sim.engine.settled import with_own_arrivals

LAST_MOMENT = 1e300
"""Later than any event and below infinity, which stands for "no event"."""


class CompiledPlane:
    """A data plane; see sim.engine.protocol.Engine."""

    def __init__(self, config: PlaneConfig, *, looks_ahead: bool = True) -> None:
        """Take what is to be served; looks_ahead: use the recursion where nothing feeds back, to the same rows."""
        config = replace(config, requests=with_own_arrivals(config.requests))
        self._state = allocate(config)
        self._requests = config.requests  # keeps alive the arrays that the state points into
        self._pods = 0
        self._now = config.start
        self._ahead = None if feeds_back(config) or not looks_ahead else Lookahead(self._state, config)
        self.set_route(config.route)

    def advance(self, until: float) -> None:
        """Serve every event with time <= until."""
        last = min(until, LAST_MOMENT)
        if self._ahead is not None and self._ahead.serves(self._now):
            self._ahead.advance(last)
            if until == math.inf:
                self._ahead.write_rows(last)
        else:
            while advance(self._state, last):
                grow(self._state)
        if until < math.inf:
            self._now = max(self._now, until)
        elif self._state.iv[ROWS]:
            self._now = max(self._now, float(self._state.row_finish[self._state.iv[ROWS] - 1]))

    def add_pod(self, pod: int, version: int) -> None:
        """Make a pod known."""
        if pod != self._pods:
            raise ValueError(f"pod {pod} is out of turn; the next is {self._pods}")
        self._pods += 1
        self._state.iv[PODS] = self._pods
        while pod >= self._state.iv[POD_ROOM]:
            grow_pods(self._state)
        ordinal = int(np.count_nonzero(self._state.pod_version[:pod] == version))
        self._state.pod_version[pod], self._state.pod_ordinal[pod] = version, ordinal
        self._state.pod_luck[pod] = pod_luck(self._requests.seed, self._requests.replication, version, ordinal)
        self._state.pod_head[pod] = self._state.pod_tail[pod] = -1
        self._state.slot_head[2 * pod : 2 * pod + 2] = self._state.slot_tail[2 * pod : 2 * pod + 2] = -1
        self._share_nothing(pod)

    def listen(self, pod: int, since: float) -> None:
        """The pod accepts connections."""
        if self._ahead is not None and not self.is_idle(pod):  # what waits meets a younger pod than it was foreseen to
            self._ahead.hand_over(self._now)
        self._state.pod_listens[pod] = 1
        self._state.pod_since[pod] = since
        self._state.bucket_from[pod + 1], self._state.bucket_fills[pod + 1] = self._now, 0
        self._state.bucket_tokens[pod + 1] = self._state.iv[MOST_TOKENS]
        self._pods_changed()

    def stop_listening(self, pod: int) -> None:
        """New connections are refused."""
        self._state.pod_listens[pod] = 0
        self._pods_changed()

    def add_endpoint(self, pod: int) -> None:
        """Balancers now use the pod."""
        pods.add_endpoint(self._state, self._now, pod)
        self._pods_changed()

    def remove_endpoint(self, pod: int) -> None:
        """Balancers stop using the pod."""
        pods.remove_endpoint(self._state, self._now, pod)
        self._pods_changed()

    def _pods_changed(self) -> None:
        if self._ahead is not None:
            self._ahead.pods_changed()

    def kill(self, pod: int) -> None:
        """All that the pod holds is reset."""
        state = self._state
        if self._ahead is not None:
            self._ahead.hand_over(self._now)
        held = self._held(pod)
        state.pod_listens[pod] = 0
        state.pod_waiting[pod] = 0
        if not state.iv[HAS_NETWORK]:
            state.pod_requests[pod] = 0
        state.pod_head[pod] = state.pod_tail[pod] = -1
        levels = int(state.levels[0])
        state.level_tail[pod * levels : (pod + 1) * levels] = -1
        self._share_nothing(pod)
        self._stop_workers(pod, held)
        self._disconnect(pod)
        state.call_state[held] = LOST
        self._reset(pod, held)
        self._pods_changed()

    def _reset(self, pod: int, held: NDArray[np.int64]) -> None:
        """Tell all who wait at a killed pod; what pods that wait for a connection do then comes last."""
        done = 0
        while done <= len(held):
            grow(self._state)
            done = reset(self._state, self._now, pod, held, done)

    def _held(self, pod: int) -> NDArray[np.int64]:
        """Return the calls that a pod serves, lets wait or waits for the calls of, in the order of a tie."""
        state = self._state
        held = np.flatnonzero((state.call_pod == pod) & np.isin(state.call_state, (WAITING, RUNNING, CALLING)))
        order = (state.call_attempt, state.call_path, state.call_copy, state.call_request)
        return held[np.lexsort([column[held] for column in order])]

    def _disconnect(self, pod: int) -> None:
        """Close all connections to a pod; of those in use the proxy hears when a reset has come over the network."""
        state = self._state
        slots = slice(2 * pod, 2 * pod + 2)
        closed = state.slot_idle[slots].copy() if state.iv[HAS_NETWORK] else state.slot_open[slots].copy()
        version = state.pod_version[pod]
        state.pool_connections[[version, state.version_whole[version]]] -= closed
        state.slot_open[slots] -= closed
        state.slot_idle[slots] = 0

    def _share_nothing(self, pod: int) -> None:
        state = self._state
        state.pod_first[pod] = state.pod_expected[pod] = -1
        state.pod_virtual[pod], state.pod_virtual_at[pod], state.pod_speed[pod] = 0.0, 0.0, 1.0

    def _stop_workers(self, pod: int, held: NDArray[np.int64]) -> None:
        """Let all work end at once."""
        state = self._state
        slots = np.flatnonzero(state.worker_pod == pod)
        if len(slots):
            state.pod_area[pod] += state.pod_busy[pod] * (self._now - state.pod_busy_since[pod])
            state.pod_busy_since[pod] = self._now
        state.pod_busy[pod] = 0
        state.worker_pod[slots], state.worker_due[slots] = -1, math.nan
        free = int(state.iv[FREE_WORKERS])
        state.free_worker[free : free + len(slots)] = slots
        state.iv[FREE_WORKERS] = free + len(slots)
        calling = held[(state.call_state[held] == CALLING) & (state.call_worker[held] >= 0)]
        state.iv[HELD] -= len(calling)
        state.call_worker[calling] = -1

    def is_idle(self, pod: int) -> bool:
        """True when the pod serves nothing, and nothing waits at it or for calls that it has made."""
        self._bring_up()
        return not self._state.pod_busy[pod] and not self._state.pod_requests[pod]

    def set_route(self, route: Route) -> None:
        """Use `route` for requests from now on."""
        state = self._state
        chosen = [(version, percent) for version, percent in route.weights if percent > 0]
        state.route_choices[0] = len(chosen)
        cumulative = 0.0
        for place, (version, percent) in enumerate(chosen):
            cumulative += percent
            state.route_version[place], state.route_cumulative[place] = version, cumulative
        state.match_version[:] = -1
        for segment, version in reversed(route.match):
            state.match_version[segment] = version
        state.mirror_version[0], state.mirror_percent[0] = route.mirror or (-1, 0.0)
        if self._ahead is not None:
            self._ahead.route_changed(route)
        state.iv[MATCHES], state.iv[STICKY], state.iv[BY_PODS] = bool(route.match), route.sticky, route.by_pods
        self._keep(route.keeps if route.keeps_users else -1)

    def _keep(self, version: int) -> None:
        """Let a version keep its users from now on; those that another one kept are forgotten."""
        state = self._state
        if version == state.kept_version[0]:
            return
        state.kept_version[0] = version
        state.rebind(user_kept=np.zeros(len(state.user_sticky) if version >= 0 else 1, np.int8))

    def load(self) -> Load:
        """Return queue and busy workers per version now."""
        pods = self.pod_load()
        version = self._state.pod_version[: self._pods]
        waiting, busy, seconds = (
            np.bincount(version, values, int(self._state.iv[VERSIONS]))
            for values in (pods.waiting, self._state.pod_busy[: self._pods], pods.busy_seconds)
        )
        return Load(waiting.astype(np.int64), busy.astype(np.int64), np.asarray(seconds, np.float64))

    def pod_load(self) -> PodLoad:
        """Return what each pod has worked so far."""
        self._bring_up()
        state, pods = self._state, slice(self._pods)
        running = state.pod_busy[pods] * (self._now - state.pod_busy_since[pods])
        return PodLoad(state.pod_started[pods].copy(), state.pod_area[pods] + running, state.pod_waiting[pods].copy())

    def _bring_up(self) -> None:
        if self._ahead is not None:
            self._ahead.bring_up(self._now)

    @property
    def requests(self) -> Requests:
        """Return the requests."""
        return self._requests

    def answers(self) -> Answers:
        """Return all rows so far."""
        if self._ahead is not None:
            self._ahead.write_rows(self._now)
        count = int(self._state.iv[ROWS])
        columns = {name.removeprefix("row_"): getattr(self._state, name)[:count] for name in ROW_FIELDS}
        for column in columns.values():
            column.setflags(write=False)
        return Answers(**{field.name: columns[field.name] for field in fields(Answers)})

    def calls(self) -> Calls:
        """Return the rows of all calls between services so far."""
        count = int(self._state.iv[CALL_ROWS])
        columns = {name.removeprefix("called_"): getattr(self._state, name)[:count] for name in CALL_ROW_FIELDS}
        for column in columns.values():
            column.setflags(write=False)
        return Calls(**columns)

    def foreseen(self) -> int:
        """Return how many requests were served by the recursion."""
        return 0 if self._ahead is None else self._ahead.foreseen

    def ejections(self) -> Sequence[Ejection]:
        """Return all ejections and returns so far."""
        count = int(self._state.iv[EJECTIONS])
        columns: Any = (getattr(self._state, f"ejection_{name}")[:count] for name in ("at", "pod", "returned"))
        return tuple(Ejection(float(at), int(pod), bool(back)) for at, pod, back in zip(*columns, strict=True))
