"""More room for the compiled engine's state, between two of its events.

A room is grown at twice the mark at which the kernel asks, else every event would come back to Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.fates import make_room_for_pods
from sim.engine.layout import (
    BUCKET_FIELDS,
    CALL_FIELDS,
    CALL_ROOM,
    CALL_ROW_FIELDS,
    CALL_ROW_ROOM,
    CALL_ROWS,
    EJECTION_FIELDS,
    EJECTION_ROOM,
    EJECTIONS,
    ENTRY_FIELDS,
    FREE_CALLS,
    FREE_TRIPS,
    FREE_WORKERS,
    GROW,
    HAS_RATES,
    HEAP_FIELDS,
    HEAP_ROOM,
    HEAP_SIZE,
    HELD,
    NEAR_FULL,
    PENDING_CALLS,
    PENDING_ROOM,
    POD_FIELDS,
    POD_ROOM,
    PODS,
    RING_FIELDS,
    RING_ROOM,
    ROW_FIELDS,
    ROW_ROOM,
    ROWS,
    SLOT_FIELDS,
    TRIP_FIELDS,
    WORKER_FIELDS,
)
from sim.engine.state import PtrState

Arrays = dict[str, NDArray[Any]]

SPARE = 2 * NEAR_FULL


def grow(state: PtrState, spare: int = SPARE) -> None:
    """Make room for `spare` more of everything that an event adds to.

    A look at all rates may eject every pod; one connection that ends may turn away all that wait for it.
    """
    scalars = state.iv
    if scalars[HAS_RATES]:
        spare += int(scalars[PODS])
    if scalars[PENDING_CALLS] > scalars[PENDING_ROOM]:
        scalars[PENDING_ROOM] = 2 * scalars[PENDING_CALLS]
    spare += int(scalars[PENDING_ROOM])
    scalars[GROW] = 0
    _lengthen(state, HEAP_FIELDS, HEAP_ROOM, int(scalars[HEAP_SIZE] + scalars[HELD]) + spare)
    _lengthen(state, ROW_FIELDS, ROW_ROOM, int(scalars[ROWS]) + spare)
    _lengthen(state, EJECTION_FIELDS, EJECTION_ROOM, int(scalars[EJECTIONS]) + spare)
    _refill(state, CALL_FIELDS, "free_call", FREE_CALLS, spare)
    _refill(state, WORKER_FIELDS, "free_worker", FREE_WORKERS, spare)
    _refill(state, TRIP_FIELDS, "free_trip_slot", FREE_TRIPS, spare)
    scalars[CALL_ROOM] = len(state.free_call)
    if scalars[CALL_ROW_ROOM]:
        # All calls under way may end at once.
        _lengthen(state, CALL_ROW_FIELDS, CALL_ROW_ROOM, int(scalars[CALL_ROWS] + scalars[CALL_ROOM]) + spare)
    if (state.ring_tail - state.ring_head).max() + SPARE > scalars[RING_ROOM]:
        _double_rings(state)


def grow_rows(state: PtrState, rows: int) -> None:
    """Make room for so many more rows."""
    state.iv[GROW] = 0
    _lengthen(state, ROW_FIELDS, ROW_ROOM, int(state.iv[ROWS]) + rows)


def grow_pods(state: PtrState) -> None:
    """Make room for twice as many pods."""
    room = int(state.iv[POD_ROOM])
    pools = len(state.ready) // room
    arrays = {**_longer(state, POD_FIELDS, 2 * room), **_longer(state, SLOT_FIELDS, 4 * room)}
    arrays |= _longer(state, BUCKET_FIELDS, 2 * room + 1)
    for name in ("ready", *ENTRY_FIELDS):
        if len(old := getattr(state, name)) == pools * room:
            arrays[name] = np.pad(old.reshape(pools, room), ((0, 0), (0, room))).ravel()
    if len(state.ring) > 1:
        arrays["ring"] = np.zeros(len(state.ring) + pools * room, np.int64)
        state.pool_ring[:] = 0
    arrays["level_tail"] = np.append(state.level_tail, np.full(len(state.level_tail), -1, np.int64))
    state.rebind(**arrays)
    state.iv[POD_ROOM] = 2 * room
    make_room_for_pods(state, 2 * room)


def _longer(state: PtrState, fields: dict[str, type], room: int) -> Arrays:
    arrays = {}
    for name in fields:
        old = getattr(state, name)
        arrays[name] = np.zeros(room, old.dtype)
        arrays[name][: len(old)] = old
    return arrays


def _lengthen(state: PtrState, fields: dict[str, type], room: int, needed: int) -> None:
    if needed > state.iv[room]:
        size = max(needed, 2 * int(state.iv[room]))
        state.rebind(**_longer(state, fields, size))
        state.iv[room] = size


def _refill(state: PtrState, fields: dict[str, type], stack: str, free: int, spare: int) -> None:
    """Double a store of numbered records as long as fewer than `spare` of them are free."""
    while state.iv[free] < spare:
        _double(state, fields, stack, free)


def _double(state: PtrState, fields: dict[str, type], stack: str, free: int) -> None:
    count = int(state.iv[free])
    size = len(getattr(state, stack))
    places = np.empty(2 * size, np.int64)
    places[:count] = getattr(state, stack)[:count]
    places[count : count + size] = np.arange(2 * size - 1, size - 1, -1)
    state.rebind(**_longer(state, fields, 2 * size), **{stack: places})
    for name in ("worker_pod", "call_child"):
        if name in fields:
            getattr(state, name)[size:] = -1
    state.iv[free] = count + size


def _double_rings(state: PtrState) -> None:
    """Entries keep their running number; its low bits are their place in the ring."""
    room = int(state.iv[RING_ROOM])
    rings = len(state.ring_call) // room
    arrays: Arrays = {name: np.zeros(2 * room * rings, item) for name, item in RING_FIELDS.items()}
    for ring in range(rings):
        numbers = np.arange(state.ring_head[ring], state.ring_tail[ring])
        for name, longer in arrays.items():
            old = getattr(state, name)
            longer[2 * ring * room + (numbers & (2 * room - 1))] = old[ring * room + (numbers & (room - 1))]
    state.rebind(**arrays)
    state.iv[RING_ROOM] = 2 * room
