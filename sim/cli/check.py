"""Scenario files held against the rules, without running them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sim.cli.show import show_line
from sim.cli.sources import find_scenarios
from sim.errors import Problem, ScenarioError


def check_all(arguments: Sequence[str], as_json: bool) -> int:
    """Print what is wrong with each file; return the exit code."""
    found = {path: _problems(path) for path in find_scenarios(arguments)}
    if as_json:
        show_line(json.dumps({"schema_version": 1, "files": _entries(found)}, indent=2, ensure_ascii=False))
    else:
        for path, problems in found.items():
            for line in problems or [f"{path}: valid"]:
                show_line(str(line))
    return ScenarioError.exit_code if any(found.values()) else 0


def _problems(path: Path) -> tuple[Problem, ...]:
    from sim.scenario import load

    try:
        load(path)
    except ScenarioError as error:
        return error.problems
    return ()


def _entries(found: dict[Path, tuple[Problem, ...]]) -> list[dict[str, object]]:
    return [
        {"file": str(path), "valid": not problems, "problems": [vars(problem) for problem in problems]}
        for path, problems in found.items()
    ]
