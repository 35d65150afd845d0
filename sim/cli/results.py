"""The result of one scenario: simulated now, and kept in files when asked; or read back from an earlier command's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.order import Order
from sim.cli.study import Task, expectations, simulate
from sim.output import finished, result_key, write_result

if TYPE_CHECKING:
    from sim.comparison import Comparison


@dataclass(frozen=True)
class Result:
    """What came of a scenario. document: as --json prints it. comparison: None when read back."""

    name: str
    document: Mapping[str, Any]
    expectations: list[dict[str, Any]]
    comparison: Comparison | None = None

    @property
    def is_partial(self) -> bool:
        """True when an interruption left only some replications."""
        return self.comparison is not None and self.comparison.is_partial


def result_of(order: Order, task: Task) -> Result:
    """Return the result after simulating it and, with `--out`, writing it."""
    started = _now()
    comparison = simulate(order, task)
    checked = expectations(comparison)
    if order.out:
        about = {
            "scenario": task.scenario.name,
            "scenario_digest": task.scenario.digest(),
            "key": _key(order, task),
            "is_partial": comparison.is_partial,
            **task.settings(order),
            "replications": comparison.replications,
            "started_at": started,
            "finished_at": _now(),
            "expect": checked,
        }
        write_result(_folder(order, task), comparison, about)
    return Result(task.scenario.name, comparison.to_json(), checked, comparison)


def stored_result(order: Order, task: Task) -> Result | None:
    """Return the result that an earlier command left complete in the same folder, if it is the same."""
    if not order.out:
        return None
    folder = _folder(order, task)
    manifest = finished(folder, _key(order, task))
    if manifest is None:
        return None
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return Result(task.scenario.name, document, manifest["expect"])


def _folder(order: Order, task: Task) -> Path:
    assert order.out is not None
    return order.out / task.scenario.name


def _key(order: Order, task: Task) -> str:
    return result_key(task.scenario, task.settings(order))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
