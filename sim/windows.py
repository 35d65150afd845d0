"""What each version did in each second: answers, share of the users, latency and the state of its pods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.outcomes import FEWEST_FOR_P50, FEWEST_FOR_P99, is_error, is_slow
from sim.record import Record
from sim.scenario import Scenario

Column = NDArray[Any]
NO_VERSION = -1
NO_STATE = ("share", "requested_weight", "pods_ready", "queue", "utilization")


@dataclass(frozen=True)
class Finished:
    """The answers, copies included, to what arrived from 0 on, in order of finish.

    second: int64 (n,), the second of the finish. version: int16 (n,), -1 for none. copy, failed, answered: bool (n,).
    latency: float64 (n,), seconds. seconds: how many seconds there are.
    """

    second: NDArray[np.int64]
    version: NDArray[np.int16]
    copy: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    latency: NDArray[np.float64]
    seconds: int

    def count(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many of the rows finished in each second."""
        return np.bincount(self.second[rows], minlength=self.seconds)


def finished(record: Record, scenario: Scenario) -> Finished:
    """Return the answers of the record to what arrived from 0 on; what finishes after the end has its seconds too."""
    answers = record.answers
    arrival = record.requests.arrival[answers.request]
    rows = arrival >= 0
    latency = (answers.finish - arrival)[rows]
    error = is_error(answers, np.flatnonzero(rows))
    second = answers.finish[rows].astype(np.int64)
    return Finished(
        second=second,
        version=answers.version[rows],
        copy=answers.copy[rows] != 0,
        failed=error | is_slow(latency, error, scenario),
        answered=~error,
        latency=latency,
        seconds=max(math.ceil(record.duration), int(second.max(initial=-1)) + 1),
    )


def columns(record: Record, scenario: Scenario) -> dict[str, Column]:
    """Return the columns of the windows frame, by second and then by version number; -1 for no version."""
    rows = finished(record, scenario)
    parts = [_version(record, rows, version) for version in _shown(record, rows)]
    parts.append(_unreached(rows))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["at_seconds"], kind="stable")
    return {name: column[order] for name, column in joined.items()}


def requested_weight(record: Record, version: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the percent last asked for the version at each moment; nan where nobody asks."""
    if not record.routes or version not in (record.stable, record.candidate):
        return np.full(len(at), np.nan)
    asked = np.array([0.0, *(route.requested for route in record.routes)])
    new = asked[np.searchsorted([route.at_seconds for route in record.routes], at, side="right")]
    return new if version == record.candidate else 100 - new


def _shown(record: Record, rows: Finished) -> list[int]:
    """Return the versions of the release and those that answered, in order."""
    release = [record.stable] if record.candidate is None else [record.stable, record.candidate]
    return sorted({*release, *np.unique(rows.version).tolist()} - {NO_VERSION})


def _version(record: Record, rows: Finished, version: int) -> dict[str, Column]:
    at = np.arange(rows.seconds, dtype=np.float64)
    own = rows.version == version
    users = rows.count(own & ~rows.copy)
    return {
        "at_seconds": at,
        **_answers(rows, own),
        "version": np.full(len(at), version),
        "share": _share(users, rows.count(~rows.copy & (rows.version != NO_VERSION))),
        "requested_weight": requested_weight(record, version, at),
        **_state(record, version, at),
    }


def _unreached(rows: Finished) -> dict[str, Column]:
    """Return the seconds in which requests reached no version, with what there is to say of them."""
    own = rows.version == NO_VERSION
    at = np.unique(rows.second[own])
    nothing = np.full(len(at), np.nan)
    return {
        "at_seconds": at.astype(np.float64),
        **{name: column[at] for name, column in _answers(rows, own).items()},
        "version": np.full(len(at), NO_VERSION),
        **dict.fromkeys(NO_STATE, nothing),
    }


def _answers(rows: Finished, own: NDArray[np.bool_]) -> dict[str, Column]:
    answered = own & rows.answered
    second, latency = rows.second[answered], rows.latency[answered]
    ordered = latency[np.lexsort((latency, second))]
    counts = np.bincount(second, minlength=rows.seconds)
    return {
        "requests": rows.count(own),
        "failed": rows.count(own & rows.failed),
        "mirrored": rows.count(own & rows.copy),
        "latency_p50_seconds": _percentile(ordered, counts, 0.5, FEWEST_FOR_P50),
        "latency_p99_seconds": _percentile(ordered, counts, 0.99, FEWEST_FOR_P99),
    }


def _percentile(
    ordered: NDArray[np.float64], counts: NDArray[np.int64], level: float, fewest: int
) -> NDArray[np.float64]:
    """Return the percentile of each group of `ordered`, as np.quantile does; nan in groups of fewer than `fewest`."""
    enough = counts >= fewest
    rank = (counts[enough] - 1) * level
    below = np.floor(rank).astype(np.int64)
    start = (np.cumsum(counts) - counts)[enough]
    lower, upper = ordered[start + below], ordered[start + np.minimum(below + 1, counts[enough] - 1)]
    values = np.full(len(counts), np.nan)
    values[enough] = lower + (rank - below) * (upper - lower)
    return values


def _share(own: NDArray[np.int64], reached: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return own over reached; a second that reached nothing repeats the last, nan before the first."""
    last = np.maximum.accumulate(np.where(reached > 0, np.arange(len(own)), -1))
    share = np.divide(own, reached, out=np.full(len(own), np.nan), where=reached > 0)
    return np.asarray(np.where(last >= 0, share[last], np.nan))


def _state(record: Record, version: int, at: NDArray[np.float64]) -> dict[str, Column]:
    """Return pods and queue at each moment and how busy the workers were in the second after it.

    After the last sample, when the control plane has stopped, pods and queue stay as they were.
    """
    samples = record.samples
    if not len(samples.at):
        return dict.fromkeys(("pods_ready", "queue", "utilization"), np.full(len(at), np.nan))
    here = np.maximum(np.searchsorted(samples.at, at, side="right") - 1, 0)
    after = np.searchsorted(samples.at, at + 1, side="right") - 1
    busy, workers = samples.busy_seconds[:, version], samples.worker_seconds[:, version]
    worked, offered = busy[after] - busy[here], workers[after] - workers[here]
    return {
        "pods_ready": samples.pods_ready[here, version].astype(np.float64),
        "queue": samples.waiting[here, version].astype(np.float64),
        "utilization": np.divide(worked, offered, out=np.full(len(at), np.nan), where=offered > 0),
    }
