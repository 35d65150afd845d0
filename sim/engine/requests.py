"""The requests of a run, drawn before it: when they arrive, whose they are, what they ask for, and who comes again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.activity import activities
from sim.engine.arrivals import arrivals
from sim.engine.cache import entry_point
from sim.engine.chains import callers, links, patiences, reactions, session_lengths
from sim.engine.endpoints import drawn_endpoints
from sim.engine.keyed import IDENTITY, USER, U, block, block_in_loop, uniform
from sim.engine.protocol import Requests
from sim.engine.replayed import replayed
from sim.spec.replay import Trace
from sim.spec.traffic import Traffic
from sim.spec.users import Users

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class _Coming:
    """What arrives by itself. steps: int64 (n,), how many requests each begins, one after the other. origin: int64
    (n,), the caller or session, whatever the others do. user, endpoint: where they are given.
    """

    arrival: Floats
    steps: Numbers
    origin: Numbers
    user: NDArray[np.int32] | None = None
    endpoint: NDArray[np.int16] | None = None


def draw_requests(
    traffic: Traffic,
    users: Users,
    trace: Trace | None,
    seed: int,
    replication: int,
    warmup: float,
    duration: float,
) -> Requests:
    """Return all requests of a run, a function of seed and replication and of nothing else that is random.

    Those that come only after an answer have their number, user and luck as well, but no arrival yet.
    """
    coming = _coming(traffic, users, trace, seed, replication, -warmup, duration)
    found = links(coming.steps, 0 if users.retries is None else users.retries.attempts)
    arrival = coming.arrival if found is None else np.append(coming.arrival, np.full(found.later, np.nan))
    order, sticky, propensity = _own_numbers(users.count, seed, replication)
    segment = _segments(users, order)
    conversion = np.empty(len(arrival))
    user = _identities(activities(users, segment, seed, replication), users.count, seed, replication, conversion)
    endpoint = coming.endpoint
    if endpoint is None:
        endpoint = drawn_endpoints(traffic.endpoints, len(arrival), seed, replication)
    if coming.user is not None:
        user[: len(coming.user)] = coming.user
    if found is not None:
        user, endpoint = user[found.root], None if endpoint is None else endpoint[found.first_try]
    patience = patiences(users.patience, len(arrival), seed, replication)
    columns = (arrival, user, segment, sticky, propensity, conversion)
    for column in (*columns, endpoint, patience):
        if column is not None:
            column.setflags(write=False)
    return Requests(
        seed,
        replication,
        *columns,
        tuple(users.segments),
        endpoint,
        traffic.endpoints,
        patience=patience,
        reactions=None
        if found is None
        else reactions(found, coming.origin, traffic, users, seed, replication, duration),
    )


def _coming(
    traffic: Traffic, users: Users, trace: Trace | None, seed: int, replication: int, start: float, end: float
) -> _Coming:
    """Return what arrives by itself: a trace, callers, sessions or single requests."""
    if trace is not None:
        given = replayed(trace, traffic.arrivals == "constant", seed, replication, end)
        once = np.ones(len(given.at_seconds), np.int64)
        user = None if given.user is None else given.user.astype(np.int32)
        return _Coming(given.at_seconds, once, np.arange(len(once)), user, given.endpoint)
    if traffic.closed_loop is not None:
        return _Coming(*callers(traffic.closed_loop, seed, replication, start, end))
    each = 1.0 if users.sessions is None else users.sessions.requests.mean_seconds()
    arrival = arrivals(traffic, each, seed, replication, start, end)
    steps = session_lengths(users.sessions, len(arrival), seed, replication)
    come = np.flatnonzero(steps)
    return _Coming(arrival[come], steps[come], come) if len(come) < len(steps) else _Coming(arrival, steps, come)


def _identities(
    activity: Floats | None, users: int, seed: int, replication: int, conversion: Floats
) -> NDArray[np.int32]:
    """Return each request's user: all alike, or as often as they are active."""
    count = len(conversion)
    user, place = np.empty(count, np.int32), np.empty(0 if activity is None else count)
    fill_identities(U(seed), U(replication), users, user, place, conversion)
    if activity is None:
        return user
    reach = np.cumsum(activity)
    # The place may round up to the whole sum, which is past the last user.
    chosen: NDArray[np.int64] = np.minimum(np.searchsorted(reach, place * reach[-1], side="right"), users - 1)
    return chosen.astype(np.int32)


def _own_numbers(users: int, seed: int, replication: int) -> tuple[Floats, Floats, Floats]:
    order, sticky, propensity = np.empty(users), np.empty(users), np.empty(users)
    fill_users(U(seed), U(replication), order, sticky, propensity)
    return order, sticky, propensity


def _segments(users: Users, order: Floats) -> NDArray[np.int16]:
    """Return each user's segment: the first so many of a keyed permutation, in the order of the map."""
    segment_of_user = np.full(users.count, -1, np.int16)
    permutation = np.argsort(order, kind="stable")
    first = 0
    for segment, count in enumerate(users.segment_counts()):
        segment_of_user[permutation[first : first + count]] = segment
        first += count
    return segment_of_user


@entry_point
def fill_identities(k0: Any, k1: Any, users: int, user: Any, place: Any, conversion: Any) -> None:
    for request in range(len(user)):
        w0, w1, _w2, _w3 = block_in_loop(k0, k1, U(request), U(0), U(0), U(IDENTITY))
        luck = uniform(w0)
        user[request] = int(luck * users)
        if len(place) > 0:
            place[request] = luck
        conversion[request] = uniform(w1)


@entry_point
def fill_users(k0: Any, k1: Any, order: Any, sticky: Any, propensity: Any) -> None:
    for user in range(len(order)):
        w0, w1, w2, _w3 = block(k0, k1, U(user), U(0), U(0), U(USER))
        order[user] = uniform(w0)
        sticky[user] = uniform(w1)
        propensity[user] = uniform(w2)
