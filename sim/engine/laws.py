"""Laws of the scenario as numbers for the kernels: a code, two parameters, and a table where there is no formula."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.portable import normal_quantile, plog
from sim.spec.distributions import Constant, Empirical, Exponential, Gamma, Law, Lognormal, Pareto, Uniform, Weibull

CONSTANT, EXPONENTIAL, LOGNORMAL, WEIBULL, PARETO, UNIFORM, GAMMA, EMPIRICAL = range(8)

TABLE_CELLS = 4096
TABLE_POINTS = TABLE_CELLS + 1
Z_LOWEST, Z_SPAN = -8.5, 17.0
"""Gamma tables are even in the normal quantile of u, in which the law is nearly straight, tails included."""

SIGNIFICANT_DIGITS = 12
"""Solved parameters are cut to this, so that another SciPy gives the same numbers."""

Floats = NDArray[np.float64]
NO_TABLE: Floats = np.empty(0)
NO_TABLE.setflags(write=False)  # as all tables: Numba takes a read-only array for another type


class Code(NamedTuple):
    """A law as a kernel reads it: which formula, its parameters, its table (empty without one)."""

    law: int
    a: float
    b: float
    table: Floats


@lru_cache(maxsize=1024)
def encode(law: Law) -> Code:
    """Return the numbers of a law."""
    match law:
        case Constant():
            return Code(CONSTANT, law.value, 0.0, NO_TABLE)
        case Exponential():
            return Code(EXPONENTIAL, law.mean, 0.0, NO_TABLE)
        case Lognormal():
            return Code(LOGNORMAL, *_lognormal(law), NO_TABLE)
        case Weibull():
            return Code(WEIBULL, *_weibull(law), NO_TABLE)
        case Pareto():
            return Code(PARETO, law.minimum, -1.0 / law.shape, NO_TABLE)
        case Uniform():
            return Code(UNIFORM, law.low, law.high - law.low, NO_TABLE)
        case Gamma():
            return Code(GAMMA, 0.0, 0.0, _gamma_table(law))
        case Empirical():
            return Code(EMPIRICAL, 0.0, 0.0, _empirical_table(law))


def tables_digest(laws: tuple[Law, ...]) -> str:
    """Return a digest of the tables of some laws, for a run's provenance."""
    digest = hashlib.sha256()
    for law in laws:
        digest.update(encode(law).table.tobytes())
    return digest.hexdigest()


def _lognormal(law: Lognormal) -> tuple[float, float]:
    """Return median and sigma."""
    if law.median is not None and law.p99 is not None:
        return law.median, plog(law.p99 / law.median) / normal_quantile(0.99)
    assert law.mean is not None
    assert law.cv is not None
    square = 1.0 + law.cv * law.cv
    return law.mean / math.sqrt(square), math.sqrt(plog(square))


def _weibull(law: Weibull) -> tuple[float, float]:
    """Return scale and one over the shape."""
    from scipy.optimize import brentq
    from scipy.special import gammaln

    def excess(inverse: float) -> float:
        return float(gammaln(1 + 2 * inverse) - 2 * gammaln(1 + inverse) - math.log1p(law.cv * law.cv))

    # The ratio of moments rises with 1/shape: about 1.28 cv for small cv, far below 20 for the largest cv allowed.
    inverse = _cut(brentq(excess, 1e-9, 20.0, xtol=1e-15, rtol=1e-14))
    return _cut(law.mean / math.exp(float(gammaln(1 + inverse)))), inverse


def _cut(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _gamma_table(law: Gamma) -> Floats:
    from scipy.special import gammainccinv, gammaincinv, ndtr

    shape = 1.0 / (law.cv * law.cv)
    z = Z_LOWEST + Z_SPAN * np.arange(TABLE_POINTS) / TABLE_CELLS
    values = np.where(z < 0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z)))
    return _frozen(values * law.mean / shape)


def _empirical_table(law: Empirical) -> Floats:
    probabilities, values = zip(*law.quantiles, strict=True)
    return _frozen(np.interp(np.arange(TABLE_POINTS) / TABLE_CELLS, probabilities, values))


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values
