"""The compiled engine's rate limits: a bucket of tokens for each pod, or one for the proxy in front.

t: time. b: bucket, 0 the proxy's, then one a pod.

Source: Envoy's local rate limit: full at its start, so many tokens more at the end of each interval, never above the
maximum. Model: with steps at the end of intervals, as documented; newer versions of Envoy fill evenly in between.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import FILL_SECONDS, MOST_TOKENS, TOKENS_PER_FILL


@compiled
def take_token(state: Any, t: float, b: int) -> bool:
    """Take a token for a request. False if there is none."""
    fills = fills_by(t - state.bucket_from[b], state.fv[FILL_SECONDS])
    more = (fills - state.bucket_fills[b]) * state.iv[TOKENS_PER_FILL]
    state.bucket_tokens[b] = min(state.bucket_tokens[b] + more, state.iv[MOST_TOKENS])
    state.bucket_fills[b] = fills
    if state.bucket_tokens[b] == 0:
        return False
    state.bucket_tokens[b] -= 1
    return True


@compiled
def fills_by(age: float, interval: float) -> int:
    """Return how many intervals have ended, one that ends now included."""
    fills = int(age / interval)
    while (fills + 1) * interval <= age:
        fills += 1
    while fills * interval > age:
        fills -= 1
    return fills
