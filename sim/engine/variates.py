"""Random durations from uniform numbers: one compiled quantile function per law, called by both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cache import compiled, entry_point, inlined
from sim.engine.laws import (
    CONSTANT,
    EXPONENTIAL,
    GAMMA,
    LOGNORMAL,
    PARETO,
    TABLE_CELLS,
    UNIFORM,
    WEIBULL,
    Z_LOWEST,
    Z_SPAN,
    encode,
)
from sim.engine.portable import normal_quantile, pexp, plog, ppow
from sim.spec.distributions import Law


@inlined
def exponential(u: float, mean: float) -> float:
    return -plog(1.0 - u) * mean


@compiled
def lognormal(u: float, median: float, sigma: float) -> float:
    return median * pexp(sigma * normal_quantile(u))


@compiled
def weibull(u: float, scale: float, inverse_shape: float) -> float:
    return scale * ppow(-plog(1.0 - u), inverse_shape)


@compiled
def pareto(u: float, minimum: float, power: float) -> float:
    return minimum * ppow(1.0 - u, power)


@compiled
def tabulated(table: Any, base: int, place: float) -> float:
    """Return the value at a place between 0 and 1 along the table that starts at `base`."""
    position = place * TABLE_CELLS
    cell = min(int(position), TABLE_CELLS - 1)
    left = table[base + cell]
    return left + (position - cell) * (table[base + cell + 1] - left)  # type: ignore[no-any-return]


@compiled
def gamma(u: float, table: Any, base: int) -> float:
    return tabulated(table, base, (normal_quantile(u) - Z_LOWEST) / Z_SPAN)


@compiled
def variate(law: int, a: float, b: float, table: Any, base: int, u: float) -> float:
    """Return the quantile of u, strictly inside (0, 1), under the law with this code."""
    if law == CONSTANT:
        return a
    if law == EXPONENTIAL:
        return exponential(u, a)
    if law == LOGNORMAL:
        return lognormal(u, a, b)
    if law == WEIBULL:
        return weibull(u, a, b)
    if law == PARETO:
        return pareto(u, a, b)
    if law == UNIFORM:
        return a + b * u
    if law == GAMMA:
        return gamma(u, table, base)
    return tabulated(table, base, u)


@entry_point
def _one(law: int, a: float, b: float, table: Any, u: float) -> float:
    return variate(law, a, b, table, 0, u)


@entry_point
def _many(law: int, a: float, b: float, table: Any, u: Any, out: Any) -> None:
    for i in range(len(u)):
        out[i] = variate(law, a, b, table, 0, u[i])


def quantiles(law: Law, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `quantile` returns for each of many numbers."""
    code = encode(law)
    out = np.empty(len(u))
    _many(code.law, code.a, code.b, code.table, u, out)
    return out


def quantile(law: Law, u: float) -> float:
    """Return the duration of `law` in seconds at u, strictly inside (0, 1)."""
    code = encode(law)
    return float(_one(code.law, code.a, code.b, code.table, u))
