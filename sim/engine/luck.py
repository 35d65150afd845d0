"""The numbers of the first attempts of the requests that arrive next, made some dozens at a time.

NOTE: a block of random numbers is a long chain of multiplications. In a loop of its own the processor works on several
at once, which it cannot do where each is made when it is needed.

r: request. i: place in the store.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cache import compiled, inlined
from sim.engine.keyed import ATTEMPT, U, block_in_loop
from sim.engine.layout import ENTRY_PATH, REQUESTS

STORED = 64
LUCK_FROM, LUCK_TO = range(2)


def luck_arrays() -> dict[str, NDArray[Any]]:
    """Return an empty store."""
    return {"luck": np.zeros(2, np.int64), "luck_words": np.zeros(4 * STORED, np.uint64)}


@compiled
def draw_ahead(state: Any, r: int) -> None:
    """Fill the store from request r on."""
    count = min(STORED, state.iv[REQUESTS] - r)
    k0 = state.key[0]
    k1 = state.key[1]
    for i in range(count):
        w0, w1, w2, w3 = block_in_loop(k0, k1, U(r + i), U(ENTRY_PATH), U(0), U(ATTEMPT))
        state.luck_words[4 * i] = w0
        state.luck_words[4 * i + 1] = w1
        state.luck_words[4 * i + 2] = w2
        state.luck_words[4 * i + 3] = w3
    state.luck[LUCK_FROM] = r
    state.luck[LUCK_TO] = r + count


@inlined
def first_words(state: Any, r: int) -> Any:
    """Return the block of the first attempt of request r."""
    if r < state.luck[LUCK_FROM] or r >= state.luck[LUCK_TO]:
        draw_ahead(state, r)
    i = 4 * (r - state.luck[LUCK_FROM])
    return state.luck_words[i], state.luck_words[i + 1], state.luck_words[i + 2], state.luck_words[i + 3]
