"""Tables by time bin: what the panels of a figure draw, computed from a run's one-second windows and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.figures.sources import RunSource
from sim.metrics.status import is_answered
from sim.pod_counts import pod_counts

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDTHS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_BINS = 90
"""A bin is then at least a tenth of an inch wide on a projected page."""

MINIMUM_FOR_RATE = 30
MOST_RATES = 25
"""Points of an error rate: more, and each rests on too few requests to tell a small rate from none."""

MINIMUM_FOR_MEDIAN = 30
MINIMUM_FOR_P99 = 500
"""Answers below which nothing is said, as for the percentiles of a whole run."""

NORMAL_95 = 1.959963984540054


def bin_width(duration: float, most: int = MOST_BINS) -> float:
    """Return the first round width, in seconds, that cuts the duration into at most so many bins."""
    return float(next((width for width in WIDTHS if duration / width <= most), WIDTHS[-1]))


def bin_edges(duration: float, width: float) -> Floats:
    """Return the edges of the bins from 0 to the duration; the last bin may be shorter."""
    edges = np.arange(0.0, duration, width)
    return np.append(edges, duration)


def summed(windows: pd.DataFrame, column: str, edges: Floats) -> Floats:
    """Return the sum of a column of one-second windows in each bin."""
    windows = windows[windows["at_seconds"] < edges[-1]]
    at = windows["at_seconds"].to_numpy(dtype=float)
    values = windows[column].to_numpy(dtype=float)
    return np.histogram(at, bins=edges, weights=np.nan_to_num(values))[0].astype(float)


NOT_REACHED = ""
"""The version, and the service, of what reached none."""


def of_version(run: RunSource, version: str) -> pd.DataFrame:
    """Return the windows of a version of the released service, or of what reached no version."""
    windows = run.windows
    service = run.record.service if version != NOT_REACHED else NOT_REACHED
    return windows[(windows["service"] == service) & (windows["version"] == version)]


@dataclass(frozen=True)
class Group:
    """Neighbouring bins taken together so that there is enough in them: start and end in seconds, bins first:last."""

    start: float
    end: float
    first: int
    last: int


def groups(counts: Floats, edges: Floats, minimum: int) -> list[Group]:
    """Return the shortest groups of neighbouring bins with at least `minimum` each; empty bins are never bridged."""
    found: list[Group] = []
    for first, last in stretches(counts > 0):
        begin = first
        for end in range(first + 1, last + 1):
            if counts[begin:end].sum() >= minimum:
                found.append(Group(edges[begin], edges[end], begin, end))
                begin = end
        if begin < last and found and found[-1].last == begin and found[-1].first >= first:
            # What is left over is too little to say anything alone.
            found[-1] = Group(found[-1].start, edges[last], found[-1].first, last)
    return found


def stretches(flags: Flags) -> list[tuple[int, int]]:
    """Return the first and the end of each stretch of true."""
    change = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(int), [0]))))
    return list(zip(change[::2].tolist(), change[1::2].tolist(), strict=True))


def gaps(found: list[Group], start: float, end: float) -> list[tuple[float, float]]:
    """Return the stretches between start and end that no group covers."""
    marks = [start, *(moment for group in found for moment in (group.start, group.end)), end]
    pairs = zip(marks[::2], marks[1::2], strict=True)
    return [(left, right) for left, right in pairs if right > left]


def wilson(failed: Floats, requests: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % Wilson interval of failed / requests.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    z = NORMAL_95
    rate = failed / requests
    middle = (rate + z * z / (2 * requests)) / (1 + z * z / requests)
    half = z * np.sqrt(rate * (1 - rate) / requests + z * z / (4 * requests**2)) / (1 + z * z / requests)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


@dataclass(frozen=True)
class Latencies:
    """Answers of one version in order of finish. finish, latency: float64 (n,), seconds."""

    finish: Floats
    latency: Floats

    def counts(self, edges: Floats) -> Floats:
        return np.histogram(self.finish, bins=edges)[0].astype(float)

    def quantile(self, probability: float, found: list[Group]) -> list[float]:
        """Return the quantile of the latencies in each group."""
        ends = [np.searchsorted(self.finish, (group.start, group.end)) for group in found]
        return [float(np.quantile(self.latency[first:last], probability)) for first, last in ends]


def latencies(run: RunSource, version: str, until: float) -> Latencies:
    """Return the latencies of what the version answered below 500 up to a moment, mirrored copies included."""
    record = run.record
    number = record.service_versions.index((record.service, version))
    answers = record.answers
    rows = (answers.version == number) & is_answered(answers.status) & (answers.finish >= 0) & (answers.finish < until)
    finish = answers.finish[rows]
    return Latencies(finish, finish - record.requests.arrival[answers.request[rows]])


@dataclass(frozen=True)
class PodPhases:
    """Pods of one version over time. at: float64 (n,), moments of change; counts hold from each moment to the next."""

    at: Floats
    starting: Floats
    ready: Floats
    terminating: Floats


def pod_phases(run: RunSource, version: str) -> PodPhases:
    """Return how many pods of the version were in which phase, from 0 to the end of the run.

    A pod that is neither ready nor terminating is starting, also when it was ready before and crashed.
    """
    record = run.record
    number = record.service_versions.index((record.service, version))
    counts = pod_counts(record)
    pods = run.pods[(run.pods["service"] == record.service) & (run.pods["version"] == version)]
    ends = pods[["terminating_at", "gone_at"]].fillna(np.inf).to_numpy(dtype=float)
    leaving, gone = np.sort(ends.min(axis=1)), np.sort(ends[:, 1])
    moments = np.unique(np.concatenate((counts.at, leaving, gone)))
    at = np.append(moments[(moments >= 0) & (moments < record.duration)], record.duration)
    row = np.searchsorted(counts.at, at, side="right") - 1
    ready, existing = counts.ready[row, number].astype(float), counts.existing[row, number].astype(float)
    terminating = (np.searchsorted(leaving, at, side="right") - np.searchsorted(gone, at, side="right")).astype(float)
    return PodPhases(at, np.maximum(existing - ready - terminating, 0.0), ready, terminating)
