"""Result values as people read them: 5m 23s, 1.2 %, 12,345 ± 67."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.fields import FIELDS, Unit

NOTHING = "–"
MINUTE, HOUR = 60, 3600
SHORT = 10
"""Smaller times and numbers are shown with decimals."""
SMALLEST_SHARE = 0.1
"""Percentages below this are shown with two significant digits: 0.015 %."""


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
    if 0 < seconds < SHORT:
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
    if value["mean"] is None:
        return NOTHING
    mean = _number(unit, value["mean"])
    if value["low"] is None or value["high"] == value["low"]:
        return mean
    half = (value["high"] - value["low"]) / 2
    if unit == "s" and half < 1 <= value["mean"]:
        return f"{mean} ± {half:.1f} s"  # not milliseconds beside minutes
    return f"{mean} ± {_number(unit, half)}"


def _number(unit: Unit, number: float) -> str:
    if unit == "s":
        return duration(number)
    if unit == "fraction":
        percent = 100 * number
        return f"{percent:.2g} %" if 0 < abs(percent) < SMALLEST_SHARE else f"{percent:.1f} %"
    return f"{number:,.{_decimals(number)}f}"


def _decimals(number: float) -> int:
    """Return how many decimals keep two digits that matter; a whole number has none."""
    if number == round(number) or abs(number) >= SHORT:
        return 0
    return 1 if abs(number) >= 1 else 2
