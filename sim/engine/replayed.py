"""A run's own part of a trace: which of its requests are kept, and when within their interval they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine.keyed import Purpose, many_uniforms
from sim.spec.replay import Trace


def replayed(trace: Trace, even: bool, seed: int, replication: int, duration: float) -> Trace:
    """Return the requests of [0, duration), in order; `even`: evenly over their interval, not at random.

    The number in each interval is the trace's own; at random within it, as of a Poisson process with this number.
    """
    rows = len(trace.at_seconds)
    if trace.kept < 1 or trace.spread is not None:
        keep, place = many_uniforms(seed, replication, Purpose.REPLAY, 0, rows)
    else:
        keep = place = np.zeros(rows)
    at = trace.at_seconds
    if trace.spread is not None:
        at = np.sort(at + trace.spread * (_even_places(at) if even else place))
    chosen = (at >= 0) & (at < duration) & (keep < trace.kept)
    user = None if trace.user is None else trace.user[chosen]
    endpoint = None if trace.endpoint is None else trace.endpoint[chosen]
    return Trace(np.ascontiguousarray(at[chosen], np.float64), user, endpoint)


def _even_places(begin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places within intervals, evenly spaced: rows that begin together share an interval."""
    _, first, index, count = np.unique(begin, return_index=True, return_inverse=True, return_counts=True)
    return np.asarray((np.arange(len(begin)) - first[index] + 0.5) / count[index])
