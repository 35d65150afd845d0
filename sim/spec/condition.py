"""Success and failure conditions of an analysis, as Argo Rollouts writes them: text -> Condition.

The part of expr-lang, Argo's expression language, that numbers need: `result` and `result[0]`, which are the same where
one value is measured, `stable`, numbers, true, false, lists in brackets, + - * / **, comparisons, `in`, `&& || !` and
their words, `a ? b : c`, parentheses, and the functions of `sim.spec.functions` with `#`. A condition is parsed, never
run as Python.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.spec.expression import (
    COMPARISON,
    Binary,
    ConditionError,
    Element,
    Index,
    Measured,
    Name,
    Node,
    Single,
    names,
    number,
    walk,
)
from sim.spec.functions import Call, Each, Several
from sim.spec.parser import parsed

__all__ = ["Condition", "ConditionError", "parse"]

SAME_NUMBER = ("default", "asFloat", "asInt", "abs", "round")
"""Functions of a number that is still what it was measured as."""


@dataclass(frozen=True)
class Condition:
    """A parsed condition on `result`."""

    text: str
    root: Node

    def evaluate(self, result: float | Sequence[float], stable: float | None = None) -> bool:
        """Return whether the condition holds for one value (nan: no data), or for several.

        Raises:
            ConditionError: it names `stable` and there is none, or a value of a list that does not exist.
        """
        return bool(number(self.root, Measured(as_items(result), stable)))

    @property
    def handles_missing(self) -> bool:
        """Return whether it says itself what no data means: isNaN, default, len, all or any of `result`."""
        return self._asks_whether_missing("result")

    @property
    def handles_missing_stable(self) -> bool:
        """Return whether it says itself what no data of the stable version means, or does not name it."""
        return not self.needs_stable or self._asks_whether_missing("stable")

    @property
    def needs_stable(self) -> bool:
        """Return whether it names `stable`."""
        return names(self.root, "stable")

    @property
    def needs_one_value(self) -> bool:
        """Return whether it takes `result` for a number, which a list is not."""
        return any(isinstance(node, Single) and node.name.name == "result" for node in walk(self.root))

    def _asks_whether_missing(self, name: str) -> bool:
        calls = [node for node in walk(self.root) if isinstance(node, Call | Each) and node.reads_missing]
        return any(names(call.parts()[0], name) for call in calls)

    def threshold(self, stable: float | None = None) -> float:
        """Return the number that `result` is compared with; nan when there is none or more than one."""
        limits = [limit for node in walk(self.root) if (limit := _limit(node)) is not None]
        missing = stable is None or math.isnan(stable)
        if len(limits) != 1 or (missing and names(limits[0], "stable")):
            return math.nan
        return number(limits[0], Measured((), stable))


def as_items(result: float | Sequence[float]) -> tuple[float, ...]:
    """Return what was measured as a list: nothing where it is nan."""
    if isinstance(result, Sequence):
        return tuple(result)
    return () if math.isnan(result) else (result,)


def _limit(node: Node) -> Node | None:
    """Return the side of a comparison that `result`, or each value of it, stands against."""
    if not (isinstance(node, Binary) and node.sign in COMPARISON):
        return None
    for side, other in ((node.left, node.right), (node.right, node.left)):
        is_fixed = not names(other, "result") and not any(isinstance(part, Element) for part in walk(other))
        if _is_measured(side) and is_fixed:
            return other
    return None


def _is_measured(node: Node) -> bool:
    """Return whether a part is a value of `result`, or one number for all of them."""
    if isinstance(node, Call) and node.function in SAME_NUMBER:
        return _is_measured(node.arguments[0])
    if isinstance(node, Single | Index | Several):
        inside = node.parts()[0]
        return isinstance(inside, Name) and inside.name == "result"
    return isinstance(node, Element)


def parse(text: str) -> Condition:
    """Return the condition that `text` says.

    Raises:
        ConditionError: with position and what is wrong.
    """
    return Condition(text, parsed(text))
