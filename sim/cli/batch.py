"""Several scenarios: each on its own, one summary; what fails is said and does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.cli.endings import INTERNAL, INTERRUPTED, say
from sim.cli.order import Order
from sim.cli.results import Result, result_of, stored_result
from sim.cli.study import Task, prepare, report_expectations
from sim.errors import RollsimError, UsageError
from sim.output import join_summaries


@dataclass
class Batch:
    """What has come of a batch so far."""

    order: Order
    results: list[Result] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    codes: list[int] = field(default_factory=lambda: [0])

    def work(self, paths: Sequence[Path]) -> None:
        """Do one file after the other; an interruption keeps what is finished."""
        try:
            for path in paths:
                self._try(path)
        except KeyboardInterrupt:
            self.codes.append(INTERRUPTED)
            kept = f", kept in {self.order.out}" if self.order.out else ""
            say(f"interrupted: {len(self.results)} of {len(paths)} scenarios are finished{kept}")

    def _try(self, path: Path) -> None:
        try:
            self._one(path)
        except RollsimError as error:
            self._failed(path, str(error), error.exit_code)
        except Exception as error:
            self._failed(path, f"{path}: internal error: {type(error).__name__}: {error}", INTERNAL)

    def _one(self, path: Path) -> None:
        task = prepare(self.order, path)
        if any(result.name == task.scenario.name for result in self.results):
            raise UsageError(f"{path}: another scenario of this batch is named {task.scenario.name} too")
        result = self._result(task)
        self.results.append(result)
        self.codes.append(report_expectations(result.name, result.expectations))
        if self.order.out:
            join_summaries(self.order.out, [self.order.out / result.name for result in self.results])
        if result.is_partial:
            raise KeyboardInterrupt

    def _result(self, task: Task) -> Result:
        stored = stored_result(self.order, task)
        if stored is None:
            return result_of(self.order, task)
        if not self.order.quiet:
            say(f"{task.scenario.name}: already there")
        return stored

    def _failed(self, path: Path, message: str, code: int) -> None:
        say(message)
        self.failures.append({"file": str(path), "exit_code": code, "message": message})
        self.codes.append(code)

    def document(self) -> Mapping[str, Any]:
        """Return all results, and what failed, as one document."""
        return {
            "schema_version": 1,
            "scenarios": [result.document for result in self.results],
            "failed": self.failures,
        }
