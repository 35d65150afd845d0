"""The grammar of conditions: text -> the parts of an expression."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from sim.spec.expression import (
    Binary,
    Choice,
    ConditionError,
    Constant,
    Element,
    Index,
    Kind,
    Listed,
    Name,
    Node,
    Single,
    Unary,
)
from sim.spec.functions import FUNCTIONS, KNOWN, OF_EACH, OF_SEVERAL, Call, Each, Several

MAX_LENGTH = 500
MAX_DEPTH = 40
MOST_ARGUMENTS = 100
KNOWN_WORDS = ("result", "stable", "true", "false", "and", "or", "not", "in", *KNOWN)
WORDS = {"and": "&&", "or": "||", "not": "!", "in": "in"}

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
    "in": 20,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "**": 100,
    "^": 100,
}
FROM_THE_RIGHT = ("**", "^")
UNARY_PRECEDENCE = {"!": 50, "-": 90, "+": 90}

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>&&|\|\||\*\*|==|!=|<=|>=|[-+*/^<>!()\[\]{},#?:])|(?P<end>$))"
)


class Token(NamedTuple):
    """A word, number or sign and where it starts, from 1."""

    kind: str
    text: str
    position: int


def parsed(text: str) -> Node:
    """Return the parts of the condition that `text` says.

    Raises:
        ConditionError: with position and what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition of {len(text)} characters; at most {MAX_LENGTH}")
    parser = _Parser(_tokens(text))
    root = parser.whole()
    parser.expect_end()
    if root.kind != "truth":
        what = "a list" if root.kind == "list" else "a number"
        raise ConditionError(f"position 1: '{text.strip()}' is {what}; must compare it, for example 'result > 0.01'")
    return root


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
        self._lists = 0

    def whole(self) -> Node:
        """Return the longest part: `a ? b : c` binds least of all."""
        asked = self._expression(0)
        if (sign := self._peek()).text != "?":
            return asked
        self._take()
        self._deeper(sign)
        one = self.whole()
        self._expect(":")
        other = self.whole()
        self._depth -= 1
        return _checked_choice(sign, asked, one, other)

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            token = self._peek()
            raise ConditionError(
                f"position {token.position}: '{token.text}' was not expected; the condition ends before it"
            )

    def _expression(self, least: int) -> Node:
        """Return the longest part whose signs bind at least as tightly as `least`."""
        self._deeper(self._peek())
        left = self._operand()
        while (found := self._sign_between()) is not None and BINARY_PRECEDENCE[found.text] >= least:
            is_negated = self._take().text == "!"
            sign = self._take() if is_negated else found
            step = 0 if sign.text in FROM_THE_RIGHT else 1
            left = _checked_binary(sign, left, self._expression(BINARY_PRECEDENCE[sign.text] + step))
            left = Unary("!", left) if is_negated else left
        self._depth -= 1
        return left

    def _sign_between(self) -> Token | None:
        """Return the sign that joins what was read to what follows; `in` where it is `not in`."""
        sign = self._peek()
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        sign = following if (sign.text, following.text) == ("!", "in") else sign
        return sign if sign.kind == "sign" and sign.text in BINARY_PRECEDENCE else None

    def _operand(self) -> Node:
        node = self._first()
        while self._peek().text == "[":
            sign = self._take()
            place = self.whole()
            self._expect("]")
            node = Index(_as(sign, node, "list", "an index"), _as(sign, place, "number", "an index"))
        return node

    def _first(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "word":
            return self._word(token)
        if token.text == "(":
            inner = self.whole()
            self._expect(")")
            return inner
        if token.text == "[":
            return Listed(tuple(_as(token, each, "number", "a list") for each in self._until("]")))
        if token.text == "#" and self._lists:
            return Element()
        if token.text == "#":
            raise ConditionError(
                f"position {token.position}: '#' is an item of a list; must be inside all(result, ...)"
            )
        if token.text in UNARY_PRECEDENCE:
            return _checked_unary(token, self._expression(UNARY_PRECEDENCE[token.text]))
        found = f"'{token.text}'" if token.text else "the end"
        raise ConditionError(f"position {token.position}: {found} stands where a number or 'result' is expected")

    def _number(self, token: Token) -> Node:
        written = float(token.text)
        if math.isinf(written):
            raise ConditionError(f"position {token.position}: {token.text} is too large")
        return Constant(written)

    def _word(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Constant(token.text == "true")
        if token.text in ("result", "stable"):
            return Name(token.text)
        if token.text in OF_EACH:
            return self._each(token)
        if token.text in KNOWN:
            self._expect("(")
            return _called(token, self._until(")"))
        raise ConditionError(f"position {token.position}: unknown word '{token.text}'; known: {', '.join(KNOWN_WORDS)}")

    def _each(self, function: Token) -> Node:
        """Return a condition on each item of a list; older templates write it in braces."""
        self._expect("(")
        given = _as(function, self.whole(), "list", function.text)
        self._expect(",")
        is_braced = self._peek().text == "{"
        if is_braced:
            self._take()
        self._lists += 1
        asked = self.whole()
        self._lists -= 1
        if is_braced:
            self._expect("}")
        self._expect(")")
        return Each(function.text, given, _as(function, asked, "truth", function.text))

    def _until(self, end: str) -> list[Node]:
        """Return what stands between commas up to the closing sign."""
        if self._peek().text == end:
            self._take()
            return []
        found = [self.whole()]
        while self._peek().text == "," and len(found) <= MOST_ARGUMENTS:
            self._take()
            found.append(self.whole())
        self._expect(end)
        return found

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"position {token.position}: nested deeper than {MAX_DEPTH}")

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


IN_WORDS = {"number": "a number", "list": "a list such as result", "truth": "a condition such as '# > 0.01'"}


def _as(token: Token, node: Node, wanted: Kind, what: str) -> Node:
    """Return the part as what is wanted of it.

    Raises:
        ConditionError: it is something else.
    """
    found = fitting(node, wanted)
    if found is None:
        raise ConditionError(f"position {token.position}: {what} takes {IN_WORDS[wanted]}")
    return found


def fitting(node: Node, wanted: Kind) -> Node | None:
    """Return the part as a number, list or truth; None when it is not one. What was measured may be either."""
    if isinstance(node, Name) and wanted == "number":
        return Single(node)
    is_list = isinstance(node, Name) and wanted == "list"
    return node if is_list or node.kind == wanted else None


def _called(function: Token, given: list[Node]) -> Node:
    if function.text in OF_SEVERAL:
        whole = fitting(given[0], "list") if len(given) == 1 else None
        numbers = tuple(_as(function, each, "number", function.text) for each in given) if whole is None else ()
        if whole is None and not numbers:
            raise ConditionError(f"position {function.position}: {function.text} takes a list such as result")
        return Several(function.text, whole or Listed(numbers))
    takes = FUNCTIONS[function.text].takes
    fitted = [fitting(*pair) for pair in zip(given, takes, strict=False)]
    arguments = tuple(each for each in fitted if each is not None)
    if not len(given) == len(takes) == len(arguments):
        what = "list" if takes[0] == "list" else "number"
        several = f"{len(takes)} {what}s" if len(takes) > 1 else f"1 {what}"
        raise ConditionError(f"position {function.position}: {function.text} takes {several}")
    return Call(function.text, arguments)


def _checked_unary(sign: Token, operand: Node) -> Node:
    wanted: Kind = "truth" if sign.text == "!" else "number"
    found = fitting(operand, wanted)
    if found is None:
        hint = "a condition; put it in parentheses, as in '!(result > 1)'" if wanted == "truth" else "a number"
        raise ConditionError(f"position {sign.position}: '{sign.text}' must be followed by {hint}")
    return Unary(sign.text, found)


def _checked_binary(sign: Token, left: Node, right: Node) -> Node:
    if sign.text == "in":
        return Binary("in", _as(sign, left, "number", "what stands before in"), _as(sign, right, "list", "in"))
    if sign.text in ("==", "!=") and left.kind == right.kind == "truth":
        return Binary(sign.text, left, right)
    wanted: Kind = "truth" if sign.text in ("&&", "||") else "number"
    fitted = fitting(left, wanted), fitting(right, wanted)
    if fitted[0] is None or fitted[1] is None:
        both = "conditions such as 'result > 0.01'" if wanted == "truth" else "numbers"
        raise ConditionError(f"position {sign.position}: both sides of '{sign.text}' must be {both}")
    return Binary(sign.text, fitted[0], fitted[1])


def _checked_choice(sign: Token, asked: Node, one: Node, other: Node) -> Node:
    for wanted in ("truth", "number", "list"):
        found = fitting(one, wanted), fitting(other, wanted)
        if found[0] is not None and found[1] is not None:
            return Choice(_as(sign, asked, "truth", "'?'"), found[0], found[1])
    raise ConditionError(f"position {sign.position}: both sides of ':' must be of one kind")
