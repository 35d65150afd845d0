"""Recorded traffic from a CSV file, cut and stretched as its scenario says: single requests, or counts by interval."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from sim.scenario.trace import TraceError, number
from sim.spec.endpoint import Endpoint
from sim.spec.model import did_you_mean
from sim.spec.replay import Recording, Trace
from sim.units import format_duration

Floats = NDArray[np.float64]

MOST_REQUESTS = 20_000_000
"""A trace is kept in memory, request by request."""
GAP = 1.5
"""An interval that is so many times as long as the usual one has rows missing."""


@dataclass(frozen=True)
class Loaded:
    """A trace and the number of its rows that come at or after the end of the run."""

    trace: Trace
    left_out: int


def read_trace(
    path: Path, recording: Recording, duration: float, users: int, endpoints: Mapping[str, Endpoint]
) -> Loaded:
    """Return the requests before `duration`, users numbered in order of appearance.

    Raises:
        TraceError: a column is missing, a row is bad or out of order, counts have a gap, or there are too many users
            or requests.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = _Rows(path.name, csv.reader(lines), recording)
            loaded = (
                _requests(rows, duration, users, endpoints) if recording.kind == "requests" else _counts(rows, duration)
            )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"names {path.name}, which cannot be read: {error}") from None
    for column in loaded.trace.columns():
        column.setflags(write=False)
    return loaded


class _Rows:
    """The rows of one file, in order of time; moments are those of the run."""

    def __init__(self, name: str, rows: Iterator[list[str]], recording: Recording) -> None:
        self.recording = recording
        self.name = name
        self._rows = rows
        self._header = [cell.strip() for cell in next(rows, [])]

    def column(self, name: str) -> int:
        """Return the place of a column that there must be."""
        if name not in self._header:
            self.refuse(1, f"has the columns {', '.join(self._header) or 'none'}", f"{name} must be one of them")
        return self._header.index(name)

    def optional(self, name: str) -> int | None:
        """Return the place of a column, None when there is none."""
        return self._header.index(name) if name in self._header else None

    def read(self, *columns: int | None) -> Iterator[tuple[int, float, list[str]]]:
        """Yield line, moment and row from `from` on; each row has these columns."""
        at_column, last, start = self.column("at_seconds"), 0.0, self.recording.from_
        needed = max(at_column, *(column or 0 for column in columns))
        for line, row in enumerate(self._rows, 2):
            if not row:
                continue
            if len(row) <= needed:
                self.refuse(line, f"has {len(row)} columns", "a row must have as many as the first line")
            last = self._moment(line, row[at_column], last)
            if last >= start:
                yield line, (last - start) * self.recording.time_scale, row

    def _moment(self, line: int, text: str, last: float) -> float:
        at = number(text)
        if at is None or not math.isfinite(at):
            self.refuse(line, f"has at_seconds {text!r:.40}", "must be a finite number")
        if at < 0:
            self.refuse(line, f"has at_seconds {text}", "must be 0 or more")
        if at < last:
            self.refuse(line, f"has at_seconds {text}, before the row above", "rows must be in order of time")
        return at

    def refuse(self, line: int, what: str, must: str) -> NoReturn:
        """Say what is wrong with a line."""
        raise TraceError(f"names {self.name}: line {line} {what}; {must}")

    def refuse_size(self, count: float) -> NoReturn:
        """Say that a run would replay too many requests."""
        raise TraceError(
            f"names {self.name}, of which a run would replay {count:,.0f} requests; must be at most {MOST_REQUESTS:,}: "
            "lower rateScale or spec.duration"
        )


def _requests(rows: _Rows, duration: float, most_users: int, endpoints: Mapping[str, Endpoint]) -> Loaded:
    user_column = rows.optional("user")
    endpoint_column = rows.optional("endpoint") if endpoints else None
    places = _places(endpoints)
    at, user, endpoint, left_out = array("d"), array("i"), array("h"), 0
    numbers: dict[str, int] = {}
    for line, moment, row in rows.read(user_column, endpoint_column):
        if moment >= duration:
            left_out += 1
            continue
        at.append(moment)
        if user_column is not None:
            user.append(_user(rows, line, row[user_column].strip(), numbers, most_users))
        if endpoint_column is not None:
            endpoint.append(_endpoint(rows, line, row[endpoint_column].strip(), places))
    at_seconds = np.frombuffer(at, dtype=np.float64).copy()
    users = None if user_column is None else np.frombuffer(user, dtype=np.int32).copy()
    asked = None if endpoint_column is None else np.frombuffer(endpoint, dtype=np.int16).copy()
    trace = Trace(at_seconds, users, asked, kept=rows.recording.rate_scale)
    if len(at_seconds) > 1 and rows.recording.loop and not left_out:
        # The first request follows the last after the mean gap.
        gap = (at_seconds[-1] - at_seconds[0]) / (len(at_seconds) - 1)
        return Loaded(_looped(rows, trace, float(at_seconds[-1] + gap), duration), 0)
    return Loaded(trace, 0 if rows.recording.loop else left_out)


def _user(rows: _Rows, line: int, user: str, numbers: dict[str, int], most: int) -> int:
    if not user:
        rows.refuse(line, "has no user", "every row must have one, or none has the column")
    if user not in numbers and len(numbers) == most:
        rows.refuse(
            line,
            f"is the first of user number {most + 1:,}",
            f"spec.users.count is {most:,} and must be at least the number of users in the trace",
        )
    return numbers.setdefault(user, len(numbers))


def _places(endpoints: Mapping[str, Endpoint]) -> dict[str, int]:
    """Return the place of each endpoint by what a trace may call it: its path, method and path, or name."""
    each = list(enumerate(endpoints.items()))
    paths = {endpoint.path: place for place, (_, endpoint) in each if endpoint.path}
    methods = {f"{endpoint.method} {endpoint.path}": place for place, (_, endpoint) in each if endpoint.path}
    return paths | methods | {name: place for place, (name, _) in each}


def _endpoint(rows: _Rows, line: int, name: str, places: dict[str, int]) -> int:
    if name not in places:
        raise TraceError(
            f"names {rows.name}: line {line} has the unknown endpoint {name!r:.40}{did_you_mean(name, places)}"
        )
    return places[name]


def _counts(rows: _Rows, duration: float) -> Loaded:
    """Return the requests of intervals, one row each; the last interval is as long as the usual one."""
    column = rows.column("requests")
    lines, starts, counts = array("q"), array("d"), array("d")
    for line, moment, row in rows.read(column):
        lines.append(line)
        starts.append(moment)
        counts.append(_count(rows, line, row[column]))
    begins, steps = np.array(starts), np.diff(starts)
    if not len(begins):
        return Loaded(Trace(begins, None), 0)
    usual = float(np.median(steps)) if len(steps) else duration
    inside = begins < duration
    _check_steps(rows, lines, steps, usual, int(np.count_nonzero(inside)))
    lengths = np.append(steps, usual)
    before = np.floor(np.cumsum(counts) * rows.recording.rate_scale + 0.5)
    numbers = np.diff(before, prepend=0.0)[inside]
    if numbers.sum() > MOST_REQUESTS:
        rows.refuse_size(numbers.sum())
    repeats = numbers.astype(np.int64)
    spread = np.repeat(lengths[inside], repeats) if rows.recording.is_spread else None
    trace = Trace(np.repeat(begins[inside], repeats), None, spread=spread)
    if rows.recording.loop and inside.all():
        return Loaded(_looped(rows, trace, float(begins[-1] + usual), duration), 0)
    return Loaded(trace, 0 if rows.recording.loop else int(np.count_nonzero(~inside)))


def _count(rows: _Rows, line: int, text: str) -> float:
    count = number(text)
    if count is None or not 0 <= count < math.inf or count != int(count):
        rows.refuse(line, f"has requests {text!r:.40}", "must be a whole number, 0 or more")
    return count


def _check_steps(rows: _Rows, lines: array[int], steps: Floats, usual: float, used: int) -> None:
    """Refuse intervals without length, and gaps, among those that the run uses."""
    wrong = np.flatnonzero((steps <= 0) | (steps > GAP * usual))
    if not len(wrong) or wrong[0] + 1 >= used:
        return
    first = int(wrong[0])
    step, scale = float(steps[first]), rows.recording.time_scale
    if step <= 0:
        rows.refuse(lines[first + 1], "has the at_seconds of the row above", "an interval must begin after the last")
    gap, usually = format_duration(step / scale), format_duration(usual / scale)
    rows.refuse(
        lines[first + 1],
        f"begins {gap} after the row above, and intervals last {usually}",
        "there must be no gap: add the rows that are missing, with the requests they stand for, or 0",
    )


def _looped(rows: _Rows, trace: Trace, length: float, duration: float) -> Trace:
    """Return the trace again and again, every `length`, up to the duration."""
    if length <= 0:
        raise TraceError(f"names {rows.name}, which lasts no time; must last some to begin again")
    turns = math.ceil(duration / length)
    if turns * len(trace.at_seconds) > MOST_REQUESTS:
        rows.refuse_size(turns * len(trace.at_seconds))
    at = np.concatenate([trace.at_seconds + turn * length for turn in range(turns)])
    inside = at < duration
    user = None if trace.user is None else np.tile(trace.user, turns)[inside]
    spread = None if trace.spread is None else np.tile(trace.spread, turns)[inside]
    endpoint = None if trace.endpoint is None else np.tile(trace.endpoint, turns)[inside]
    return replace(trace, at_seconds=at[inside], user=user, endpoint=endpoint, spread=spread)
