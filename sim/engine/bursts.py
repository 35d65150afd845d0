"""Bursts and lulls of a rate: when they begin, and the rate that they make of a profile.

Model: the first phase is one that goes on at a random moment of an endless run, so bursts are as likely in the first
second as in any other; its length comes from a table of 4,096 steps of its law, which cuts off the last half step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine.keyed import Purpose, many_uniforms, uniforms
from sim.engine.variates import quantiles
from sim.spec.bursty import Bursty
from sim.spec.distributions import Law

Floats = NDArray[np.float64]

LULLS, BURSTS, FIRST = range(3)  # parts of the keys
TABLE_STEPS = 4096


def in_bursts(pieces: Floats, bursty: Bursty, seed: int, replication: int) -> Floats:
    """Return pieces of linear rate, cut where bursts begin and end, with the rates that bursts and lulls make.

    pieces: (from, to, rate at from, rate at to), one after another without a gap.
    """
    if not len(pieces):
        return pieces
    start, end = pieces[0, 0], pieces[-1, 1]
    changes, is_burst = phases(bursty, start, end, seed, replication)
    left = np.union1d(pieces[:, 0], changes[changes < end])
    right = np.append(left[1:], end)
    piece = pieces[np.searchsorted(pieces[:, 0], left, side="right") - 1]
    slope = (piece[:, 3] - piece[:, 2]) / (piece[:, 1] - piece[:, 0])
    factor = np.array(bursty.factors)[is_burst[np.searchsorted(changes, left, side="right") - 1]]
    rates = [(piece[:, 2] + slope * (edge - piece[:, 0])) * factor for edge in (left, right)]
    return np.column_stack([left, right, *rates])


def phases(bursty: Bursty, start: float, end: float, seed: int, replication: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return when each phase that begins before `end` begins, and whether it is a burst; the first begins at start."""
    first, which, place, _ = uniforms(seed, replication, Purpose.BURST, 0, FIRST)
    begins_in_burst = int(first < bursty.share_on)
    laws = (bursty.off, bursty.on)
    rest = remaining(laws[begins_in_burst], which, place)
    count = 16
    while True:
        lengths = np.empty(2 * count)
        for kind in (LULLS, BURSTS):
            luck = many_uniforms(seed, replication, Purpose.BURST, kind, count)[0]
            lengths[(kind + begins_in_burst + 1) % 2 :: 2] = quantiles(laws[kind], luck)
        begins = start + rest + np.concatenate([[0.0], np.cumsum(lengths)])
        if begins[-1] >= end:
            break
        count *= 2
    changes = np.concatenate([[start], begins[begins < end]])
    return changes, (np.arange(len(changes)) + begins_in_burst) % 2


def remaining(law: Law, which: float, place: float) -> float:
    """Return how much is left of the phase that covers a random moment: long ones cover more.

    Source: renewal theory, the law of the residual life: density (1 - F(x)) / mean.
    """
    lengths = quantiles(law, (np.arange(TABLE_STEPS) + 0.5) / TABLE_STEPS)
    reach = np.cumsum(lengths)
    return float(lengths[np.searchsorted(reach, which * reach[-1])] * place)
