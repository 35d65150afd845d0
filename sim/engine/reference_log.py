"""The rows of the reference engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sim.engine.protocol import Answers, Ejection, Reason

ITEMS = {
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


@dataclass
class Log:
    """All that happened, in order."""

    rows: list[Row] = field(default_factory=list)
    ejections: list[Ejection] = field(default_factory=list)

    def answers(self) -> Answers:
        """Return the rows as columns."""
        columns = {}
        for place, (name, item) in enumerate(ITEMS.items()):
            columns[name] = np.array([row[place] for row in self.rows], item)
            columns[name].setflags(write=False)
        return Answers(**columns)
