"""When requests arrive by themselves: Poisson or evenly, under any rate, in bursts and batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.batches import batch_sizes
from sim.engine.bursts import in_bursts
from sim.engine.cache import compiled, entry_point
from sim.engine.keyed import ARRIVAL, U, block_in_loop, uniform
from sim.engine.portable import plog
from sim.spec.traffic import Traffic

Floats = NDArray[np.float64]

SOURCE = 0  # one source of traffic so far: the users
GAPS_PER_BLOCK = 4
SPARE_DEVIATIONS = 10  # room beyond the expected number of arrivals, in standard deviations; doubled when not enough
FIRST_CONSTANT = 0.5  # the k-th of evenly spaced arrivals comes where the cumulative rate reaches k + 0.5


def arrivals(traffic: Traffic, each: float, seed: int, replication: int, start: float, end: float) -> Floats:
    """Return the moments of [start, end) at which somebody comes, several at one moment where they come in batches.

    each: how many requests everybody stands for on average; the rate counts requests.
    """
    pieces = np.array(list(traffic.stretches(start, end)), np.float64).reshape(-1, 4)
    if traffic.bursty is not None:
        pieces = in_bursts(pieces, traffic.bursty, seed, replication)
    if each != 1.0:
        pieces[:, 2:] /= each
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


@compiled
def unit_exponential(word: Any) -> float:
    return -plog(uniform(word))


@compiled
def inside_piece(mass: float, length: float, first: float, last: float) -> float:
    """Return how far into a piece of linear rate its cumulative rate reaches `mass`."""
    if first == last:  # NOTE: the same number as below, to the last bit, without slope and root
        return mass / first
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
        w0, w1, w2, w3 = block_in_loop(k0, k1, U(SOURCE), U(k), U(0), U(ARRIVAL))
        for word in (w0, w1, w2, w3):
            total = n + FIRST_CONSTANT if fixed else total + unit_exponential(word)
            following = put_arrivals(total, place, pieces, count, arrival, n)
            if following < 0:
                return n
            n = following
        k += 1
