"""Result values as people read them: 5m 23s, 1.2 %, 12,345 ± 67."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.fields import FIELDS, Unit

NOTHING = "–"
NEVER = "never"
MINUTE, HOUR = 60, 3600
SHORT = 10
"""Smaller times and numbers are shown with decimals."""
MOST_DECIMALS = 6


def shown(field: str, value: Any) -> str:
    """Return the value of a result field: plain, or an interval over replications, or how often each word came."""
    unit = FIELDS[field].unit
    if value is None:
        return NOTHING
    if not isinstance(value, Mapping):
        return value if isinstance(value, str) else _number(unit, value)
    if "mean" not in value:
        return _words(value)
    return _interval(unit, value)


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    if 0 < seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if 0 < seconds < SHORT and seconds != round(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02}s"
    return f"{whole // HOUR}h {whole % HOUR // MINUTE:02}m"


def _words(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{word} {count}×" for word, count in counts.items())


def _interval(unit: Unit, value: Mapping[str, Any]) -> str:
    """Return a mean and half the interval's width, as finely as the mean; none where the width rounds to nothing."""
    mean = value["mean"]
    if mean is None:
        return NOTHING
    half = 0.0 if value["low"] is None else (value["high"] - value["low"]) / 2
    if unit == "s":
        return _time(mean, half, value["n"], value["of"])
    if unit == "fraction":
        mean, half, sign = 100 * mean, 100 * half, " %"
    else:
        sign = ""
    digits = _decimals(mean)
    told = f"{half:,.{digits}f}"
    return f"{mean:,.{digits}f}{sign}" + (f" ± {told}{sign}" if float(told.replace(",", "")) else "")


def _time(mean: float, half: float, ended: int, of: int) -> str:
    """Return a mean time; what did not end in some replications counts until the end of the run, and is told."""
    if ended == 0:
        return NEVER
    half = round(half) if mean >= SHORT else half
    told = f"{duration(mean)} ± {duration(half)}" if half else duration(mean)
    return told if ended == of else f"{told} ({ended} of {of})"


def _number(unit: Unit, number: float) -> str:
    if unit == "s":
        return duration(number)
    if unit == "fraction":
        return f"{100 * number:.{_decimals(100 * number)}f} %"
    return f"{number:,.{_decimals(number)}f}"


def _decimals(number: float) -> int:
    """Return how many decimals show two digits that matter; a whole number has none."""
    size = abs(number)
    if size == round(size) or size >= SHORT:
        return 0
    return 1 if size >= 1 else min(2 - math.ceil(math.log10(size)), MOST_DECIMALS)
