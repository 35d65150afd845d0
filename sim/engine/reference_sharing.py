"""The requests of a pod that share its cores, in plain form; sim/engine/sharing.py is the compiled one."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any


@dataclass
class Sharing:
    """Requests that run at one pod, each at the same speed: full up to as many as there are cores, else cores / n.

    now: the pod's virtual time, which runs at that speed, at the moment `at`. running: (virtual end, key, number,
    attempt, status), the next to end first. expected: the attempt whose end is expected. turn: counts expectations.
    """

    now: float = 0.0
    at: float = 0.0
    speed: float = 1.0
    running: list[tuple[float, int, int, Any, int]] = field(default_factory=list)
    expected: Any = None
    turn: int = 0
    added: int = 0

    def pass_time(self, moment: float) -> None:
        """Let virtual time run up to a moment."""
        self.now += (moment - self.at) * self.speed
        self.at = moment

    def add(self, seconds: float, status: int, attempt: Any) -> None:
        """Let an attempt run that needs so many seconds at full speed and then answers a status."""
        self.added += 1
        heappush(self.running, (self.now + seconds, attempt.key, self.added, attempt, status))

    def pop(self, moment: float) -> tuple[Any, int]:
        """Return attempt and status of the one that ends at this moment."""
        self.now, _, _, attempt, status = heappop(self.running)
        self.at, self.expected = moment, None
        return attempt, status

    def expect(self, cores: int) -> float | None:
        """Return in how many seconds the next ends, if that is news."""
        first = self.running[0][3] if self.running else None
        speed = 1.0 if len(self.running) <= cores else cores / len(self.running)
        if first is self.expected and speed == self.speed:
            return None
        self.expected, self.speed = first, speed
        self.turn += 1
        return max(self.running[0][0] - self.now, 0.0) / speed if self.running else None
