"""Result values as people read them: 5m 23s, 1.2 %, 12,345 ± 67."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.fields import FIELDS, Unit

NOTHING = "–"
MINUTE, HOUR = 60, 3600
EXACT_BELOW = 10
"""Smaller times and means are shown with one decimal."""


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
    if seconds < EXACT_BELOW:
        return f"{seconds:.1f} s" if seconds else "0 s"
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
    return f"{mean} ± {_number(unit, (value['high'] - value['low']) / 2)}"


def _number(unit: Unit, number: float) -> str:
    if unit == "s":
        return duration(number)
    if unit == "fraction":
        return f"{100 * number:.1f} %"
    is_whole = number == round(number)
    return f"{number:,.0f}" if is_whole or abs(number) >= EXACT_BELOW else f"{number:,.1f}"
