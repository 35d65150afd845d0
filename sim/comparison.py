"""What several strategies came to under the same traffic: means with intervals, paired differences, expectations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.blast_radius import Value
from sim.errors import UsageError
from sim.expectations import Check, check, strategies_of
from sim.fields import FIELDS, TIMES
from sim.run import Run
from sim.scenario import Scenario
from sim.statistics import over_replications, paired_difference, word_counts
from sim.summary import safest_first

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
WORDS = ("word", "sentence")


@dataclass(frozen=True)
class Measured:
    """The result fields of one run, and when its first harm was (None: never)."""

    fields: Mapping[str, Value]
    first_harm_at: float | None


@dataclass(frozen=True)
class Comparison:
    """The results of each strategy by replication. runs: the runs of replication 0, where they were kept.

    is_partial: interrupted; only the replications that every strategy finished are here.
    """

    scenario: Scenario
    seed: int
    engine: str
    results: Mapping[str, Sequence[Measured]]
    runs: Mapping[str, Run]
    is_partial: bool

    @property
    def replications(self) -> int:
        """Return how many replications there are of every strategy."""
        return min(map(len, self.results.values()))

    @property
    def summaries(self) -> dict[str, list[dict[str, Any]]]:
        """Return the result fields of every replication, by strategy."""
        return {name: [dict(measured.fields) for measured in results] for name, results in self.results.items()}

    @cached_property
    def strategies(self) -> dict[str, dict[str, Any]]:
        """Return the result fields by strategy: plain values of a single replication, else means with intervals.

        Words over several replications are told by how often each came.
        """
        return {name: {field: self._value(name, field) for field in FIELDS} for name in self.results}

    @property
    def safest_first(self) -> list[str]:
        """Return the strategies in order of safety."""
        named = [{"strategy": name, **fields} for name, fields in self.strategies.items()]
        return [str(result["strategy"]) for result in safest_first(named)]

    @property
    def table(self) -> pd.DataFrame:
        """Return one row per strategy, safest first: each field's mean, and `FIELD_low` and `FIELD_high` beside it."""
        import pandas as pd

        return pd.DataFrame([dict(self._cells(name)) for name in self.safest_first])

    def paired(self, first: str, second: str) -> pd.DataFrame:
        """Return first minus second for every number, replication by replication, with a 95 % t interval.

        `variance_ratio` tells what sharing the luck was worth: below 1 it was lost.
        """
        import pandas as pd

        rows = {
            field.name: paired_difference(self._values(first, field.name), self._values(second, field.name))._asdict()
            for field in FIELDS.values()
            if field.unit not in WORDS
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("field")

    def checks(self) -> list[Check]:
        """Return each `expect` line that speaks only of strategies that were run, and whether it holds."""
        lines = [line for line in self.scenario.expect if strategies_of(line) <= set(self.results)]
        return [check(line, self.strategies, self.summaries) for line in lines]

    def to_json(self) -> dict[str, Any]:
        """Return the document that `--json` prints; strategies in the order of the scenario."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario.name,
            "seed": self.seed,
            "replications": self.replications,
            "engine": self.engine,
            "strategies": [
                {"strategy": name, "type": self.scenario.strategies[name].kind, **fields}
                for name, fields in self.strategies.items()
            ],
        }

    def _value(self, strategy: str, field: str) -> Any:
        plain = [measured.fields[field] for measured in self._of(strategy)]
        if len(plain) == 1:
            return plain[0]
        if FIELDS[field].unit in WORDS:
            return word_counts([str(word) for word in plain])
        return over_replications(self._numbers(strategy, field), self._to_the_end(strategy, field))

    def _values(self, strategy: str, field: str) -> list[float | None]:
        """Return the field by replication as it counts in a mean."""
        pairs = zip(self._numbers(strategy, field), self._to_the_end(strategy, field), strict=True)
        return [value if value is not None else end for value, end in pairs]

    def _numbers(self, strategy: str, field: str) -> list[float | None]:
        return [None if (value := measured.fields[field]) is None else float(value) for measured in self._of(strategy)]

    def _to_the_end(self, strategy: str, field: str) -> list[float | None]:
        """Return what a null counts as, by replication: a harm that never ended lasts until the end of the run."""
        starts = [measured.first_harm_at if field in TIMES else None for measured in self._of(strategy)]
        return [None if start is None else self.scenario.duration - start for start in starts]

    def _of(self, strategy: str) -> Sequence[Measured]:
        if strategy not in self.results:
            raise UsageError(f"'{strategy}' was not run; there are {', '.join(self.results)}")
        return self.results[strategy]

    def _cells(self, strategy: str) -> Iterator[tuple[str, Any]]:
        yield "strategy", strategy
        yield "type", self.scenario.strategies[strategy].kind
        for field, value in self.strategies[strategy].items():
            if not isinstance(value, Mapping):
                yield field, value
            elif FIELDS[field].unit in WORDS:
                yield field, ", ".join(f"{word} ({count})" if len(value) > 1 else word for word, count in value.items())
            else:
                yield from ((field, value["mean"]), (f"{field}_low", value["low"]), (f"{field}_high", value["high"]))
