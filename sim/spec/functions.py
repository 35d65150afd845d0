"""The functions of a condition: those of expr-lang and of Argo Rollouts that numbers and lists of them need.

Source: expr-lang builtin/builtin.go and argo-rollouts utils/evaluate/evaluate.go.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sim.spec.expression import ConditionError, Items, Kind, Measured, Node, Value, items, number


class Function(NamedTuple):
    """takes: what it is called with. reads_missing: whether it says itself what no data means."""

    takes: tuple[Kind, ...]
    gives: Kind
    work: Callable[..., Value]
    reads_missing: bool = False


def _as_int(given: float) -> float:
    if math.isnan(given) or math.isinf(given):
        raise ConditionError(f"asInt of {given:g}: it is no number")
    return float(math.trunc(given))


def _round(given: float) -> float:
    """Return the nearest whole number, half away from zero as Go rounds."""
    return math.copysign(math.floor(abs(given) + 0.5), given) if math.isfinite(given) else given


def _whole(how: Callable[[float], int]) -> Callable[[float], float]:
    return lambda given: float(how(given)) if math.isfinite(given) else given


FUNCTIONS: dict[str, Function] = {
    "isNaN": Function(("number",), "truth", math.isnan, reads_missing=True),
    "isInf": Function(("number",), "truth", math.isinf),
    "isNil": Function(("list",), "truth", lambda given: not given, reads_missing=True),
    "default": Function(
        ("number", "number"), "number", lambda given, other: other if math.isnan(given) else given, reads_missing=True
    ),
    "len": Function(("list",), "number", lambda given: float(len(given)), reads_missing=True),
    "asInt": Function(("number",), "number", _as_int),
    "asFloat": Function(("number",), "number", float),
    "abs": Function(("number",), "number", abs),
    "ceil": Function(("number",), "number", _whole(math.ceil)),
    "floor": Function(("number",), "number", _whole(math.floor)),
    "round": Function(("number",), "number", _round),
}
OF_SEVERAL: dict[str, Callable[[Items], float]] = {
    "sum": math.fsum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
}
"""Of a list, or of several numbers."""
OF_EACH: dict[str, tuple[Kind, Callable[[Items, list[bool]], Value]]] = {
    "all": ("truth", lambda given, holds: all(holds)),
    "any": ("truth", lambda given, holds: any(holds)),
    "none": ("truth", lambda given, holds: not any(holds)),
    "one": ("truth", lambda given, holds: sum(holds) == 1),
    "count": ("number", lambda given, holds: float(sum(holds))),
    "filter": ("list", lambda given, holds: tuple(each for each, kept in zip(given, holds, strict=True) if kept)),
}
"""Of a list and a condition on each of its items, `#`."""
KNOWN = (*FUNCTIONS, *OF_SEVERAL, *OF_EACH)


@dataclass(frozen=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def kind(self) -> Kind:
        return FUNCTIONS[self.function].gives

    @property
    def reads_missing(self) -> bool:
        return FUNCTIONS[self.function].reads_missing

    def value(self, measured: Measured) -> Value:
        return FUNCTIONS[self.function].work(*(argument.value(measured) for argument in self.arguments))

    def parts(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True)
class Several:
    """One number of a list: its sum, mean, median, least or largest item."""

    function: str
    given: Node
    kind: Kind = "number"

    def value(self, measured: Measured) -> Value:
        found = items(self.given, measured)
        if not found and self.function != "sum":
            raise ConditionError(f"{self.function} of no data")
        return math.nan if any(math.isnan(each) for each in found) else OF_SEVERAL[self.function](found)

    def parts(self) -> tuple[Node, ...]:
        return (self.given,)


@dataclass(frozen=True)
class Each:
    """all, any and their like: a condition on each item of a list. Of an empty list all of them hold, as in Argo."""

    function: str
    given: Node
    asked: Node
    reads_missing: bool = True

    @property
    def kind(self) -> Kind:
        return OF_EACH[self.function][0]

    def value(self, measured: Measured) -> Value:
        found = items(self.given, measured)
        holds = [bool(number(self.asked, measured._replace(element=each))) for each in found]
        return OF_EACH[self.function][1](found, holds)

    def parts(self) -> tuple[Node, ...]:
        return (self.given, self.asked)
