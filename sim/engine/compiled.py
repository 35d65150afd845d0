"""The compiled data plane: Numba kernels over flat arrays, behind the protocol of both engines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import pods
from sim.engine.allocate import allocate
from sim.engine.fault_pods import pod_luck
from sim.engine.growth import SPARE, grow, grow_pods
from sim.engine.kernel import advance, reset
from sim.engine.layout import (
    BY_PODS,
    EJECTIONS,
    FREE_WORKERS,
    MATCHES,
    POD_ROOM,
    PODS,
    ROW_FIELDS,
    ROWS,
    RUNNING,
    STICKY,
    WAITING,
)
from sim.engine.protocol import Answers, Ejection, Load, PlaneConfig, PodLoad, Route

LAST_MOMENT = 1e300
"""Later than any event and below infinity, which stands for "no event"."""


class CompiledPlane:
    """A data plane; see sim.engine.protocol.Engine."""

    def __init__(self, config: PlaneConfig) -> None:
        self._state = allocate(config)
        self._requests = config.requests  # keeps alive the arrays that the state points into
        self._pods = 0
        self._now = config.start
        self.set_route(config.route)

    def advance(self, until: float) -> None:
        """Serve every event with time <= until."""
        while advance(self._state, min(until, LAST_MOMENT)):
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
        self._share_nothing(pod)

    def listen(self, pod: int, since: float) -> None:
        """The pod accepts connections."""
        self._state.pod_listens[pod] = 1
        self._state.pod_since[pod] = since

    def stop_listening(self, pod: int) -> None:
        """New connections are refused."""
        self._state.pod_listens[pod] = 0

    def add_endpoint(self, pod: int) -> None:
        """Balancers now use the pod."""
        pods.add_endpoint(self._state, self._now, pod)

    def remove_endpoint(self, pod: int) -> None:
        """Balancers stop using the pod."""
        pods.remove_endpoint(self._state, self._now, pod)

    def kill(self, pod: int) -> None:
        """All that the pod holds is reset."""
        state = self._state
        held = self._held(pod)
        grow(state, SPARE + len(held))
        state.pod_listens[pod] = 0
        state.version_waiting[state.pod_version[pod]] -= state.pod_waiting[pod]
        state.pod_waiting[pod] = state.pod_requests[pod] = 0
        state.pod_head[pod] = state.pod_tail[pod] = -1
        self._share_nothing(pod)
        self._stop_workers(pod)
        reset(state, self._now, pod, held)

    def _held(self, pod: int) -> NDArray[np.int64]:
        """Return the calls that a pod serves or lets wait, in order of request, a copy after its original."""
        state = self._state
        held = np.flatnonzero((state.call_pod == pod) & ((state.call_state == WAITING) | (state.call_state == RUNNING)))
        return held[np.argsort(2 * state.call_request[held] + state.call_copy[held])]

    def _share_nothing(self, pod: int) -> None:
        state = self._state
        state.pod_first[pod] = state.pod_expected[pod] = -1
        state.pod_virtual[pod], state.pod_virtual_at[pod], state.pod_speed[pod] = 0.0, 0.0, 1.0

    def _stop_workers(self, pod: int) -> None:
        state = self._state
        slots = np.flatnonzero(state.worker_pod == pod)
        if len(slots):
            version = int(state.pod_version[pod])
            state.version_area[version] += state.version_busy[version] * (self._now - state.version_since[version])
            state.version_since[version] = self._now
            state.version_busy[version] -= state.pod_busy[pod]
            state.pod_area[pod] += state.pod_busy[pod] * (self._now - state.pod_busy_since[pod])
            state.pod_busy_since[pod] = self._now
        state.pod_busy[pod] = 0
        state.worker_pod[slots], state.worker_due[slots] = -1, math.nan
        free = int(state.iv[FREE_WORKERS])
        state.free_worker[free : free + len(slots)] = slots
        state.iv[FREE_WORKERS] = free + len(slots)

    def is_idle(self, pod: int) -> bool:
        """True when the pod serves nothing and nothing waits at it."""
        return not self._state.pod_busy[pod] and not self._state.pod_waiting[pod]

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
        state.iv[MATCHES], state.iv[STICKY], state.iv[BY_PODS] = bool(route.match), route.sticky, route.by_pods

    def load(self) -> Load:
        """Return queue and busy workers per version now."""
        state = self._state
        busy_seconds = state.version_area + state.version_busy * (self._now - state.version_since)
        return Load(state.version_waiting.copy(), state.version_busy.copy(), busy_seconds)

    def pod_load(self) -> PodLoad:
        """Return what each pod has worked so far."""
        state, pods = self._state, slice(self._pods)
        running = state.pod_busy[pods] * (self._now - state.pod_busy_since[pods])
        return PodLoad(state.pod_started[pods].copy(), state.pod_area[pods] + running, state.pod_waiting[pods].copy())

    def answers(self) -> Answers:
        """Return all rows so far."""
        count = int(self._state.iv[ROWS])
        columns = {name.removeprefix("row_"): getattr(self._state, name)[:count] for name in ROW_FIELDS}
        for column in columns.values():
            column.setflags(write=False)
        return Answers(**{field.name: columns[field.name] for field in fields(Answers)})

    def ejections(self) -> Sequence[Ejection]:
        """Return all ejections and returns so far."""
        count = int(self._state.iv[EJECTIONS])
        columns: Any = (getattr(self._state, f"ejection_{name}")[:count] for name in ("at", "pod", "returned"))
        return tuple(Ejection(float(at), int(pod), bool(back)) for at, pod, back in zip(*columns, strict=True))
