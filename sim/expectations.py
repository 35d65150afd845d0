"""Whether the `expect` lines of a scenario hold: means over replications, words in every one of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.fields import FIELDS
from sim.scenario.expectation import Expectation, Operator, Reference

OPERATORS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
WORDS = ("word", "sentence")

Results = Mapping[str, Mapping[str, Any]]
"""Result fields by strategy: plain values, or means over replications."""
Summaries = Mapping[str, Sequence[Mapping[str, Any]]]
"""Result fields of every replication, by strategy."""


@dataclass(frozen=True)
class Check:
    """An `expect` line, whether it holds, and what was found in its place."""

    line: str
    holds: bool
    found: str


def strategies_of(expected: Expectation) -> set[str]:
    """Return the strategies that the line speaks of."""
    return {side.strategy for side in (expected.left, expected.right) if isinstance(side, Reference)}


def check(expected: Expectation, results: Results, summaries: Summaries) -> Check:
    """Return whether the line holds; a comparison with a null does not."""
    if FIELDS[expected.left.field].unit in WORDS:
        return _check_words(expected, summaries)
    sides = (expected.left, expected.right)
    values = [_number(side, results) for side in sides]
    missing = [_text(side) for side, value in zip(sides, values, strict=True) if value is None]
    if missing:
        return Check(expected.text, False, f"{' and '.join(missing)} without a value, which compares with nothing")
    found = f"{_shown(values[0])} {expected.operator} {_shown(values[1])}"
    return Check(expected.text, OPERATORS[expected.operator](*values), found)


def _check_words(expected: Expectation, summaries: Summaries) -> Check:
    """Return whether the words compare as expected in every replication."""
    left, right = (_words(side, summaries) for side in (expected.left, expected.right))
    replications = len(summaries[expected.left.strategy])
    pairs = [(left(replication), right(replication)) for replication in range(replications)]
    compare = OPERATORS[expected.operator]
    wrong = [pair for pair in pairs if not compare(*pair)]
    if not wrong:
        return Check(expected.text, True, f"{pairs[0][0]} {expected.operator} {pairs[0][1]}")
    return Check(expected.text, False, f"{wrong[0][0]} in {len(wrong)} of {replications} replications")


def _words(side: Reference | float | str, summaries: Summaries) -> Callable[[int], Any]:
    if isinstance(side, Reference):
        return lambda replication: summaries[side.strategy][replication][side.field]
    return lambda replication: side


def _number(side: Reference | float | str, results: Results) -> Any:
    if not isinstance(side, Reference):
        return side
    value = results[side.strategy][side.field]
    return value["mean"] if isinstance(value, Mapping) else value


def _shown(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _text(side: Reference | float | str) -> str:
    """Return the side as its line says it."""
    return f"{side.strategy}.{side.field}" if isinstance(side, Reference) else str(side)
