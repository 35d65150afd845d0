"""What a figure may look at: the tables, the record and the scenario of a run; the results of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from sim.record import Record
    from sim.scenario import Scenario


class RunSource(Protocol):
    """A finished run."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def record(self) -> Record: ...
    @property
    def windows(self) -> pd.DataFrame: ...
    @property
    def pods(self) -> pd.DataFrame: ...
    @property
    def events(self) -> pd.DataFrame: ...
    @property
    def decisions(self) -> pd.DataFrame: ...
    def summary(self) -> dict[str, Any]: ...


class ComparisonSource(Protocol):
    """Several strategies run on one scenario; `runs` holds replication 0 of each."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def runs(self) -> Mapping[str, RunSource]: ...
    def to_json(self) -> dict[str, Any]: ...
