"""A bucket of tokens, in plain form; sim/engine/rate_limit.py is the compiled one.

Source: Envoy's local rate limit.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.spec.mesh import RateLimit


@dataclass
class Bucket:
    """Tokens, how many fills they have seen, and the moment at which the bucket was full and new, in seconds."""

    rule: RateLimit
    since: float
    tokens: int
    fills: int = 0

    def take(self, now: float) -> bool:
        """Take a token for a request. False if there is none."""
        fills = self._fills_by(now - self.since)
        more = (fills - self.fills) * self.rule.tokens_per_fill
        self.tokens, self.fills = min(self.tokens + more, self.rule.max_tokens), fills
        if not self.tokens:
            return False
        self.tokens -= 1
        return True

    def _fills_by(self, age: float) -> int:
        """Return how many intervals have ended, one that ends now included."""
        fills = round(age / self.rule.fill_interval)
        while (fills + 1) * self.rule.fill_interval <= age:
            fills += 1
        while fills * self.rule.fill_interval > age:
            fills -= 1
        return fills


def full(rule: RateLimit, now: float) -> Bucket:
    """Return a new bucket."""
    return Bucket(rule, now, rule.max_tokens)
