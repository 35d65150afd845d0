"""When the kubelet starts a container again that has ended: at once, then after ever longer waits."""

from __future__ import annotations

import math

FIRST_BACK_OFF_SECONDS = 10.0
LONGEST_BACK_OFF_SECONDS = 300.0
"""Source: Kubernetes docs, Pod lifecycle: restarts back off 10 s, 20 s, 40 s, capped at five minutes ..."""
BACK_OFF_FORGOTTEN_SECONDS = 2 * LONGEST_BACK_OFF_SECONDS
"""... and the timer is reset once a container has run for ten minutes."""


class RestartBackOff:
    """The back-off of one container.

    Source: Kubernetes kuberuntime_manager.go, doBackOff, and client-go flowcontrol/backoff.go.
    Model: the kubelet looks at the very moment at which a wait is over.
    """

    def __init__(self) -> None:
        self._delay = 0.0
        self._started_at = -math.inf
        self._ended_at = -math.inf

    def after_end(self, now: float) -> float:
        """Return when a container starts again that ends now by itself; the first time, that is at once."""
        at = now + self._wait(now)
        self._lengthen(now, at)
        self._ended_at = now
        return at

    def after_kill(self, now: float) -> float:
        """Return when a container starts again that the kubelet has ended, now.

        It would start again in the same breath, and looks back at the end of the container before: where that is
        longer ago than the wait, there is none.
        """
        if self._ended_at + self._wait(now) > now:
            return self.after_end(now)
        if self._ended_at > -math.inf:
            self._lengthen(now, now)
        self._ended_at = now
        return now

    def _wait(self, now: float) -> float:
        return 0.0 if self._is_forgotten(now) else self._delay

    def _is_forgotten(self, now: float) -> bool:
        return now - self._started_at > BACK_OFF_FORGOTTEN_SECONDS

    def _lengthen(self, now: float, start: float) -> None:
        fresh = self._delay == 0 or self._is_forgotten(now)
        self._delay = FIRST_BACK_OFF_SECONDS if fresh else min(2 * self._delay, LONGEST_BACK_OFF_SECONDS)
        self._started_at = start
