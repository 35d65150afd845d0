"""The compiled engine's network between a proxy and its pods: each way takes time, and some requests are lost.

t: time. c: call. u: a number.

Model: a lost request, and one whose new connection takes longer than the connect timeout, looks to the proxy like a
pod that never answers its connection: refused, after that timeout. What is given up on its way never arrives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cache import compiled
from sim.engine.heap import order_of, push
from sim.engine.keyed import NETWORK, U, block, uniform
from sim.engine.laws import encode
from sim.engine.layout import (
    CONNECT_TIMEOUT,
    FREE_TRIPS,
    GROW,
    HOMEWARD,
    HOP,
    HTTP_UNAVAILABLE,
    KIND_SHIFT,
    LOSS,
    NEAR_FULL,
    NO_SLOT,
    OUTWARD,
    PENDING_ROOM,
    REFUSED,
    SLOT_BITS,
)
from sim.engine.variates import variate
from sim.spec.mesh import Mesh, Network

LATENCY, SETUP = 0, 1
COPY_SHIFT = 4
"""A copy's numbers come after those of all attempts of its original."""


@compiled
def start_trip(state: Any, due: float, c: int) -> None:
    """Call c will be there at `due`."""
    n = state.iv[FREE_TRIPS] - 1
    state.iv[FREE_TRIPS] = n
    if n < NEAR_FULL + state.iv[PENDING_ROOM]:
        state.iv[GROW] = 1
    trip = state.free_trip_slot[n]
    state.trip_call[trip] = c
    state.trip_generation[trip] = state.call_generation[c]
    state.trip_order[trip] = order_of(state, c)
    state.call_trip[c] = trip
    push(state, due, (HOP << KIND_SHIFT) | (state.call_request[c] << SLOT_BITS) | trip)


@compiled
def free_trip(state: Any, trip: int) -> int:
    """A trip is over; return its call, -1 if nobody waits for that any more."""
    n = state.iv[FREE_TRIPS]
    state.free_trip_slot[n] = trip
    state.iv[FREE_TRIPS] = n + 1
    c = state.trip_call[trip]
    is_awaited = state.call_trip[c] == trip and state.call_generation[c] == state.trip_generation[trip]
    return c if is_awaited else NO_SLOT


@compiled
def seconds(state: Any, law: int, u: float) -> float:
    return variate(
        state.network_law[law],
        state.network_a[law],
        state.network_b[law],
        state.network_table,
        state.network_place[law],
        u,
    )


@compiled
def set_out(state: Any, t: float, c: int, is_new: bool) -> None:
    """Call c sets out to its pod, on a new connection or on one that is there; or it is lost."""
    number = state.call_attempt[c] | (state.call_copy[c] << COPY_SHIFT)
    w0, w1, w2, w3 = block(
        state.key[0], state.key[1], U(state.call_request[c]), U(state.call_path[c]), U(number), U(NETWORK)
    )
    state.call_u_back[c] = uniform(w1)
    delay = seconds(state, LATENCY, uniform(w0))
    setup = seconds(state, SETUP, uniform(w3)) if is_new else 0.0
    if uniform(w2) < state.fv[LOSS] or setup > state.fv[CONNECT_TIMEOUT]:
        state.call_reason[c] = REFUSED
        state.call_status[c] = HTTP_UNAVAILABLE
        state.call_state[c] = HOMEWARD
        start_trip(state, t + state.fv[CONNECT_TIMEOUT], c)
    else:
        state.call_state[c] = OUTWARD
        start_trip(state, t + (delay + setup), c)


@compiled
def set_home(state: Any, t: float, c: int, reason: int, status: int) -> None:
    """An answer to call c, or what stands for one, sets out to the proxy."""
    state.call_reason[c] = reason
    state.call_status[c] = status
    state.call_state[c] = HOMEWARD
    start_trip(state, t + seconds(state, LATENCY, state.call_u_back[c]), c)


def network_arrays(mesh: Mesh | None) -> dict[str, NDArray[Any]]:
    """Return the two laws of the network."""
    network = (mesh and mesh.network) or Network.model_construct()
    codes = [encode(network.proxy_latency), encode(network.connection_setup)]
    return {
        "network_law": np.array([code.law for code in codes], np.int64),
        "network_a": np.array([code.a for code in codes]),
        "network_b": np.array([code.b for code in codes]),
        "network_place": np.array([0, len(codes[LATENCY].table)], np.int64),
        "network_table": np.concatenate([code.table for code in codes] + [np.zeros(1)]),
    }
