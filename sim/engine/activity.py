"""How active users are: who sends how many of the requests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine.keyed import Purpose, many_uniforms
from sim.engine.variates import quantiles
from sim.spec.users import Users


def activities(users: Users, segment: NDArray[np.int16], seed: int, replication: int) -> NDArray[np.float64] | None:
    """Return each user's part of the requests, up to a common factor; None where all have the same."""
    factors = np.array([*(each.rate_factor for each in users.segments.values()), 1.0])  # -1, no segment, is the last
    if users.activity is None:
        return None if (factors == 1.0).all() else factors[segment]
    return factors[segment] * quantiles(
        users.activity, many_uniforms(seed, replication, Purpose.ACTIVITY, 0, users.count)[0]
    )
