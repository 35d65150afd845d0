"""User requests of a run in order of arrival: what all tables and results are counted over."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Answers, Reason
from sim.errors import InvariantError
from sim.record import Record
from sim.scenario import Scenario

SERVER_ERROR = 500
"""From this HTTP status on a request has failed."""
FAILURES_BELOW_500 = (Reason.ABANDONED, Reason.RATE_LIMITED)
FEWEST_FOR_P50 = 30
FEWEST_FOR_P99 = 500
"""With fewer answers than these there is no median and no 99th percentile to tell."""


@dataclass(frozen=True)
class Outcomes:
    """One row per user request that arrived in [0, duration), in order of arrival.

    request: int64. user: int32. arrival, finish: float64 seconds. version, attempts: int16 (version -1: not reached).
    error: bool, no answer or 5xx. slow: bool, answered over the latency objective's limit. row: int64, of its answer.
    key: int64, the same for the same request of another run, where requests are not numbered alike.
    """

    request: NDArray[np.int64]
    user: NDArray[np.int32]
    arrival: NDArray[np.float64]
    finish: NDArray[np.float64]
    version: NDArray[np.int16]
    attempts: NDArray[np.int16]
    error: NDArray[np.bool_]
    slow: NDArray[np.bool_]
    row: NDArray[np.int64]
    key: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.request)

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Return which requests failed: error or slow."""
        return self.error | self.slow

    @cached_property
    def latency(self) -> NDArray[np.float64]:
        """Return seconds from arrival to finish."""
        return self.finish - self.arrival

    def where(self, keep: NDArray[np.bool_]) -> Outcomes:
        """Return the rows in which `keep` is true."""
        if keep.all():
            return self
        columns: dict[str, Any] = {column.name: getattr(self, column.name) for column in fields(self)}
        kept: dict[str, Any] = {name: None if each is None else each[keep] for name, each in columns.items()}
        return Outcomes(**kept)


def outcomes(record: Record, scenario: Scenario) -> Outcomes:
    """Return the outcome of every user request of the record that arrived in [0, duration), testers included."""
    arrival = record.requests.arrival
    first = int(np.searchsorted(arrival, 0.0))
    row = _answer_rows(record.answers, len(arrival))[first:]
    finish = record.answers.finish[row]
    error = is_error(record.answers, row)
    key = record.requests.key
    return Outcomes(
        request=np.arange(first, len(arrival)),
        user=record.requests.user[first:],
        arrival=arrival[first:],
        finish=finish,
        version=record.answers.version[row],
        attempts=record.answers.attempts[row],
        error=error,
        slow=is_slow(finish - arrival[first:], error, scenario),
        row=row,
        key=None if key is None else key[first:],
    )


def is_error(answers: Answers, row: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows are failures to their users: a 5xx answer, one too many (429), or none as the user had left."""
    return np.asarray((answers.status[row] >= SERVER_ERROR) | np.isin(answers.reason[row], FAILURES_BELOW_500))


def public_users(record: Record, scenario: Scenario) -> NDArray[np.bool_]:
    """Return per user whether it belongs to the public: testers (`public: false`) count in no field of user damage."""
    public = [segment.public for segment in scenario.users.segments.values()]
    return np.array([*public, True], dtype=np.bool_)[record.requests.segment_of_user]  # -1, no segment, is the last


def is_slow(latency: NDArray[np.float64], error: NDArray[np.bool_], scenario: Scenario) -> NDArray[np.bool_]:
    """Return which requests were answered, but over the limit of the latency objective (none without an objective)."""
    objective = scenario.objectives.latency
    if objective is None:
        return np.zeros(len(latency), dtype=np.bool_)
    return (latency > objective.limit) & ~error


def _answer_rows(answers: Answers, requests: int) -> NDArray[np.int64]:
    """Return the row of each user request's answer.

    Raises:
        InvariantError: a request has no answer, or two.
    """
    rows = np.flatnonzero(answers.copy == 0)
    of_request = np.full(requests, -1, dtype=np.int64)
    of_request[answers.request[rows]] = rows
    if len(rows) != requests or (of_request < 0).any():
        raise InvariantError(
            f"{requests} user requests arrived and {len(rows)} answers were given; each has one answer"
        )
    return of_request
