"""What can go wrong, each with the exit code of the command line; the message is the whole text a user needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a scenario file; line and column count from 1, 0 when the place is unknown."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class RollsimError(Exception):
    """Anything that rollsim refuses or cannot finish."""

    exit_code = 5


class UsageError(RollsimError):
    """A call or a command that asks for what does not exist."""

    exit_code = 2


class ScenarioError(RollsimError):
    """A scenario that is not valid: all its problems at once, in order of position."""

    exit_code = 3

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class BudgetError(RollsimError):
    """A run that would cost more than allowed."""

    exit_code = 4


class InvariantError(RollsimError):
    """A rule of the simulator itself is broken: a bug, with the values that show it."""

    exit_code = 5
