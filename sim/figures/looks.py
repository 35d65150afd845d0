"""The decisions of a run by judge and metric: what a figure of them draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sim.figures.bins import Floats
from sim.figures.sources import RunSource
from sim.figures.words import DIFFERENCE
from sim.spec.analysis import MetricSpec

if TYPE_CHECKING:
    import pandas as pd

ALERT = "alert "
"""How the name of a judge begins that is an alert."""


@dataclass(frozen=True)
class Looks:
    """All looks of one judge at one metric. kind: what is measured; rows: one a look, in order."""

    judge: str
    metric: str
    kind: str
    version: str
    rows: pd.DataFrame

    def column(self, name: str) -> Floats:
        return self.rows[name].to_numpy(dtype=float)

    @property
    def verdicts(self) -> list[str]:
        return [str(verdict) for verdict in self.rows["verdict"]]

    @property
    def fails(self) -> int:
        return self.verdicts.count("fail")


def looks_by_metric(run: RunSource) -> list[Looks]:
    """Return the looks of each judge at each metric, those that failed and those with most looks first."""
    specs = {spec.name: spec for spec in _metric_specs(run.scenario.strategies[run.record.strategy])}
    found = []
    for (judge, metric), rows in run.decisions.groupby(["judge", "metric"], sort=False):
        spec = specs.get(str(metric))
        kind, version = (spec.metric, spec.version) if spec else (str(metric), "")
        if spec is None and kind == "conversion":
            kind = DIFFERENCE
        if str(judge).startswith(ALERT):
            version = "all"
        found.append(Looks(str(judge), str(metric), kind, version, rows))
    return sorted(found, key=lambda looks: (-min(looks.fails, 1), looks.kind != DIFFERENCE, -len(looks.rows)))


def _metric_specs(value: Any) -> Iterable[MetricSpec]:
    """Yield every metric that a strategy has judged, however deep."""
    if isinstance(value, MetricSpec):
        yield value
    elif isinstance(value, BaseModel):
        for _, inner in value:
            yield from _metric_specs(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _metric_specs(inner)
