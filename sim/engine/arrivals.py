"""The requests of a run, drawn before it: when they arrive, whose they are, and the users' own numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.activity import activities
from sim.engine.batches import batch_sizes
from sim.engine.bursts import in_bursts
from sim.engine.cache import compiled, entry_point
from sim.engine.endpoints import drawn_endpoints
from sim.engine.keyed import ARRIVAL, IDENTITY, USER, U, block, uniform
from sim.engine.portable import plog
from sim.engine.protocol import Requests
from sim.engine.replayed import replayed
from sim.spec.replay import Trace
from sim.spec.traffic import Traffic
from sim.spec.users import Users

Floats = NDArray[np.float64]

SOURCE = 0  # one source of traffic so far: the users
GAPS_PER_BLOCK = 4
SPARE_DEVIATIONS = 10  # room beyond the expected number of arrivals, in standard deviations; doubled when not enough
FIRST_CONSTANT = 0.5  # the k-th of evenly spaced arrivals comes where the cumulative rate reaches k + 0.5


def draw_requests(
    traffic: Traffic,
    users: Users,
    trace: Trace | None,
    seed: int,
    replication: int,
    warmup: float,
    duration: float,
) -> Requests:
    """Return all requests of a run, a function of seed and replication and of nothing else that is random."""
    even = traffic.arrivals == "constant"
    given = None if trace is None else replayed(trace, even, seed, replication, duration)
    arrival = _arrivals(traffic, seed, replication, -warmup, duration) if given is None else given.at_seconds
    order, sticky, propensity = _own_numbers(users.count, seed, replication)
    segment = _segments(users, order)
    conversion = np.empty(len(arrival))
    user = _identities(activities(users, segment, seed, replication), users.count, seed, replication, conversion)
    if given is not None and given.user is not None:
        user = given.user.astype(np.int32)
    endpoint = None if given is None else given.endpoint
    if endpoint is None:
        endpoint = drawn_endpoints(traffic.endpoints, len(arrival), seed, replication)
    columns = (arrival, user, segment, sticky, propensity, conversion)
    for column in (*columns, *(() if endpoint is None else (endpoint,))):
        column.setflags(write=False)
    return Requests(seed, replication, *columns, tuple(users.segments), endpoint, traffic.endpoints)


def _arrivals(traffic: Traffic, seed: int, replication: int, start: float, end: float) -> Floats:
    """Return the moments of all requests, several at one moment where they come in batches."""
    pieces = np.array(list(traffic.stretches(start, end)), np.float64).reshape(-1, 4)
    if traffic.bursty is not None:
        pieces = in_bursts(pieces, traffic.bursty, seed, replication)
    if traffic.batch_size is None:
        return _moments(pieces, traffic.arrivals == "constant", seed, replication)
    pieces[:, 2:] /= traffic.batch_size.mean_seconds()
    moments = _moments(pieces, traffic.arrivals == "constant", seed, replication)
    return np.repeat(moments, batch_sizes(traffic.batch_size, len(moments), seed, replication))


def _moments(pieces: Floats, fixed: bool, seed: int, replication: int) -> Floats:
    expected = float(((pieces[:, 1] - pieces[:, 0]) * (pieces[:, 2] + pieces[:, 3])).sum() / 2)
    room = int(expected + SPARE_DEVIATIONS * (math.sqrt(expected) + 1))
    while True:
        arrival = np.empty(room)
        count = fill_arrivals(U(seed), U(replication), pieces.ravel(), len(pieces), fixed, arrival)
        if count <= room:
            return arrival[:count].copy()
        room *= 2


def _identities(
    activity: Floats | None, users: int, seed: int, replication: int, conversion: Floats
) -> NDArray[np.int32]:
    """Return each request's user: all alike, or as often as they are active."""
    user, place = np.empty(len(conversion), np.int32), np.empty(len(conversion))
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


@compiled
def unit_exponential(word: Any) -> float:
    return -plog(uniform(word))


@compiled
def inside_piece(mass: float, length: float, first: float, last: float) -> float:
    """Return how far into a piece of linear rate its cumulative rate reaches `mass`."""
    slope = (last - first) / length
    return 2.0 * mass / (first + math.sqrt(max(first * first + 2.0 * slope * mass, 0.0)))


@compiled
def put_arrivals(mass: float, place: Any, pieces: Any, count: int, arrival: Any, n: int) -> int:
    """Write the moment at which the cumulative rate reaches `mass`; return the next n, or -1 past the last piece.

    place: the piece looked at and the cumulative rate before it, moved on here.
    """
    piece = int(place[0])
    while piece < count:
        base = 4 * piece
        length = pieces[base + 1] - pieces[base]
        whole = 0.5 * (pieces[base + 2] + pieces[base + 3]) * length
        if mass < place[1] + whole:
            break
        place[1] += whole
        piece += 1
    place[0] = piece
    if piece == count:
        return -1
    moment = pieces[base] + inside_piece(mass - place[1], length, pieces[base + 2], pieces[base + 3])
    if n < len(arrival):
        arrival[n] = min(moment, last_before(pieces[base + 1]))
    return n + 1


@compiled
def last_before(moment: float) -> float:
    """Return a number just below: an arrival belongs to its piece, whatever rounding says."""
    return moment - abs(moment) * 2.0**-52 - 2.0**-1000


@entry_point
def fill_arrivals(k0: Any, k1: Any, pieces: Any, count: int, fixed: bool, arrival: Any) -> int:
    """Write arrivals by inverting the cumulative rate, never by thinning; return how many there are.

    pieces: (from, to, rate at from, rate at to) after each other. When there are more than fit, the rest is counted.
    """
    place = np.zeros(2)
    n, total, k = 0, 0.0, 0
    while True:
        w0, w1, w2, w3 = block(k0, k1, U(SOURCE), U(k), U(0), U(ARRIVAL))
        for word in (w0, w1, w2, w3):
            total = n + FIRST_CONSTANT if fixed else total + unit_exponential(word)
            following = put_arrivals(total, place, pieces, count, arrival, n)
            if following < 0:
                return n
            n = following
        k += 1


@entry_point
def fill_identities(k0: Any, k1: Any, users: int, user: Any, place: Any, conversion: Any) -> None:
    for request in range(len(user)):
        w0, w1, _w2, _w3 = block(k0, k1, U(request), U(0), U(0), U(IDENTITY))
        place[request] = uniform(w0)
        user[request] = int(place[request] * users)
        conversion[request] = uniform(w1)


@entry_point
def fill_users(k0: Any, k1: Any, order: Any, sticky: Any, propensity: Any) -> None:
    for user in range(len(order)):
        w0, w1, w2, _w3 = block(k0, k1, U(user), U(0), U(0), U(USER))
        order[user] = uniform(w0)
        sticky[user] = uniform(w1)
        propensity[user] = uniform(w2)
