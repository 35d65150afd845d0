"""Rows of fates in the order in which the calls end, written some hundred at a time.

Calls end nearly in the order in which they arrive, and evenly enough in time to be dealt into cells of equal length.
What is left to do within the cells is little; where all end in a few of them, longer steps come first.

t: time. f: fate. n: how many. i, k: places. cell: a stretch of time.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.fates import (
    FATES_FREE,
    FATES_OPEN,
    POD_SHIFT,
    REASON_MASK,
    STATUS_MASK,
    STATUS_SHIFT,
)
from sim.engine.layout import ROWS

CROWDED = 24
"""In a cell: more than this take longer steps."""

STEPS = (701, 301, 132, 57, 23, 10, 4)
"""Source: M. Ciura, Best increments for the average case of Shellsort (2001)."""

TOO_SHORT = 1e-250
"""A stretch of time that is not cut into cells, in seconds."""


@compiled
def write_rows(state: Any, t: float) -> int:
    """Write a row for every open fate that ends by t, and free it; return how many stay open."""
    n = part(state, t)
    if n > 0:
        most = deal(state, n)
        if most > CROWDED:
            for step in STEPS:
                sort_in_steps(state, n, step)
        sort_in_steps(state, n, 1)
        write(state, n)
    return state.ahead[FATES_OPEN]  # type: ignore[no-any-return]


@compiled
def part(state: Any, t: float) -> int:
    """Take out the open fates that end by t; return how many."""
    due = 0
    kept = 0
    for i in range(state.ahead[FATES_OPEN]):
        f = state.open_fate[i]
        finish = state.fate_finish[f]
        if finish <= t:
            state.due_time[due] = finish
            state.due_fate[due] = f
            due += 1
        else:
            state.open_fate[kept] = f
            kept += 1
    state.ahead[FATES_OPEN] = kept
    return due


@compiled
def deal(state: Any, n: int) -> int:
    """Deal n fates into as many cells by time, the cells in order; return how many the fullest holds."""
    first = state.due_time[0]
    last = first
    for i in range(n):
        first = min(first, state.due_time[i])
        last = max(last, state.due_time[i])
    per_second = (n - 1) / (last - first) if last - first > TOO_SHORT else 0.0
    for cell in range(n + 1):
        state.sort_cell[cell] = 0
    for i in range(n):
        state.sort_cell[int((state.due_time[i] - first) * per_second) + 1] += 1
    most = 0
    for cell in range(1, n + 1):
        most = max(most, state.sort_cell[cell])
        state.sort_cell[cell] += state.sort_cell[cell - 1]
    for i in range(n):
        cell = int((state.due_time[i] - first) * per_second)
        k = state.sort_cell[cell]
        state.sort_cell[cell] = k + 1
        state.sort_time[k] = state.due_time[i]
        state.sort_fate[k] = state.due_fate[i]
    return most


@compiled
def sort_in_steps(state: Any, n: int, step: int) -> None:
    """Put in order what stands `step` places apart; with step 1, all."""
    for i in range(step, n):
        t = state.sort_time[i]
        f = state.sort_fate[i]
        k = i
        while k >= step and ends_after(state, k - step, t, f):
            state.sort_time[k] = state.sort_time[k - step]
            state.sort_fate[k] = state.sort_fate[k - step]
            k -= step
        state.sort_time[k] = t
        state.sort_fate[k] = f


@compiled
def ends_after(state: Any, k: int, t: float, f: int) -> bool:
    if state.sort_time[k] != t:
        return state.sort_time[k] > t  # type: ignore[no-any-return]
    return state.fate_code[state.sort_fate[k]] > state.fate_code[f]  # type: ignore[no-any-return]


@compiled
def write(state: Any, n: int) -> None:
    """Write the rows of n fates as sorted."""
    row = state.iv[ROWS]
    free = state.ahead[FATES_FREE]
    for i in range(n):
        f = state.sort_fate[i]
        code = state.fate_code[f]
        answer = state.fate_answer[f]
        p = answer >> POD_SHIFT
        state.row_request[row] = code >> 2
        state.row_copy[row] = code & 1
        state.row_version[row] = state.pod_version[p] if p >= 0 else -1
        state.row_pod[row] = p
        state.row_attempts[row] = 1
        state.row_start[row] = state.fate_start[f]
        state.row_finish[row] = state.sort_time[i]
        state.row_status[row] = (answer >> STATUS_SHIFT) & STATUS_MASK
        state.row_reason[row] = answer & REASON_MASK
        row += 1
        state.free_fate[free] = f
        free += 1
    state.iv[ROWS] = row
    state.ahead[FATES_FREE] = free
