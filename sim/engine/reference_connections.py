"""Connections from one pool to one pod, HTTP/1.1, in plain form; sim/engine/connections.py is the compiled one.

Source: Envoy, conn_pool_base.cc. Model: connections last until a request on them is given up or their pod goes; to be
made takes them no time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Waiting = TypeVar("Waiting")


@dataclass
class Count:
    """Connections of a pool to all its pods, and attempts that wait for one."""

    open: int = 0
    pending: int = 0


@dataclass
class Connections(Generic[Waiting]):
    """Connections to one pod. Each carries one request at a time; pending: who waits for one, in order."""

    of_pool: Count
    most: int
    open: int = 0
    idle: int = 0
    pending: dict[Waiting, None] = field(default_factory=dict)

    def pend(self, attempt: Waiting) -> None:
        """Let an attempt wait, last."""
        self.pending[attempt] = None
        self.of_pool.pending += 1

    def unpend(self, attempt: Waiting) -> None:
        """An attempt waits no longer."""
        del self.pending[attempt]
        self.of_pool.pending -= 1

    def take(self) -> bool:
        """Take an idle connection, or make one; the first to a pod is always possible. False if there is none."""
        if self.idle:
            self.idle -= 1
            return True
        if self.open and self.of_pool.open >= self.most:
            return False
        self.open += 1
        self.of_pool.open += 1
        return True

    def give_back(self, *, closed: bool) -> None:
        """A connection is idle again, or closed."""
        if closed:
            self.close(1)
        else:
            self.idle += 1

    def close(self, connections: int) -> None:
        """Connections that are not idle end."""
        self.open -= connections
        self.of_pool.open -= connections

    def close_idle(self) -> None:
        """The idle connections end."""
        self.close(self.idle)
        self.idle = 0
