"""A deployment-strategy simulator: what a bad release would have done to the users, strategy by strategy.

The floors, imports pointing down only: `cli` and `app` show; `batch`, `run` and `figures` make; `blast_radius`,
`tables`, `statistics` and `summary` turn a record into numbers; `scenario` is the document; `strategies` tell the
stories that `cluster` carries out; `judges` and `metrics` decide; `engine` serves the requests; `spec` holds the
parameters; `units` and `errors` lie at the bottom. `record` is what a run leaves behind.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim import figures
    from sim.batch import compare
    from sim.comparison import Comparison
    from sim.errors import BudgetError, InvariantError, RollsimError, ScenarioError, UsageError
    from sim.metrics import METRICS
    from sim.record import Record
    from sim.run import Run, simulate
    from sim.scenario import Scenario, load
    from sim.strategies import STRATEGIES

__all__ = [
    "METRICS",
    "STRATEGIES",
    "BudgetError",
    "Comparison",
    "InvariantError",
    "Record",
    "RollsimError",
    "Run",
    "Scenario",
    "ScenarioError",
    "UsageError",
    "compare",
    "figures",
    "load",
    "simulate",
]
__version__ = "0.1.0"

# Looked up on first use: `import sim` is quick, and pandas, Numba and Matplotlib wait until they are needed.
_HOME = {
    "METRICS": "sim.metrics",
    "STRATEGIES": "sim.strategies",
    "BudgetError": "sim.errors",
    "Comparison": "sim.comparison",
    "InvariantError": "sim.errors",
    "Record": "sim.record",
    "RollsimError": "sim.errors",
    "Run": "sim.run",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.errors",
    "UsageError": "sim.errors",
    "compare": "sim.batch",
    "load": "sim.scenario",
    "simulate": "sim.run",
}


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("sim.figures")
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
