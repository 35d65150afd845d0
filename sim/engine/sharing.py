"""Pods whose requests share their cores: each of n goes at full speed if there is a core for it, else at cores / n.

A pod's virtual time runs at that speed, and a request ends when it has run for its service time. The requests of a pod
are a pairing heap through their worker slots, in order of their ends; only the first has an event.

t: time. c: call. p: pod. v: version. w, a, b: worker slots, -1 for none.
Source: Kleinrock, Queueing Systems II (1976), 4.4 (processor sharing); Fredman et al., The pairing heap (1986).
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled
from sim.engine.heap import is_first, order_of, push
from sim.engine.layout import DONE, KIND_SHIFT, LESS, MORE, RUNNING, SLOT_BITS
from sim.engine.service import decide
from sim.engine.workers import change_busy, free_worker, new_worker


@compiled
def share(state: Any, t: float, c: int, p: int) -> None:
    """Call c joins those that run at pod p."""
    v = state.pod_version[p]
    state.pod_virtual[p] += (t - state.pod_virtual_at[p]) * state.pod_speed[p]
    state.pod_virtual_at[p] = t
    if state.pod_busy[p] < state.version_workers[v]:
        change_busy(state, t, p, MORE)
    else:
        state.pod_waiting[p] += 1
    w = new_worker(state, p)
    state.pod_started[p] += 1
    state.call_state[c] = RUNNING
    state.call_worker[c] = w
    state.call_start[c] = t
    state.worker_call[w] = c
    state.worker_code[w] = (DONE << KIND_SHIFT) | (state.call_request[c] << SLOT_BITS) | w
    state.worker_order[w] = order_of(state, c)
    state.worker_end[w] = state.pod_virtual[p] + decide(state, t, c, p)
    state.worker_child[w] = -1
    state.worker_sibling[w] = -1
    state.pod_first[p] = meld(state, state.pod_first[p], w)
    expect(state, t, p)


@compiled
def leave(state: Any, t: float, w: int) -> None:
    """The first to end at its pod, in slot w, has ended."""
    p = state.worker_pod[w]
    state.pod_virtual[p] = state.worker_end[w]
    state.pod_virtual_at[p] = t
    state.pod_first[p] = without_root(state, w)
    state.pod_expected[p] = -1
    if state.pod_waiting[p] > 0:
        state.pod_waiting[p] -= 1
    else:
        change_busy(state, t, p, LESS)
    free_worker(state, w)
    expect(state, t, p)


@compiled
def expect(state: Any, t: float, p: int) -> None:
    """Put the next end of pod p into the heap, unless it is there and nothing has changed."""
    w = state.pod_first[p]
    cores = state.version_workers[state.pod_version[p]]
    present = state.pod_busy[p] + state.pod_waiting[p]
    speed = 1.0 if present <= cores else cores / present
    if state.pod_expected[p] == w and state.pod_speed[p] == speed:
        return
    if state.pod_expected[p] >= 0:
        state.worker_due[state.pod_expected[p]] = math.nan
    state.pod_speed[p] = speed
    state.pod_expected[p] = w
    if w >= 0:
        due = t + max(state.worker_end[w] - state.pod_virtual[p], 0.0) / speed
        state.worker_due[w] = due
        push(state, due, state.worker_code[w])


@compiled
def meld(state: Any, a: int, b: int) -> int:
    """Return the root of two heaps made one: the earlier end, then the smaller code."""
    if a < 0:
        return b
    if b < 0:
        return a
    sooner = state.worker_end[a] < state.worker_end[b]
    are_even = state.worker_end[a] == state.worker_end[b]
    if sooner or (are_even and is_first(state, state.worker_code[a], state.worker_code[b])):
        state.worker_sibling[b] = state.worker_child[a]
        state.worker_child[a] = b
        return a
    state.worker_sibling[a] = state.worker_child[b]
    state.worker_child[b] = a
    return b


@compiled
def without_root(state: Any, root: int) -> int:
    """Return the heap without its root: children in pairs from the left, then all pairs from the right."""
    pairs = root - root - 1
    a = state.worker_child[root]
    while a >= 0:
        b = state.worker_sibling[a]
        following = b
        if b >= 0:
            following = state.worker_sibling[b]
            a = meld(state, a, b)
        state.worker_sibling[a] = pairs
        pairs = a
        a = following
    rest = root - root - 1
    while pairs >= 0:
        following = state.worker_sibling[pairs]
        rest = meld(state, rest, pairs)
        pairs = following
    return rest
