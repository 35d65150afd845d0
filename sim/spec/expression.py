"""The parts of a condition and what they are worth: the values of an expression, without its grammar."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Kind = Literal["number", "truth", "list", "vector"]
"""vector: what was measured, one value or several, which may stand for a number or for a list."""
Items = tuple[float, ...]
Value = float | bool | Items


class ConditionError(ValueError):
    """A condition that cannot be read, or that has no value for what was measured."""


class Measured(NamedTuple):
    """What a condition is asked about; result: () is no data; stable: nan is no data, None: not measured.

    element: what `#` stands for inside all, any and their like.
    """

    result: Items
    stable: float | None
    element: float = math.nan


class Node(Protocol):
    """A part of a condition."""

    @property
    def kind(self) -> Kind:
        """Return what the part is worth."""

    def value(self, measured: Measured) -> Value:
        """Return the part's value."""

    def parts(self) -> tuple[Node, ...]:
        """Return the parts it is made of."""


def number(node: Node, measured: Measured) -> float:
    """Return the value of a part that is worth a number (or a truth, as a number)."""
    value = node.value(measured)
    assert not isinstance(value, tuple)
    return value


def items(node: Node, measured: Measured) -> Items:
    """Return the value of a part that is worth a list."""
    value = node.value(measured)
    assert isinstance(value, tuple)
    return value


@dataclass(frozen=True)
class Constant:
    """A number, `true` or `false`, as written."""

    written: float | bool

    @property
    def kind(self) -> Kind:
        return "truth" if isinstance(self.written, bool) else "number"

    def value(self, measured: Measured) -> Value:
        return self.written

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Name:
    """`result` or `stable`, as a list."""

    name: str
    kind: Kind = "vector"

    def value(self, measured: Measured) -> Value:
        if self.name == "result":
            return measured.result
        if measured.stable is None:
            raise ConditionError("'stable' was not measured")
        return () if math.isnan(measured.stable) else (measured.stable,)

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Single:
    """`result` or `stable` as the one number that it is; nan without data."""

    name: Name
    kind: Kind = "number"

    def value(self, measured: Measured) -> Value:
        return next(iter(items(self.name, measured)), math.nan)

    def parts(self) -> tuple[Node, ...]:
        return (self.name,)


@dataclass(frozen=True)
class Element:
    """`#`: the item that all, any and their like look at."""

    kind: Kind = "number"

    def value(self, measured: Measured) -> Value:
        return measured.element

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Index:
    """One item of a list, from 0, or from -1 at its end; where there is none an error, as in Argo."""

    inside: Node
    place: Node
    kind: Kind = "number"

    def value(self, measured: Measured) -> Value:
        found, place = items(self.inside, measured), number(self.place, measured)
        if place != place or place != math.trunc(place) or not -len(found) <= place < len(found):
            what = self.inside.name if isinstance(self.inside, Name) else "list"
            raise ConditionError(
                f"'{what}[{place:g}]' does not exist: {f'{len(found)} values' if found else 'no data'}"
            )
        return found[int(place)]

    def parts(self) -> tuple[Node, ...]:
        return (self.inside, self.place)


@dataclass(frozen=True)
class Listed:
    """Numbers in brackets."""

    numbers: tuple[Node, ...]
    kind: Kind = "list"

    def value(self, measured: Measured) -> Value:
        return tuple(number(each, measured) for each in self.numbers)

    def parts(self) -> tuple[Node, ...]:
        return self.numbers


@dataclass(frozen=True)
class Unary:
    """`!`, `-` or `+` before a part."""

    sign: str
    operand: Node

    @property
    def kind(self) -> Kind:
        return "truth" if self.sign == "!" else "number"

    def value(self, measured: Measured) -> Value:
        inner = number(self.operand, measured)
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
        left = number(self.left, measured)
        if self.sign == "&&":
            return bool(left and number(self.right, measured))
        if self.sign == "||":
            return bool(left or number(self.right, measured))
        if self.sign == "in":
            return left in items(self.right, measured)
        right = number(self.right, measured)
        if self.sign in ARITHMETIC:
            return ARITHMETIC[self.sign](left, right)
        # Missing data is neither equal nor unequal to anything, so that it never looks healthy.
        return not (math.isnan(left) or math.isnan(right)) and COMPARISON[self.sign](left, right)

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Choice:
    """`condition ? one : other`."""

    asked: Node
    one: Node
    other: Node

    @property
    def kind(self) -> Kind:
        return self.one.kind

    def value(self, measured: Measured) -> Value:
        return (self.one if number(self.asked, measured) else self.other).value(measured)

    def parts(self) -> tuple[Node, ...]:
        return (self.asked, self.one, self.other)


def divide(left: float, right: float) -> float:
    """Return left / right as IEEE 754 has it: infinite or nan when right is 0."""
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


def power(left: float, right: float) -> float:
    """Return left to the power of right as IEEE 754 has it: nan or infinite where there is no number."""
    try:
        return math.pow(left, right)
    except ValueError:
        return math.inf if left == 0 else math.nan
    except OverflowError:
        return math.inf


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "**": power,
    "^": power,
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
