"""Where the recursion keeps what it already knows: the fate of each call that has arrived and is not yet a row.

A fate is a numbered record: when a call starts and finishes, and how it answers. Those that wait are linked pod by pod,
in order; those that have started, or were answered at once, are `open` until their row is due.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.luck import luck_arrays
from sim.engine.state import PtrState

# The recursion's own integer scalars.
FATES_FREE, FATES_OPEN, ROWS_AT, WORKERS, PLANNED = range(5)
SCALARS = 5

FATE_FIELDS: dict[str, type] = {
    "fate_start": np.float64, "fate_finish": np.float64, "fate_code": np.int64, "fate_answer": np.int64,
    "fate_next": np.int64, "open_fate": np.int64,
    "sort_time": np.float64, "sort_fate": np.int64, "due_time": np.float64, "due_fate": np.int64,
}  # fmt: skip

FIRST_FATES = 4096
FEWEST_ROWS = 512
"""Rows are written in order once so many may be due: few enough to stay in the processor's nearest cache."""

MOST_PLANNED = 256
"""Calls whose pods and numbers are looked up together, before the first of them is served."""

PLAN_FIELDS: dict[str, type] = {
    "plan_time": np.float64, "plan_code": np.int64, "plan_pool": np.int64, "plan_pod": np.int64,
    "plan_seconds": np.float64, "plan_status": np.int64,
    "plan_service": np.float64, "plan_error": np.float64, "plan_extra": np.float64,
}  # fmt: skip

# fate_code: 4 x request + 2 if it ends by a completion + copy, the order of what ends at one instant.
ENDS_BY_COMPLETION = 2
# fate_answer: pod, pool, status and reason in one word.
POD_SHIFT, POOL_SHIFT, STATUS_SHIFT = 32, 16, 4
POOL_MASK, STATUS_MASK, REASON_MASK = 0xFFFF, 0xFFF, 0xF

Arrays = dict[str, NDArray[Any]]


def no_fates() -> Arrays:
    """Return the arrays of a plane that never looks ahead."""
    plan: Arrays = {name: np.zeros(MOST_PLANNED, item) for name, item in PLAN_FIELDS.items()}
    return {**_store(1), **plan, **luck_arrays(), "pod_turn": np.zeros(0), "ahead": np.zeros(SCALARS, np.int64)}


def prepare(state: PtrState, pods: int, workers: int) -> None:
    """Give a state room for fates, and for the moments at which `workers` workers of each pod will be free."""
    state.rebind(**_store(FIRST_FATES), pod_turn=np.zeros(pods * workers))
    state.ahead[[FATES_FREE, ROWS_AT, WORKERS]] = FIRST_FATES, FEWEST_ROWS, workers


def make_room(state: PtrState, fates: int) -> None:
    """Make room for so many more fates."""
    while state.ahead[FATES_FREE] < fates:
        _double(state)


def make_room_for_pods(state: PtrState, pods: int) -> None:
    """Make room for the workers of so many pods."""
    turns = np.zeros(pods * int(state.ahead[WORKERS]))
    turns[: len(state.pod_turn)] = state.pod_turn
    state.rebind(pod_turn=turns)


def _store(room: int) -> Arrays:
    return {
        **{name: np.zeros(room, item) for name, item in FATE_FIELDS.items()},
        "free_fate": np.arange(room, dtype=np.int64)[::-1].copy(),
        "sort_cell": np.zeros(room + 2, np.int64),
    }


def _double(state: PtrState) -> None:
    free, room = int(state.ahead[FATES_FREE]), len(state.free_fate)
    arrays = _store(2 * room)
    for name in FATE_FIELDS:
        arrays[name][:room] = getattr(state, name)
    arrays["free_fate"][:free] = state.free_fate[:free]
    arrays["free_fate"][free : free + room] = np.arange(2 * room - 1, room - 1, -1)
    state.rebind(**arrays)
    state.ahead[FATES_FREE] = free + room
