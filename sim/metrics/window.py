"""What a judge or an alert can know of one stretch of time: rows finished in (start, end], for one role."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Answers, Calls, Requests
from sim.metrics.first_answers import FirstAnswers
from sim.metrics.status import is_answered


@dataclass(frozen=True)
class Selection:
    """Which rows a window takes.

    versions: numbers of the versions, None for every user request of the service, reached or not. segment: index of a
    users' segment, -1 for users of no segment, None for all. endpoint: index of what is asked for, None for all.
    pod: its number, None for all.
    """

    versions: tuple[int, ...] | None = None
    segment: int | None = None
    endpoint: int | None = None
    pod: int | None = None


@dataclass(frozen=True)
class Expected:
    """What the time before the recorded history is taken to have held: requests, and failed ones among them."""

    requests: float = 0.0
    failed: float = 0.0


@dataclass(frozen=True)
class Busy:
    """How busy the workers were: busy_seconds of worker_seconds of ready pods, over `seconds` sampled seconds."""

    busy_seconds: float
    worker_seconds: float
    seconds: int


@dataclass(frozen=True)
class Window:
    """The finished rows of a selection in (start, end], in order of finish.

    request: int64 (n,), number of the request. version, status: int16 (n,). finish: float64 (n,), seconds.
    copy: bool (n,), True for a mirrored copy, which answers nobody and never converts. at: float64 (n,), seconds, when
    it was asked for.
    """

    start: float
    end: float
    requests: Requests
    request: NDArray[np.int64]
    version: NDArray[np.int16]
    status: NDArray[np.int16]
    finish: NDArray[np.float64]
    copy: NDArray[np.bool_]
    at: NDArray[np.float64]
    first_answers: FirstAnswers | None = None
    expected: Expected = Expected()
    busy: Busy = Busy(math.nan, math.nan, 0)

    def __len__(self) -> int:
        return len(self.request)

    @cached_property
    def answered_latency(self) -> NDArray[np.float64]:
        """Return the seconds from arrival to answer, of answered requests (below 500)."""
        answered = is_answered(self.status)
        return np.asarray(self.finish[answered] - self.at[answered])

    @cached_property
    def exposed(self) -> tuple[int, int]:
        """Return how many units (users, or requests) reached the versions, and how many of those converted."""
        return (0, 0) if self.first_answers is None else self.first_answers.exposed(self)


def cut(
    answers: Answers | Calls,
    requests: Requests,
    start: float,
    end: float,
    selection: Selection,
    *,
    first_answers: FirstAnswers | None = None,
    expected: Expected = Expected(),
    busy: Busy = Busy(math.nan, math.nan, 0),
) -> Window:
    """Return the window (start, end] of `answers`; its cost is that of the rows in it."""
    first, last = np.searchsorted(answers.finish, (start, end), side="right")
    rows = slice(int(first), int(last))
    kept = selected(answers, requests, rows, selection)
    request = answers.request[rows][kept]
    return Window(
        start,
        end,
        requests,
        request,
        answers.version[rows][kept],
        answers.status[rows][kept],
        answers.finish[rows][kept],
        answers.copy[rows][kept] != 0,
        answers.at[rows][kept] if isinstance(answers, Calls) else requests.arrival[request],
        first_answers,
        expected,
        busy,
    )


def pods_that_answered(
    answers: Answers | Calls, requests: Requests, start: float, end: float, selection: Selection
) -> list[int]:
    """Return the numbers of the pods that gave the answers of a selection in (start, end]."""
    first, last = np.searchsorted(answers.finish, (start, end), side="right")
    rows = slice(int(first), int(last))
    pods = np.unique(answers.pod[rows][selected(answers, requests, rows, selection)])
    return [int(pod) for pod in pods if pod >= 0]


def selected(answers: Answers | Calls, requests: Requests, rows: slice, selection: Selection) -> NDArray[np.bool_]:
    """Return which of some rows are selected."""
    if selection.versions is None:
        kept = answers.copy[rows] == 0
    else:
        # Copies reach the candidate only, and only while it is shadowed: then they are all that is known of it.
        kept = np.isin(answers.version[rows], selection.versions)
    if selection.segment is not None:
        kept &= requests.segment_of_user[requests.user[answers.request[rows]]] == selection.segment
    if selection.endpoint is not None and requests.endpoint is not None:
        kept &= requests.endpoint[answers.request[rows]] == selection.endpoint
    if selection.pod is not None:
        kept &= answers.pod[rows] == selection.pod
    return np.asarray(kept)
