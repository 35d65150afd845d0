"""What a mesh tries again: the words of retryOn as reasons and statuses.

Source: Envoy's x-envoy-retry-on and RetryStateImpl::wouldRetryFromReset. A reset, a refused connection and a per-try
timeout have no status of their own: 5xx and gateway-error cover them, numbers do not. The gRPC words (unavailable,
cancelled, ...) and refused-stream never apply to plain HTTP answers. What the mesh answers itself without a pod
(no_endpoint, circuit_open: Envoy never retries an overflow) and the timeout of the whole request are never tried again.
"""

from __future__ import annotations

from functools import lru_cache

from sim.engine.protocol import STATUS_CODES, Reason

STATUSES = {"5xx": frozenset(range(500, STATUS_CODES)), "gateway-error": frozenset({502, 503, 504})}
WITHOUT_ANSWER = frozenset({Reason.TIMEOUT, Reason.RESET, Reason.REFUSED})
REASONS = {
    "5xx": WITHOUT_ANSWER,
    "gateway-error": WITHOUT_ANSWER,
    "reset": WITHOUT_ANSWER,
    "connect-failure": frozenset({Reason.REFUSED}),
}
ANSWERED = frozenset({Reason.ERROR, Reason.SHED, Reason.RATE_LIMITED, Reason.DEPENDENCY})
"""Reasons that come with a status from the pod, which decides."""


@lru_cache(maxsize=256)
def retried_reasons(words: tuple[str, ...]) -> frozenset[Reason]:
    """Return the reasons without a status that are tried again; TIMEOUT means a per-try timeout."""
    return frozenset().union(*(REASONS.get(word, frozenset()) for word in words))


@lru_cache(maxsize=256)
def retried_statuses(words: tuple[str, ...]) -> frozenset[int]:
    """Return the statuses of answers that are tried again."""
    return frozenset().union(*(_statuses(word) for word in words))


def _statuses(word: str) -> frozenset[int]:
    return frozenset({int(word)}) if word.isdecimal() else STATUSES.get(word, frozenset())
