"""The `expect:` lines of a scenario: STRATEGY.FIELD op number, word or STRATEGY.FIELD."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from sim.fields import FIELDS
from sim.record import Outcome
from sim.spec.model import did_you_mean

Operator = Literal["<", "<=", ">", ">=", "==", "!="]

LINE = re.compile(r"\s*(?P<left>[^\s<>=!]+)\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<right>[^\s<>=!]+)\s*")
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
REFERENCE = re.compile(r"(?P<strategy>[a-z][A-Za-z0-9]*)\.(?P<field>\w+)")
SHAPE = "STRATEGY.FIELD op number, word or STRATEGY.FIELD, such as canary.failed_requests < blueGreen.failed_requests"
OUTCOMES = get_args(Outcome)


@dataclass(frozen=True)
class Reference:
    """A result field of a strategy."""

    strategy: str
    field: str


@dataclass(frozen=True)
class Expectation:
    """One line: `left` compared with a field, a number or a word."""

    text: str
    left: Reference
    operator: Operator
    right: Reference | float | str

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Expectation:
    """Return the expectation that a line says.

    Raises:
        ValueError: it is none; the message says what is wrong and what it must be.
    """
    found = LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"is {text!r:.80}; must be {SHAPE}")
    left = _reference(found["left"])
    operator = cast(Operator, found["operator"])
    right = _right(found["right"])
    _check_words(left, operator, right)
    return Expectation(text, left, operator, right)


def _right(text: str) -> Reference | float | str:
    if NUMBER.fullmatch(text):
        return float(text)
    return _reference(text) if "." in text else text


def _reference(text: str) -> Reference:
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"has {text!r:.60}; must be {SHAPE}")
    field = found["field"]
    if field not in FIELDS:
        raise ValueError(f"has the unknown field '{field:.60}'{did_you_mean(field, FIELDS)}")
    return Reference(found["strategy"], field)


def _is_text(side: Reference | float | str) -> bool:
    if isinstance(side, Reference):
        return FIELDS[side.field].unit in ("word", "sentence")
    return isinstance(side, str)


def _check_words(left: Reference, operator: Operator, right: Reference | float | str) -> None:
    if _is_text(left) != _is_text(right):
        wanted = "a word" if _is_text(left) else "a number"
        other = right.field if isinstance(right, Reference) else right
        raise ValueError(f"compares {left.field} with {other}; must compare it with {wanted}")
    if _is_text(left) and operator not in ("==", "!="):
        raise ValueError(f"compares a word with {operator}; must use == or !=")
    if left.field == "outcome" and isinstance(right, str) and right not in OUTCOMES:
        raise ValueError(f"has the unknown outcome '{right:.60}'{did_you_mean(right, OUTCOMES)}")
