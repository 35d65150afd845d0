"""When probes that restart a container lose patience, worked out ahead from the moments at which nobody answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sim.spec.fault import Fault
from sim.spec.restart_probe import RestartProbe

FOR_EVER = 2**62
"""More probes than any run has."""


class Silence(NamedTuple):
    """A stretch [begins, ends) in which the application does not answer a probe, seconds."""

    begins: float
    ends: float


def patience_ends(probe: RestartProbe, first: float, silences: Iterable[Silence]) -> float:
    """Return the moment of the probe that is the failureThreshold-th in a row without an answer; inf if none is.

    Probes are at `first` and every period from there. Source: Kubernetes prober/worker.go, doProbe.
    """
    row_begins, row_ends = 0, 0
    for begin, until in _missed(probe.period_seconds, first, silences):
        if begin > row_ends:
            row_begins = begin
        row_ends = max(row_ends, until)
        if row_ends - row_begins >= probe.failure_threshold:
            return first + (row_begins + probe.failure_threshold - 1) * probe.period_seconds
    return math.inf


def first_answer(probe: RestartProbe, first: float, started: float) -> float:
    """Return the moment of the first probe at or after `started`."""
    return first + probes_before(probe.period_seconds, first, started) * probe.period_seconds


def silences_of(faults: Sequence[Fault], started: float) -> list[Silence]:
    """Return when a container does not answer: before its application has started, and while a fault says so."""
    return [Silence(-math.inf, started), *(_silence(fault) for fault in faults if fault.never_live)]


def probes_before(period: float, first: float, moment: float) -> int:
    """Return how many of the probes at `first` and every period from there come before `moment`."""
    count = max(0, math.floor((moment - first) / period))
    # A probe at the very moment comes not before it, whatever the division was rounded to.
    while first + count * period < moment:
        count += 1
    return count


def _silence(fault: Fault) -> Silence:
    begins = -math.inf if fault.at is None else fault.at
    return Silence(begins, math.inf if fault.for_ is None else (fault.at or 0.0) + fault.for_)


def _missed(period: float, first: float, silences: Iterable[Silence]) -> list[tuple[int, int]]:
    """Return the numbers of the probes in each stretch, as half-open ranges in order."""
    ranges = []
    for begins, ends in silences:
        begin = 0 if begins <= first else probes_before(period, first, begins)
        until = FOR_EVER if ends == math.inf else 0 if ends <= first else probes_before(period, first, ends)
        if until > begin:
            ranges.append((begin, until))
    return sorted(ranges)
