"""Success and failure conditions of an analysis, as Argo Rollouts writes them: text -> Condition.

The part of Argo's expression language that a single number needs: `result`, `result[0]`, `stable`, numbers, true,
false, + - * /, comparisons, `&& || !` and their words, parentheses, and the functions of FUNCTIONS. A condition is
parsed, never run as Python.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from sim.spec.expression import (
    COMPARISON,
    Binary,
    Call,
    ConditionError,
    Constant,
    Kind,
    Measured,
    Name,
    Node,
    Unary,
    names,
    walk,
)

__all__ = ["Condition", "ConditionError", "parse"]

MAX_LENGTH = 500
MAX_DEPTH = 40
FUNCTIONS = ("isNaN", "isInf", "default", "len")
HANDLES_MISSING = frozenset({"isNaN", "default", "len"})
KNOWN_WORDS = ("result", "stable", "true", "false", "and", "or", "not", *FUNCTIONS)
WORDS = {"and": "&&", "or": "||", "not": "!"}

# Source: expr-lang parser/operator/operator.go, the language of Argo's conditions: a larger number binds tighter.
BINARY_PRECEDENCE = {
    "||": 10,
    "&&": 15,
    "==": 20,
    "!=": 20,
    "<": 20,
    ">": 20,
    "<=": 20,
    ">=": 20,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
}
UNARY_PRECEDENCE = {"!": 50, "-": 90, "+": 90}

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/<>!()\[\],])|(?P<end>$))"
)


@dataclass(frozen=True)
class Condition:
    """A parsed condition on `result`."""

    text: str
    root: Node

    def evaluate(self, result: float, stable: float | None = None) -> bool:
        """Return whether the condition holds.

        Raises:
            ConditionError: it names `stable` and there is none, or `result[0]` and there is no data.
        """
        return bool(self.root.value(Measured(result, stable)))

    @property
    def handles_missing(self) -> bool:
        """Return whether it says itself what no data means: isNaN, default or len of `result`."""
        return self._asks_whether_missing("result")

    @property
    def handles_missing_stable(self) -> bool:
        """Return whether it says itself what no data of the stable version means, or does not name it."""
        return not self.needs_stable or self._asks_whether_missing("stable")

    @property
    def needs_stable(self) -> bool:
        """Return whether it names `stable`."""
        return names(self.root, "stable")

    def _asks_whether_missing(self, name: str) -> bool:
        calls = [node for node in walk(self.root) if isinstance(node, Call)]
        return any(call.function in HANDLES_MISSING and names(call, name) for call in calls)

    def threshold(self, stable: float | None = None) -> float:
        """Return the number that `result` is compared with; nan when there is none or more than one."""
        limits = [limit for node in walk(self.root) if (limit := _limit(node)) is not None]
        missing = stable is None or math.isnan(stable)
        if len(limits) != 1 or (missing and names(limits[0], "stable")):
            return math.nan
        return float(limits[0].value(Measured(math.nan, stable)))


def _limit(node: Node) -> Node | None:
    """Return the side of a comparison that `result`, alone or with a default, stands against."""
    if not (isinstance(node, Binary) and node.sign in COMPARISON):
        return None
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, Call) and side.function == "default":
            side = side.arguments[0]
        if isinstance(side, Name) and side.name == "result" and not names(other, "result"):
            return other
    return None


class Token(NamedTuple):
    """A word, number or sign and where it starts, from 1."""

    kind: str
    text: str
    position: int


def parse(text: str) -> Condition:
    """Return the condition that `text` says.

    Raises:
        ConditionError: with position and what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition of {len(text)} characters; at most {MAX_LENGTH}")
    parser = _Parser(_tokens(text))
    root = parser.expression(0)
    parser.expect_end()
    if root.kind != "truth":
        raise ConditionError(f"position 1: '{text.strip()}' is a number; must compare it, for example 'result > 0.01'")
    return Condition(text, root)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _unreadable(text, at)
        word = found[found.lastgroup]
        kind = "sign" if word in WORDS else found.lastgroup
        tokens.append(Token(kind, WORDS.get(word, word), found.start(found.lastgroup) + 1))
        at = found.end()
    return tokens


def _unreadable(text: str, at: int) -> ConditionError:
    position = at + len(text[at:]) - len(text[at:].lstrip()) + 1
    sign = text[position - 1]
    hint = {
        "%": "; write a share as a number from 0 to 1 (5% is 0.05)",
        "=": "; equality is '=='",
        "&": "; 'and' is '&&'",
        "|": "; 'or' is '||'",
    }
    return ConditionError(f"position {position}: '{sign}' means nothing here{hint.get(sign, '')}")


class _Parser:
    """Reads tokens from left to right by precedence."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def expression(self, least: int) -> Node:
        """Return the longest part whose signs bind at least as tightly as `least`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"position {self._peek().position}: nested deeper than {MAX_DEPTH}")
        left = self._operand()
        while (sign := self._peek()).kind == "sign" and BINARY_PRECEDENCE.get(sign.text, -1) >= least:
            self._take()
            right = self.expression(BINARY_PRECEDENCE[sign.text] + 1)
            left = _checked_binary(sign, left, right)
        self._depth -= 1
        return left

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            token = self._peek()
            raise ConditionError(
                f"position {token.position}: '{token.text}' was not expected; the condition ends before it"
            )

    def _operand(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "word":
            return self._word(token)
        if token.text == "(":
            inner = self.expression(0)
            self._expect(")")
            return inner
        if token.text in UNARY_PRECEDENCE:
            return _checked_unary(token, self.expression(UNARY_PRECEDENCE[token.text]))
        found = f"'{token.text}'" if token.text else "the end"
        raise ConditionError(f"position {token.position}: {found} stands where a number or 'result' is expected")

    def _number(self, token: Token) -> Node:
        number = float(token.text)
        if math.isinf(number):
            raise ConditionError(f"position {token.position}: {token.text} is too large")
        return Constant(number)

    def _word(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Constant(token.text == "true")
        if token.text in ("result", "stable"):
            return Name(token.text, indexed=self._index())
        if token.text in FUNCTIONS:
            return self._call(token)
        raise ConditionError(f"position {token.position}: unknown word '{token.text}'; known: {', '.join(KNOWN_WORDS)}")

    def _index(self) -> bool:
        if self._peek().text != "[":
            return False
        self._take()
        index = self._take()
        if index.text != "0":
            raise ConditionError(
                f"position {index.position}: the index is '{index.text}'; must be 0, a metric has one value"
            )
        self._expect("]")
        return True

    def _call(self, function: Token) -> Node:
        self._expect("(")
        arguments = [self.expression(0)]
        while self._peek().text == ",":
            self._take()
            arguments.append(self.expression(0))
        self._expect(")")
        wanted = 2 if function.text == "default" else 1
        if len(arguments) != wanted or any(argument.kind != "number" for argument in arguments):
            raise ConditionError(
                f"position {function.position}: {function.text} takes {wanted} number{'s' * (wanted > 1)}"
            )
        return Call(function.text, tuple(arguments))

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text:
            found = f"'{token.text}'" if token.text else "the end"
            raise ConditionError(f"position {token.position}: {found} stands where '{text}' is expected")

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token


def _checked_unary(sign: Token, operand: Node) -> Node:
    wanted: Kind = "truth" if sign.text == "!" else "number"
    if operand.kind != wanted:
        hint = "a condition; put it in parentheses, as in '!(result > 1)'" if wanted == "truth" else "a number"
        raise ConditionError(f"position {sign.position}: '{sign.text}' must be followed by {hint}")
    return Unary(sign.text, operand)


def _checked_binary(sign: Token, left: Node, right: Node) -> Node:
    if sign.text in ("==", "!=") and left.kind == right.kind:
        return Binary(sign.text, left, right)
    wanted: Kind = "truth" if sign.text in ("&&", "||") else "number"
    if left.kind != wanted or right.kind != wanted:
        both = "conditions such as 'result > 0.01'" if wanted == "truth" else "numbers"
        raise ConditionError(f"position {sign.position}: both sides of '{sign.text}' must be {both}")
    return Binary(sign.text, left, right)
