"""Recorded requests from a CSV file, and the files a scenario may name at all."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from sim.spec.traffic import Trace

MOST_NUMBERS = 1_000_000


class TraceError(ValueError):
    """A trace that cannot be used; the message names file, line and what it must be."""


@dataclass(frozen=True)
class Files:
    """Where the files that a scenario names may lie: its own folder, and one more that the caller allows."""

    folder: Path | None
    allowed: Path | None = None

    def find(self, name: str) -> Path:
        """Return the path of a named file.

        Raises:
            TraceError: it does not exist, or lies elsewhere.
        """
        places = [place.resolve() for place in (self.folder, self.allowed) if place is not None]
        if not places:
            raise TraceError(
                f"names the file {name!r:.80}; files are not allowed here, give a rate, profile or quantiles"
            )
        if "\0" in name or not name:
            raise TraceError(f"is {name!r:.80}; must be the name of a file")
        for place in places:
            path = (place / name).resolve()
            if path.is_relative_to(place) and path.is_file():
                return path
        inside = any((place / name).resolve().is_relative_to(place) for place in places)
        if inside:
            raise TraceError(f"names the file {name!r:.80}, which does not exist in the scenario's folder")
        raise TraceError(f"names the file {name!r:.80} outside the scenario's folder; must be inside it")

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return the durations in a file of one value a line, for an empirical law."""
        path = self.find(name)
        try:
            values = tuple(_values(path))
        except (OSError, UnicodeDecodeError) as error:
            raise TraceError(f"names the file {name!r:.80}, which cannot be read: {error}") from None
        if not values:
            raise TraceError(f"names the file {name!r:.80}, which has no values")
        return values


def _values(path: Path) -> Iterator[float]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip().split(",")[0]
            value = _number(text)
            if value is None and number == 1:
                continue  # a header
            if value is None or not 0 <= value < math.inf:
                raise TraceError(f"names {path.name}: line {number} is {text!r:.40}; must be seconds, 0 or more")
            if number > MOST_NUMBERS:
                raise TraceError(f"names {path.name}, which has more than {MOST_NUMBERS:,} values")
            yield value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Loaded:
    """A trace and the number of its rows that come at or after the end of the run."""

    trace: Trace
    left_out: int


def read_trace(path: Path, duration: float, users: int) -> Loaded:
    """Return the requests before `duration`, users numbered in order of appearance.

    Raises:
        TraceError: it has no at_seconds, a bad row, rows out of order, or more users than there are.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _Rows(path.name, duration, users).read(csv.reader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"names {path.name}, which cannot be read: {error}") from None


class _Rows:
    """Collects the rows of one trace."""

    def __init__(self, name: str, duration: float, users: int) -> None:
        self._name = name
        self._duration = duration
        self._most_users = users
        self._at = array("d")
        self._user = array("i")
        self._users: dict[str, int] = {}
        self._left_out = 0

    def read(self, rows: Iterator[list[str]]) -> Loaded:
        header = [cell.strip() for cell in next(rows, [])]
        if "at_seconds" not in header:
            self._refuse(1, f"has the columns {', '.join(header) or 'none'}", "at_seconds must be one of them")
        at_column = header.index("at_seconds")
        user_column = header.index("user") if "user" in header else None
        last = 0.0
        for number, row in enumerate(rows, 2):
            if row:
                last = self._add(number, row, at_column, user_column, last)
        user = np.frombuffer(self._user, dtype=np.int32).copy() if user_column is not None else None
        at_seconds = np.frombuffer(self._at, dtype=np.float64).copy()
        for column in (at_seconds, user):
            if column is not None:
                column.setflags(write=False)
        return Loaded(Trace(at_seconds, user), self._left_out)

    def _add(self, number: int, row: list[str], at_column: int, user_column: int | None, last: float) -> float:
        if len(row) <= max(at_column, user_column or 0):
            self._refuse(number, f"has {len(row)} columns", "a row must have as many as the first line")
        at = _number(row[at_column])
        if at is None or not math.isfinite(at):
            self._refuse(number, f"has at_seconds {row[at_column]!r:.40}", "must be a finite number")
        if at < 0:
            self._refuse(number, f"has at_seconds {row[at_column]}", "must be 0 or more")
        if at < last:
            self._refuse(
                number, f"has at_seconds {row[at_column]}, before the row above", "rows must be in order of time"
            )
        if at >= self._duration:
            self._left_out += 1
            return at
        self._at.append(at)
        if user_column is not None:
            self._user.append(self._user_number(number, row[user_column].strip()))
        return at

    def _user_number(self, number: int, user: str) -> int:
        if not user:
            self._refuse(number, "has no user", "every row must have one, or none has the column")
        if user not in self._users and len(self._users) == self._most_users:
            self._refuse(
                number,
                f"is the first of user number {self._most_users + 1:,}",
                f"spec.users.count is {self._most_users:,} and must be at least the number of users in the trace",
            )
        return self._users.setdefault(user, len(self._users))

    def _refuse(self, number: int, what: str, must: str) -> NoReturn:
        raise TraceError(f"names {self._name}: line {number} {what}; {must}")
