from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from sim.engine.portable import half_power, normal_quantile, pexp, plog, ppow

PRECISION = 4e-16


def test_logarithm() -> None:
    xs = np.concatenate([np.exp(np.linspace(-700, 700, 5001)), 1 + np.linspace(-0.3, 0.4, 2001)])
    errors = [abs(plog(x) - math.log(x)) / (abs(math.log(x)) or 1) for x in xs.tolist()]
    assert max(errors) < PRECISION


def test_exponential_function() -> None:
    errors = [abs(pexp(x) / math.exp(x) - 1) for x in np.linspace(-707, 708, 5001).tolist()]
    assert max(errors) < PRECISION


@pytest.mark.parametrize(("x", "value"), [(-math.inf, 0.0), (-1000.0, 0.0), (0.0, 1.0), (710.0, math.inf)])
def test_ends_of_the_exponential_function(x: float, value: float) -> None:
    assert pexp(x) == value


def test_power() -> None:
    for x, power in [(2.0, 10.0), (0.3, -1.7), (1e-10, 0.5), (123.0, 1 / 3)]:
        assert ppow(x, power) == pytest.approx(x**power, rel=1e-14)


def test_power_of_one_half() -> None:
    assert [half_power(x) for x in (0.0, math.inf)] == [1.0, 0.0]
    assert half_power(3.0) == pytest.approx(0.125, rel=1e-15)


def test_normal_quantile() -> None:
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 5000), 2.0 ** -np.arange(2, 54), 1 - 2.0 ** -np.arange(2, 53)])
    ours = np.array([normal_quantile(value) for value in p.tolist()])
    assert np.max(np.abs(ours / ndtri(p) - 1)) < 1e-14
    assert normal_quantile(0.5) == 0


PINNED = [
    "-0x1.34378fcbda721p+0",
    "0x1.7622c78a98a07p-3",
    "0x1.b8d809c615f41p-2",
    "-0x1.8b8cbb7204470p+1",
    "-0x1.c234fba57a32ap+2",
]


def test_the_bits_are_pinned() -> None:
    values = [plog(0.3), pexp(-1.7), ppow(0.3, 0.7), normal_quantile(0.001), normal_quantile(1e-12)]
    assert [value.hex() for value in values] == PINNED
