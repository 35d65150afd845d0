"""What the built-in scenarios are about."""

from __future__ import annotations

from typing import Any

from sim.resources import builtin_scenarios


def described() -> list[dict[str, Any]]:
    """Return name, file, title, lesson and strategies of each built-in scenario."""
    from sim.scenario import load

    scenarios = {path: load(path) for path in builtin_scenarios().values()}
    return [
        {
            "name": path.stem,
            "title": scenario.metadata.title.get("en", ""),
            "teaches": scenario.metadata.teaches.get("en", ""),
            "strategies": list(scenario.strategies),
        }
        for path, scenario in scenarios.items()
    ]
