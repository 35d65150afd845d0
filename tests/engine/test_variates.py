from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from sim.engine.laws import TABLE_POINTS, encode, tables_digest
from sim.engine.variates import quantile
from sim.spec.distributions import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Law,
    Lognormal,
    Pareto,
    Uniform,
    Weibull,
    constant,
)

U = np.concatenate([ndtr(np.linspace(-6, 6, 301)), [0.5, 0.99, 1 - 2.0**-40]])
SHAPE = 1.7  # of the Weibull law whose coefficient of variation follows
WEIBULL_CV = float(stats.weibull_min(SHAPE).std() / stats.weibull_min(SHAPE).mean())
WEIBULL_SCALE = float(2 / stats.weibull_min(SHAPE).mean())
SIGMA = float(np.sqrt(np.log(1 + 1.5**2)))

LAWS: list[tuple[Law, Any, float]] = [
    (Exponential(mean=2), stats.expon(scale=2), 1e-13),
    (Lognormal(median=3, p99=9), stats.lognorm(np.log(3) / stats.norm.ppf(0.99), scale=3), 1e-13),
    (Lognormal(mean=2, cv=1.5), stats.lognorm(SIGMA, scale=2 / np.exp(SIGMA**2 / 2)), 1e-13),
    (Weibull(mean=2, cv=WEIBULL_CV), stats.weibull_min(SHAPE, scale=WEIBULL_SCALE), 1e-9),
    (Pareto(minimum=2, shape=2.5), stats.pareto(2.5, scale=2), 1e-13),
    (Uniform(low=1, high=3), stats.uniform(1, 2), 1e-13),
    (Gamma(mean=2, cv=0.5), stats.gamma(4, scale=0.5), 1e-4),
    (Gamma(mean=2, cv=1.5), stats.gamma(1 / 2.25, scale=4.5), 1e-3),
]


@pytest.mark.parametrize(("law", "theirs", "relative"), LAWS, ids=lambda value: type(value).__name__)
def test_quantiles_are_scipys(law: Law, theirs: Any, relative: float) -> None:
    ours = [quantile(law, u) for u in U.tolist()]
    assert ours == pytest.approx(theirs.ppf(U), rel=relative)


@pytest.mark.parametrize("law", [law for law, *_ in LAWS], ids=lambda law: law.distribution)
def test_quantiles_never_fall(law: Law) -> None:
    assert np.all(np.diff([quantile(law, u) for u in np.linspace(0.0005, 0.9995, 1000).tolist()]) >= 0)


@pytest.mark.parametrize("cv", [0.01, 0.3, 1.0, 3.0])
def test_gamma_has_its_mean(cv: float) -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    assert np.mean([quantile(Gamma(mean=2, cv=cv), value) for value in u.tolist()]) == pytest.approx(2, rel=2e-3)


@pytest.mark.parametrize("cv", [0.001, 0.1, 1.0, 5.0])
def test_weibull_has_its_moments(cv: float) -> None:
    code = encode(Weibull(mean=2, cv=cv))
    theirs = stats.weibull_min(1 / code.b, scale=code.a)
    assert (theirs.mean(), theirs.std() / theirs.mean()) == pytest.approx((2, cv), rel=1e-6)


def test_a_constant_is_constant() -> None:
    assert {quantile(constant(0.25), u) for u in (0.001, 0.5, 0.999)} == {0.25}


def test_empirical_quantiles_lie_on_straight_lines() -> None:
    law = Empirical(quantiles=((0.0, 1.0), (0.5, 2.0), (1.0, 4.0)))
    assert [quantile(law, u) for u in (0.25, 0.5, 0.75)] == [1.5, 2.0, 3.0]


def test_tables_have_4097_points_and_a_digest() -> None:
    laws = (Gamma(mean=2, cv=0.5), Constant(value=1.0))
    assert len(encode(laws[0]).table) == TABLE_POINTS == 4097
    assert tables_digest(laws) == tables_digest(laws[:1]) != tables_digest(laws[1:])
