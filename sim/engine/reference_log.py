"""The rows of the reference engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Answers, Calls, Ejection, Reason

ITEMS: dict[str, type] = {
    "request": np.int64,
    "copy": np.int8,
    "version": np.int16,
    "pod": np.int32,
    "attempts": np.int16,
    "start": np.float64,
    "finish": np.float64,
    "status": np.int16,
    "reason": np.int8,
}


CALLED_ITEMS: dict[str, type] = {
    "request": np.int64,
    "copy": np.int8,
    "path": np.int64,
    "service": np.int16,
    "at": np.float64,
    **{name: ITEMS[name] for name in ("version", "pod", "attempts", "start", "finish", "status", "reason")},
}


class Row(NamedTuple):
    """One finished call; see sim.engine.protocol.Answers."""

    request: int
    copy: int
    version: int
    pod: int
    attempts: int
    start: float
    finish: float
    status: int
    reason: Reason


class CalledRow(NamedTuple):
    """One finished call between services; see sim.engine.protocol.Calls."""

    request: int
    copy: int
    path: int
    service: int
    at: float
    version: int
    pod: int
    attempts: int
    start: float
    finish: float
    status: int
    reason: Reason


@dataclass
class Log:
    """All that happened, in order."""

    rows: list[Row] = field(default_factory=list)
    called: list[CalledRow] = field(default_factory=list)
    ejections: list[Ejection] = field(default_factory=list)

    def answers(self) -> Answers:
        """Return the rows as columns."""
        return Answers(**_columns(self.rows, ITEMS))

    def calls(self) -> Calls:
        """Return the rows of calls between services as columns."""
        return Calls(**_columns(self.called, CALLED_ITEMS))


def _columns(rows: Sequence[tuple[Any, ...]], items: dict[str, type]) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for place, (name, item) in enumerate(items.items()):
        columns[name] = np.array([row[place] for row in rows], item)
        columns[name].setflags(write=False)
    return columns
