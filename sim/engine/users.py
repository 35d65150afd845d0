"""What users of the compiled engine do: leave when they have waited too long, and come again after an answer.

t: time. r, following: request.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cache import compiled
from sim.engine.heap import push
from sim.engine.layout import FOLLOW, KIND_SHIFT, LEAVING, TIMEOUT
from sim.engine.protocol import Requests

NOBODY_FOLLOWS: NDArray[np.int64] = np.zeros(1, np.int64)


@compiled
def wait_at_most(state: Any, t: float, r: int) -> None:
    """The user of request r, which arrives now, leaves when its patience ends."""
    push(state, t + state.patience[r], (TIMEOUT << KIND_SHIFT) | LEAVING | r)


@compiled
def react(state: Any, t: float, r: int, status: int) -> None:
    """The user of request r has an answer: the request that follows, if one does, comes after its wait."""
    following = state.after_failure[r] if state.failures[status] == 1 else state.after_success[r]
    if following < 0:
        return
    due = t + state.wait[following]
    if due < state.last_arrival[0]:
        state.arrival[following] = due
        push(state, due, (FOLLOW << KIND_SHIFT) | following)


def user_arrays(requests: Requests) -> dict[str, NDArray[Any]]:
    """Return how long users wait, and what follows what."""
    leave, follow = requests.patience is not None, requests.reactions
    given: dict[str, NDArray[Any]] = {
        "users_leave": np.array([leave], np.int64),
        "users_react": np.array([follow is not None], np.int64),
        "patience": np.zeros(1) if requests.patience is None else requests.patience,
    }
    if follow is None:
        columns = dict.fromkeys(("after_failure", "after_success", "failures"), NOBODY_FOLLOWS)
        return {**given, **columns, "wait": np.zeros(1), "last_arrival": np.zeros(1)}
    return {
        **given,
        "after_failure": follow.after_failure,
        "after_success": follow.after_success,
        "failures": follow.failures.astype(np.int64),
        "wait": follow.wait,
        "last_arrival": np.array([follow.end]),
    }
