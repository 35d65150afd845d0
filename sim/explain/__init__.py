"""What a key means, and what a scenario will do, without running anything."""

from __future__ import annotations

from sim.explain.fields import explain_field, key_table
from sim.explain.plan import explain_scenario

__all__ = ["explain_field", "explain_scenario", "key_table"]
