"""The scenario document: load, check, change, dump."""

from __future__ import annotations

from sim.scenario.expectation import Expectation, Reference
from sim.scenario.scenario import BUDGET, Scenario, load

__all__ = ["BUDGET", "Expectation", "Reference", "Scenario", "load"]
