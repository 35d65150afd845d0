"""The parts of a condition and what they are worth: the values of an expression, without its grammar."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Kind = Literal["number", "truth"]
Value = float | bool


class ConditionError(ValueError):
    """A condition that cannot be read, or that has no value for what was measured."""


class Measured(NamedTuple):
    """What a condition is asked about; nan: no data, None: not measured."""

    result: float
    stable: float | None


class Node(Protocol):
    """A part of a condition."""

    @property
    def kind(self) -> Kind:
        """Return what the part is worth: a number or a truth."""

    def value(self, measured: Measured) -> Value:
        """Return the part's value."""

    def parts(self) -> tuple[Node, ...]:
        """Return the parts it is made of."""


@dataclass(frozen=True)
class Constant:
    """A number, `true` or `false`, as written."""

    written: Value

    @property
    def kind(self) -> Kind:
        return "truth" if isinstance(self.written, bool) else "number"

    def value(self, measured: Measured) -> Value:
        return self.written

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Name:
    """`result` or `stable`; with an index, no data is an error, as an empty vector is in Argo."""

    name: str
    indexed: bool = False
    kind: Kind = "number"

    def value(self, measured: Measured) -> Value:
        found = measured.result if self.name == "result" else measured.stable
        if found is None:
            raise ConditionError(f"'{self.name}' was not measured")
        if self.indexed and math.isnan(found):
            raise ConditionError(f"'{self.name}[0]' does not exist: no data")
        return found

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Call:
    """isNaN, isInf, len or default of a number."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def kind(self) -> Kind:
        return "truth" if self.function in ("isNaN", "isInf") else "number"

    def value(self, measured: Measured) -> Value:
        first = self.arguments[0].value(measured)
        if self.function == "isNaN":
            return math.isnan(first)
        if self.function == "isInf":
            return math.isinf(first)
        if self.function == "len":
            return 0.0 if math.isnan(first) else 1.0
        return self.arguments[1].value(measured) if math.isnan(first) else first

    def parts(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True)
class Unary:
    """`!`, `-` or `+` before a part."""

    sign: str
    operand: Node

    @property
    def kind(self) -> Kind:
        return "truth" if self.sign == "!" else "number"

    def value(self, measured: Measured) -> Value:
        inner = self.operand.value(measured)
        if self.sign == "!":
            return not inner
        return -inner if self.sign == "-" else inner

    def parts(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True)
class Binary:
    """Two parts and the sign between them."""

    sign: str
    left: Node
    right: Node

    @property
    def kind(self) -> Kind:
        return "number" if self.sign in ARITHMETIC else "truth"

    def value(self, measured: Measured) -> Value:
        left = self.left.value(measured)
        if self.sign == "&&":
            return bool(left and self.right.value(measured))
        if self.sign == "||":
            return bool(left or self.right.value(measured))
        right = self.right.value(measured)
        if self.sign in ARITHMETIC:
            return ARITHMETIC[self.sign](left, right)
        # Missing data is neither equal nor unequal to anything, so that it never looks healthy.
        return not (math.isnan(left) or math.isnan(right)) and COMPARISON[self.sign](left, right)

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


def divide(left: float, right: float) -> float:
    """Return left / right as IEEE 754 has it: infinite or nan when right is 0."""
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def walk(node: Node) -> Iterator[Node]:
    """Return the part and all that it is made of."""
    yield node
    for part in node.parts():
        yield from walk(part)


def names(node: Node, name: str) -> bool:
    """Return whether the part speaks of `name`."""
    return any(isinstance(part, Name) and part.name == name for part in walk(node))
