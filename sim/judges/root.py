"""Brent's root finder, step by step as R's uniroot has it: a function that changes sign -> where."""

from __future__ import annotations

import sys
from collections.abc import Callable

Function = Callable[[float], float]


def brent(function: Function, low: float, high: float, tolerance: float) -> float:
    """Return a root of `function` between `low` and `high`, where it must change sign, to within `tolerance`.

    Of a step function every point near the step is as good, and the path decides which one comes back: so this takes
    the path of R, and not that of a finder which is faster. a: the last point; b: the best; c: beyond the root.

    Source: R, src/library/stats/src/zeroin.c, after R. P. Brent, Algorithms for Minimization without Derivatives.
    """
    a, b, c = low, high, low
    at_a, at_b = function(a), function(b)
    at_c = at_a
    while True:
        before = b - a
        if abs(at_c) < abs(at_b):
            a, b, c = b, c, b
            at_a, at_b, at_c = at_b, at_c, at_b
        least = 2 * sys.float_info.epsilon * abs(b) + tolerance / 2
        half = (c - b) / 2
        if abs(half) <= least or at_b == 0:
            return b
        step = half
        if abs(before) >= least and abs(at_a) > abs(at_b):
            step = _interpolated(a, b, c, at_a, at_b, at_c, before, least)
        if abs(step) < least:
            step = least if step > 0 else -least
        a, at_a = b, at_b
        b += step
        at_b = function(b)
        if at_b * at_c > 0:
            c, at_c = a, at_a


def _interpolated(
    a: float, b: float, c: float, at_a: float, at_b: float, at_c: float, before: float, least: float
) -> float:
    """Return the step to where a line or an inverse parabola meets 0; half of the way where that is not safe."""
    across = c - b
    if a == c:
        slope = at_b / at_a
        p, q = across * slope, 1 - slope
    else:
        q, r, s = at_a / at_c, at_b / at_c, at_b / at_a
        p = s * (across * q * (q - r) - (b - a) * (r - 1))
        q = (q - 1) * (r - 1) * (s - 1)
    p, q = (p, -q) if p > 0 else (-p, q)
    if p < 0.75 * across * q - abs(least * q) / 2 and p < abs(before * q / 2):
        return p / q
    return across / 2
