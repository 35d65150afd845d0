"""Rows of a comparison as figures use them: a mean with its interval where there is one, null where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.figures.sources import ComparisonSource


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` of `of` replications. low, high: its 95 % interval; equal to the mean where there is none."""

    mean: float
    low: float
    high: float
    n: int = 1
    of: int = 1

    @property
    def has_interval(self) -> bool:
        return self.high > self.low


@dataclass(frozen=True)
class Row:
    """The results of one strategy."""

    strategy: str
    type: str
    fields: Mapping[str, Any]

    def estimate(self, field: str) -> Estimate | None:
        """Return the field's estimate; None where no replication has a value."""
        value = self.fields.get(field)
        if isinstance(value, Mapping):
            if value["mean"] is None:
                return None
            mean = float(value["mean"])
            low, high = (mean if value[end] is None else float(value[end]) for end in ("low", "high"))
            return Estimate(mean, low, high, int(value["n"]), int(value["of"]))
        return None if value is None else Estimate(float(value), float(value), float(value))

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Return how many replications ended how."""
        outcome = self.fields["outcome"]
        return outcome if isinstance(outcome, Mapping) else {outcome: 1}

    @property
    def harm(self) -> float:
        """Return the mean excess of failed requests."""
        excess = self.estimate("excess_failed_requests")
        return excess.mean if excess else 0.0


@dataclass(frozen=True)
class Results:
    """A comparison: rows in the order of the scenario, and how often each strategy ran."""

    rows: tuple[Row, ...]
    replications: int
    seed: int

    @property
    def by_harm(self) -> tuple[Row, ...]:
        """Return the rows, the most harmful first."""
        return tuple(sorted(self.rows, key=lambda row: -row.harm))


def results(comparison: ComparisonSource) -> Results:
    """Return what the comparison found."""
    found = comparison.to_json()
    rows = tuple(Row(row["strategy"], row["type"], row) for row in found["strategies"])
    return Results(rows, int(found["replications"]), int(found["seed"]))
