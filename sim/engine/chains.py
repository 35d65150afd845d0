"""Requests that come only after the answer to another one: a user's repeats, the next of a session or of a caller.

All that may come have a number before the run, whether they come or not: first those that arrive by themselves, then
for each of these its steps and their repeats in order. So a request is the same, and its luck, under any strategy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.batches import rounded
from sim.engine.keyed import Purpose, many_uniforms, paired_uniforms
from sim.engine.protocol import STATUS_CODES, Reactions
from sim.engine.variates import quantiles
from sim.spec.distributions import Law
from sim.spec.reaction import ClosedLoop, Sessions
from sim.spec.traffic import Traffic
from sim.spec.users import Users

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

SPARE_DEVIATIONS = 10


@dataclass(frozen=True)
class Links:
    """Which request follows which. root: int64 (n,), the one that arrived by itself; step, repeat: int64 (n,), places
    after it. first_try: int64 (n,), the request that this one repeats, itself if none. after_failure, after_success:
    int64 (n,), the request that follows, -1 for none. later: how many do not arrive by themselves.
    """

    root: Numbers
    step: Numbers
    repeat: Numbers
    first_try: Numbers
    after_failure: Numbers
    after_success: Numbers
    later: int


def links(steps: Numbers, repeats: int) -> Links | None:
    """Return how requests follow each other: roots of so many steps, with so many repeats each; None where none do."""
    tries = repeats + 1
    size = steps * tries - 1
    later = int(size.sum())
    if later == 0:
        return None
    roots = len(steps)
    base = roots + np.cumsum(size) - size
    root = np.concatenate([np.arange(roots), np.repeat(np.arange(roots), size)])
    place = np.concatenate([np.zeros(roots, np.int64), np.arange(roots, roots + later) - np.repeat(base, size) + 1])
    step, repeat = np.divmod(place, tries)

    def number(of_place: Numbers) -> Numbers:
        """Return the request at a place after its root, -1 past the last."""
        there = np.where(of_place == 0, root, base[root] + of_place - 1)
        return np.where(of_place < steps[root] * tries, there, -1)

    return Links(root, step, repeat, number(step * tries), number(place + 1), number((step + 1) * tries), later)


def reactions(
    found: Links, origin: Numbers, traffic: Traffic, users: Users, seed: int, replication: int, end: float
) -> Reactions:
    """Return what the engines need: who follows whom, after how long."""
    whose = origin[found.root]
    wait = np.zeros(len(whose))
    if (think := _think_time(traffic, users)) is not None:
        further = (found.repeat == 0) & (found.step > 0)
        luck = paired_uniforms(seed, replication, Purpose.THINKING, found.step[further], whose[further])
        wait[further] = quantiles(think, luck)
    statuses = np.zeros(STATUS_CODES, np.bool_)
    if users.retries is not None:
        again = found.repeat > 0
        place = found.step[again] * (users.retries.attempts + 1) + found.repeat[again]
        luck = paired_uniforms(seed, replication, Purpose.REPEATING, place, whose[again])
        wait[again] = quantiles(users.retries.backoff, luck)
        statuses[list(users.retries.statuses())] = True
    columns = (found.after_failure, found.after_success, wait, statuses)
    for column in columns:
        column.setflags(write=False)
    return Reactions(len(whose) - found.later, *columns, end)


def session_lengths(sessions: Sessions | None, count: int, seed: int, replication: int) -> Numbers:
    """Return the number of requests of each session; 0 where nobody comes after all."""
    if sessions is None:
        return np.ones(count, np.int64)
    length, rounding = many_uniforms(seed, replication, Purpose.SESSION, 0, count)
    return rounded(quantiles(sessions.requests, length), rounding)


def callers(
    loop: ClosedLoop, seed: int, replication: int, start: float, end: float
) -> tuple[Floats, Numbers, Numbers, NDArray[np.int32]]:
    """Return when each caller's first request comes, how many it sends at most, its number and its user.

    Nobody can send more than if every answer came at once.
    """
    mean, span = loop.think_time.mean_seconds(), end - start
    room = loop.requests if mean == 0 else math.ceil(span / mean + SPARE_DEVIATIONS * (math.sqrt(span / mean) + 1))
    assert room is not None
    while True:
        room = room if loop.requests is None else min(room, loop.requests)
        think = _thinking(loop.think_time, loop.callers, room, seed, replication)
        reach = np.cumsum(think, axis=1)
        if room == loop.requests or (reach[:, -1] >= span).all():
            break
        room *= 2
    steps = (reach < span).sum(axis=1)
    first = start + think[:, 0]
    order = np.argsort(first, kind="stable")
    order = order[steps[order] > 0]
    return first[order], steps[order], order, order.astype(np.int32)


def patiences(law: Law | None, count: int, seed: int, replication: int) -> Floats | None:
    """Return how long each request's user waits for its answer; None where all wait to the end."""
    if law is None:
        return None
    return quantiles(law, many_uniforms(seed, replication, Purpose.PATIENCE, 0, count)[0])


def _think_time(traffic: Traffic, users: Users) -> Law | None:
    if traffic.closed_loop is not None:
        return traffic.closed_loop.think_time
    return None if users.sessions is None else users.sessions.think_time


def _thinking(law: Law, callers: int, room: int, seed: int, replication: int) -> Floats:
    """Return the think times of each caller before its steps, float64 (callers, room)."""
    step, caller = np.tile(np.arange(room), callers), np.repeat(np.arange(callers), room)
    luck = paired_uniforms(seed, replication, Purpose.THINKING, step, caller)
    return quantiles(law, luck).reshape(callers, room)
